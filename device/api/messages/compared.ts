/**
 * Compares several streamed answers: records all of them while comments keep the app's connection
 * alive, then plays the events of the best one, byte for byte.
 */

import { timerSleep } from '../../http/sleep.ts'
import { passOn } from '../upstream/forward.ts'
import { type ReadAnswer, readStream } from './answer.ts'
import { chooseAnswer } from './choose.ts'
import { type Asking, type Gathered, gatherAnswers, settle } from './copies.ts'
import type { LogAnswer, MessagesDeps } from './deps.ts'
import {
  openAnswer,
  openFurther,
  type Recorded,
  readable,
  recordBody,
  streamOf,
} from './fetching.ts'
import { headersOf, type Plan } from './plan.ts'
import { rememberAnswer } from './remember.ts'

const KEEP_ALIVE_MS = 5000

/** If Claude answers with an error, the error is passed on. */
export const compareStreams = async (
  deps: MessagesDeps,
  request: Request,
  plan: Plan,
  answered: LogAnswer,
): Promise<Response> => {
  const abort = new AbortController()
  const signal = AbortSignal.any([request.signal, abort.signal])
  const giveUp = new AbortController()
  const first = await openAnswer(deps, request, plan, AbortSignal.any([signal, giveUp.signal]))
  if (!first.ok) {
    answered({ status: plan.status, http: first.status })
    return passOn(first, first.body, headersOf(plan))
  }
  const asking: Asking<Streamed> = {
    first: (begin, hangs) => {
      hangs.addEventListener('abort', () => giveUp.abort(hangs.reason))
      return recordStream(first, begin)
    },
    further: async (each) => {
      const response = await openFurther(deps, request, plan, each)
      return response && readable(await recordStream(response))
    },
  }
  const gathering = gatherAnswers(deps, request, plan, asking, signal)
  const bytes = play(deps, plan, gathering, signal, (event) =>
    answered({ http: first.status, ...event }),
  )
  return passOn(
    first,
    streamOf(bytes, () => abort.abort()),
    headersOf(plan),
  )
}

type Streamed = { readonly recorded: Recorded; readonly answer: ReadAnswer | null }

const recordStream = async (
  response: Response,
  begin: () => void = () => {},
): Promise<Streamed> => {
  const reader = readStream()
  const recorded = await recordBody(response, (chunk) => {
    begin()
    reader.push(chunk)
  })
  const answer = reader.end()
  return { recorded, answer: recorded.lost ? null : answer }
}

async function* play(
  deps: MessagesDeps,
  plan: Plan,
  gathering: Promise<Gathered<Streamed>>,
  signal: AbortSignal,
  answered: (event: Omit<Parameters<LogAnswer>[0], 'http'>) => void,
): AsyncGenerator<Uint8Array> {
  const choosing = gathering.then((gathered) => {
    if (signal.aborted) settle(deps, plan, gathered)
    signal.throwIfAborted()
    return chooseAnswer(deps, plan, gathered)
  })
  yield* keptAlive(choosing, deps.sleep ?? timerSleep)
  const { winner, status, usage } = await choosing
  rememberAnswer(deps, plan, winner.recorded.chunks)
  yield* winner.recorded.chunks
  if (winner.recorded.lost) throw winner.recorded.lost.cause
  answered({ status, ...usage })
  if (status !== plan.status) yield comment(`loreweave-status ${status}`)
  yield comment(`loreweave-usage ${JSON.stringify(usage)}`)
}

/** A comment every few seconds until the work settles. Failures are left to the caller. */
async function* keptAlive(
  work: Promise<unknown>,
  sleep: NonNullable<MessagesDeps['sleep']>,
): AsyncGenerator<Uint8Array> {
  const stop = new AbortController()
  const isDone = work.then(
    () => true,
    () => true,
  )
  const tick = () => sleep(KEEP_ALIVE_MS, stop.signal).then(() => false)
  try {
    while (!(await Promise.race([isDone, tick()]))) yield comment('keep-alive')
  } finally {
    stop.abort()
  }
}

const comment = (text: string): Uint8Array => new TextEncoder().encode(`: ${text}\n\n`)
