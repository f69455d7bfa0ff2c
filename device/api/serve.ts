/** The local API on a port of this computer, and its log: one JSON line an event, without content. */

import type { AddressInfo } from 'node:net'
import { type Http2Bindings, type HttpBindings, serve } from '@hono/node-server'
import { FedError, isFedError } from '../../adapters/errors.ts'
import { type ApiDeps, createApi } from './app.ts'
import { errorEvent } from './errors.ts'
import { onLoss } from './forward.ts'

export type RunningApi = { readonly port: number; close(): Promise<void> }

const GRACE_MS = 2000

/** An upload takes as long as the way to Claude makes it take; Node would cut it after five minutes. */
const SERVER = { requestTimeout: 0 }

/** port: 0 picks a free one. Fails with E_CONFLICT when the port is taken. */
export const serveApi = (deps: Omit<ApiDeps, 'port'>, port: number): Promise<RunningApi> =>
  new Promise((resolve, reject) => {
    let actual = port
    const app = createApi({ ...deps, port: () => actual })
    const fetch = async (request: Request, bindings: HttpBindings | Http2Bindings) =>
      endLikeClaude(await app.fetch(request, bindings), bindings.outgoing, deps.report)
    const server = serve(
      { fetch, hostname: '127.0.0.1', port, serverOptions: SERVER },
      (info: AddressInfo) => {
        actual = info.port
        resolve({
          port: actual,
          close: () =>
            new Promise((done) => {
              server.close(() => done())
              // Answers under way get a moment to end; idle connections are closed at once.
              if ('closeAllConnections' in server)
                setTimeout(() => server.closeAllConnections(), GRACE_MS).unref()
            }),
        })
      },
    )
    server.on('error', (cause: NodeJS.ErrnoException) =>
      reject(
        cause.code === 'EADDRINUSE'
          ? new FedError(
              'E_CONFLICT',
              `port ${port} is taken: pass another with --port, or 0 for a free one`,
              { cause },
            )
          : cause,
      ),
    )
  })

/**
 * The same answer. Where Claude's breaks off it breaks off for the caller too; where the device fails in the middle of a stream,
 * an `error` event says so, as Claude's own do.
 */
const endLikeClaude = (
  response: Response,
  outgoing: HttpBindings['outgoing'] | Http2Bindings['outgoing'],
  report: ApiDeps['report'],
): Response => {
  const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') ?? false
  return onLoss(response, (cause, controller) => {
    const code = isFedError(cause) ? cause.code : 'E_INTERNAL'
    report({ what: 'stream', code })
    if (!isStream || code === 'E_UPSTREAM') return breakOff(outgoing)
    controller.enqueue(errorEvent(cause))
    controller.close()
  })
}

const FLUSH_MS = 1000

/** Ends the connection in the middle of its answer, once what came of it has gone out. */
const breakOff = (
  outgoing: (HttpBindings | Http2Bindings)['outgoing'],
  until = performance.now() + FLUSH_MS,
): void => {
  const isOut = outgoing.headersSent && outgoing.writableLength === 0
  if (isOut || performance.now() > until) outgoing.destroy()
  else setTimeout(() => breakOff(outgoing, until), 1)
}
