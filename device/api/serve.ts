/** The local API on a port of this computer, and its log: one JSON line an event, without content. */

import type { AddressInfo } from 'node:net'
import { type Http2Bindings, type HttpBindings, serve } from '@hono/node-server'
import { FedError } from '../../adapters/errors.ts'
import { type ApiDeps, createApi } from './app.ts'
import { onLoss } from './forward.ts'

export type RunningApi = { readonly port: number; close(): Promise<void> }

const GRACE_MS = 2000

/** port: 0 picks a free one. Fails with E_CONFLICT when the port is taken. */
export const serveApi = (deps: Omit<ApiDeps, 'port'>, port: number): Promise<RunningApi> =>
  new Promise((resolve, reject) => {
    let actual = port
    const app = createApi({ ...deps, port: () => actual })
    const fetch = async (request: Request, { outgoing }: HttpBindings | Http2Bindings) =>
      onLoss(await app.fetch(request), () => {
        deps.report({ what: 'stream', code: 'E_UPSTREAM' })
        breakOff(outgoing)
      })
    const server = serve({ fetch, hostname: '127.0.0.1', port }, (info: AddressInfo) => {
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
    })
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
