/** Serves the local API on a port of this computer. */

import type { AddressInfo } from 'node:net'
import { type Http2Bindings, type HttpBindings, serve } from '@hono/node-server'
import { FedError, isFedError } from '../../adapters/errors.ts'
import { closeListener } from '../../adapters/node/listener.ts'
import { type ApiDeps, createApi } from './app.ts'
import { errorEvent } from './envelope/errors.ts'
import { onLoss } from './upstream/forward.ts'

/** beyond: addresses listened on that other computers may reach. */
export type RunningApi = {
  readonly port: number
  readonly beyond: readonly string[]
  close(): Promise<void>
}

/** listen: further addresses, from the setting. */
export type ServeDeps = Omit<ApiDeps, 'port'> & { readonly listen?: readonly string[] }

type Fetch = (
  request: Request,
  bindings: HttpBindings | Http2Bindings,
) => Response | Promise<Response>
type Report = ApiDeps['report']

/** A listening port; requests wait until it is opened. */
export type Door = RunningApi & { open(fetch: Fetch): void }

const GRACE_MS = 2000

/**
 * requestTimeout: Node would cut a slow upload to Claude after five minutes. keepAliveTimeout:
 * longer than clients keep an idle connection (httpx 5 s, Go 90 s), so that none sends a request on
 * one that is being closed.
 */
const SERVER = { requestTimeout: 0, keepAliveTimeout: 100_000 }

/** port: 0 picks a free one. Fails with E_CONFLICT if the port is taken. */
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
 * Listens on 127.0.0.1 and, if available, on ::1. A further address that fails is reported and
 * skipped, since a container's network may not exist yet. port: 0 picks a free one. Fails with
 * E_CONFLICT if the port is taken.
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

/** An IP address in the form of a Host header. */
export const hostOf = (address: string): string =>
  new URL(`http://${address.includes(':') ? `[${address}]` : address}`).hostname

type Listener = Pick<RunningApi, 'port' | 'close'>
type Handle = (request: Request, bindings: HttpBindings | Http2Bindings) => Promise<Response>

/** Fails with E_CONFLICT if the port is taken, or with Node's error if there is no such address. */
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
 * If Claude's answer breaks off, it breaks off for the caller too. If the device fails within a
 * stream, the stream ends with an `error` event, as Claude's do.
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

/** Ends the connection within its answer, once the bytes so far are flushed. */
const breakOff = (
  outgoing: (HttpBindings | Http2Bindings)['outgoing'],
  until = performance.now() + FLUSH_MS,
): void => {
  const isOut = outgoing.headersSent && outgoing.writableLength === 0
  if (isOut || performance.now() > until) outgoing.destroy()
  else setTimeout(() => breakOff(outgoing, until), 1)
}
