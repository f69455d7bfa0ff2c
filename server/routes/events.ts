/** What happens, as it happens, for operators who watch: server-sent events. */
import { streamSSE } from 'hono/streaming'
import { file } from '../../adapters/api-reference/route.ts'
import { jobChanges } from '../governance/job-changes.ts'
import { served } from './route.ts'

const LOOK_MS = 1000
/** Proxies end connections on which nothing comes. */
const PING_MS = 15_000

export const EVENT_ROUTES = {
  events: served(
    {
      method: 'get',
      path: '/v1/operator/events',
      tag: 'Operator',
      who: 'operator',
      summary: 'Changes of jobs and rounds, as they come',
      description:
        'Server-sent events: `job`, with the job, its state and its newest round. First those of all ' +
        'jobs that run; so after a lost connection nothing is missed that still matters.',
      responses: { 200: file('text/event-stream', 'Events, until either side ends') },
      errors: [],
    },
    (c) => {
      const { store, ending } = c.var.deps
      // nginx would hold events back.
      c.header('x-accel-buffering', 'no')
      return streamSSE(c, async (stream) => {
        const over = new AbortController()
        stream.onAbort(() => over.abort())
        const signal = AbortSignal.any([over.signal, ending])
        let quietMs = 0
        for await (const change of jobChanges(store, () => pause(LOOK_MS, signal), signal)) {
          if (change) await stream.writeSSE({ event: 'job', data: JSON.stringify(change) })
          quietMs = change ? 0 : quietMs + LOOK_MS
          if (quietMs % PING_MS === 0 && quietMs > 0) await stream.write(': still here\n\n')
        }
      })
    },
  ),
}

/** Less when the signal is aborted. */
const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    signal.addEventListener('abort', end)
    if (signal.aborted) end()
  })
