/** The HTTP or HTTPS server that `serve` listens with. */
import { readFileSync } from 'node:fs'
import type { Server as HttpServer } from 'node:http'
import { createServer as createHttps, type Server as HttpsServer } from 'node:https'
import { createSecureContext } from 'node:tls'
import { createAdaptorServer } from '@hono/node-server'
import { FedError } from '../../adapters/errors.ts'
import type { FederationServer } from '../routes/app.ts'
import type { Log } from '../telemetry/log.ts'

/** PEM files. The certificate's may hold its chain. */
export type TlsFiles = { readonly cert: string; readonly key: string }

export type Listener = {
  readonly server: HttpServer
  /** Reads the certificate again, if there is one; also done when a file changes. */
  reload(): void
  close(): void
}

/** Longer than proxies keep a connection idle (60 s): else theirs break in the middle of a request. */
const KEEP_ALIVE_MS = 75_000
/** Headers come within this time. Bodies have a pace of their own (transfer/paced.ts). */
const HEADERS_MS = 15_000

/** How often certificate files are looked at: certbot and Kubernetes replace them by links. */
const LOOK_MS = 60_000

/** Fails with E_USAGE where a file is not what it should be. */
export const openListener = (
  fetch: FederationServer['app']['fetch'],
  tls: TlsFiles | null,
  log: Log,
  lookMs = LOOK_MS,
): Listener => {
  const timeouts = {
    headersTimeout: HEADERS_MS,
    requestTimeout: 0,
    keepAliveTimeout: KEEP_ALIVE_MS,
  }
  if (!tls) {
    const server = createAdaptorServer({ fetch, serverOptions: timeouts }) as HttpServer
    return { server, reload: () => {}, close: () => {} }
  }
  let seen = textOf(tls)
  const server = createAdaptorServer({
    fetch,
    createServer: createHttps,
    serverOptions: { ...timeouts, ...read(tls) },
  }) as HttpsServer
  const reload = () => {
    try {
      server.setSecureContext(read(tls))
      log('info', 'tls_reloaded', {})
    } catch (error) {
      // The old certificate serves on.
      log('error', 'tls_not_reloaded', { cause: (error as Error).message })
    }
  }
  const look = () => {
    const now = textOf(tls)
    if (now !== seen) reload()
    seen = now
  }
  const timer = setInterval(look, lookMs)
  timer.unref()
  return { server, reload, close: () => clearInterval(timer) }
}

/** Of both files; null while one cannot be read. */
const textOf = ({ cert, key }: TlsFiles): string | null => {
  try {
    return `${readFileSync(cert, 'utf8')}\n${readFileSync(key, 'utf8')}`
  } catch {
    return null
  }
}

const read = ({ cert, key }: TlsFiles): { readonly cert: Buffer; readonly key: Buffer } => {
  try {
    const pair = { cert: readFileSync(cert), key: readFileSync(key) }
    createSecureContext(pair)
    return pair
  } catch (cause) {
    const why = (cause as Error).message
    throw new FedError('E_USAGE', `${cert} and ${key} are no certificate and its key: ${why}`, {
      cause,
    })
  }
}
