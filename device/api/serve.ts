/** The local API on a port of this computer, and its log: one JSON line an event, without content. */

import type { AddressInfo } from 'node:net'
import { type Http2Bindings, type HttpBindings, serve } from '@hono/node-server'
import { FedError, isFedError } from '../../adapters/errors.ts'
import { closeListener } from '../../adapters/node/listener.ts'
import { type ApiDeps, createApi } from './app.ts'
import { errorEvent } from './envelope/errors.ts'
import { onLoss } from './upstream/forward.ts'

/** beyond: further addresses that are listened on and that other computers may reach. */
export type RunningApi = {
  readonly port: number
  readonly beyond: readonly string[]
  close(): Promise<void>
}

/** listen: further addresses, as the setting of that name has them. */
export type ServeDeps = Omit<ApiDeps, 'port'> & { readonly listen?: readonly string[] }

type Fetch = (
  request: Request,
  bindings: HttpBindings | Http2Bindings,
) => Response | Promise<Response>
type Report = ApiDeps['report']

/** A port that is listened on; requests wait until it is opened. */
export type Door = RunningApi & { open(fetch: Fetch): void }

const GRACE_MS = 2000

/**
 * requestTimeout: an upload takes as long as the way to Claude makes it take; Node would cut it
 * after five minutes. keepAliveTimeout: longer than clients keep an idle connection (httpx 5 s, Go
 * 90), so that none sends a request on one that is being closed.
 */
const SERVER = { requestTimeout: 0, keepAliveTimeout: 100_000 }

/** Fails with E_CONFLICT when the port is taken. port: 0 picks a free one. */
export const serveApi = async (
  { listen: further = [], ...deps }: ServeDeps,
  port: number,
): Promise<RunningApi> => {
  const door = await openDoor(port, further, deps.report)
  door.open(
    createApi({
      ...deps,
      hosts: [...(deps.hosts ?? []), ...further.map(hostOf)],
      port: () => door.port,
    }).fetch,
  )
  return door
}

/**
 * On 127.0.0.1 and, where this computer has it, on ::1. A further address that cannot be listened
 * on is reported, and does not stop the others: a container's network may not be there yet. port: 0
 * picks a free one. Fails with E_CONFLICT when the port is taken.
 */
export const openDoor = async (
  port: number,
  further: readonly string[],
  report: Report,
  graceMs = GRACE_MS,
): Promise<Door> => {
  let open: (fetch: Fetch) => void = () => {}
  const opened = new Promise<Fetch>((resolve) => {
    open = resolve
  })
  const handle: Handle = async (request, bindings) => {
    const fetch = await opened
    return endLikeClaude(await fetch(request, bindings), bindings.outgoing, report)
  }
  const first = await listenOn('127.0.0.1', port, handle, graceMs)
  const listeners = [first]
  const beyond: string[] = []
  const close = async () => void (await Promise.all(listeners.map((one) => one.close())))
  for (const address of ['::1', ...further])
    try {
      listeners.push(await listenOn(address, first.port, handle, graceMs))
      if (!isLoopback(address)) beyond.push(address)
    } catch (error) {
      const isTaken = isFedError(error)
      if (address !== '::1') {
        report({ what: `listening on ${address}`, code: isTaken ? error.code : 'E_USAGE' })
      } else if (isTaken) {
        await close()
        if (port === 0) return openDoor(0, further, report, graceMs)
        throw error
      }
    }
  return { port: first.port, beyond, open, close }
}

/** RFC 1122 section 3.2.1.3, RFC 4291 section 2.5.3. */
const isLoopback = (address: string): boolean =>
  /^127\./.test(address) || hostOf(address) === '[::1]'

/** An IP address as a Host header has it. */
export const hostOf = (address: string): string =>
  new URL(`http://${address.includes(':') ? `[${address}]` : address}`).hostname

type Listener = Pick<RunningApi, 'port' | 'close'>
type Handle = (request: Request, bindings: HttpBindings | Http2Bindings) => Promise<Response>

/** Fails with E_CONFLICT when the port is taken, and with Node's own error where the computer has no such address. */
const listenOn = (
  hostname: string,
  port: number,
  fetch: Handle,
  graceMs: number,
): Promise<Listener> =>
  new Promise((resolve, reject) => {
    const options = { fetch, hostname, port, serverOptions: SERVER }
    const server = serve(options, (info: AddressInfo) =>
      resolve({
        port: info.port,
        close: () => closeListener(server, graceMs),
      }),
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
 * The same answer. Where Claude's breaks off it breaks off for the caller too; where the device
 * fails in the middle of a stream, an `error` event says so, as Claude's own do.
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
