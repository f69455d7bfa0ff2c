/**
 * Decides who may call the local API: programs with a credential that use a known host name, and
 * the device's own page; never a page of the web.
 */
import type { MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { refuseOtherPages } from '../../../adapters/api-reference/other-pages.ts'
import { FedError } from '../../../adapters/errors.ts'
import { isSameSecret } from '../../../adapters/node/secrets.ts'

/** Begins every session of the page; nothing with this prefix is ever sent to Claude. */
export const SESSION_PREFIX = 'lw-page-'

const LOOPBACK = ['127.0.0.1', 'localhost', '[::1]']

/**
 * Refuses unknown Host names (DNS rebinding), also in an absolute request line, with E_HOST, and
 * other origins with E_ORIGIN. port: a function because it is known only after listening. further:
 * names beside loopback, with a port if it differs.
 */
export const requireHost =
  (port: () => number, further: readonly string[] = []): MiddlewareHandler =>
  async (c, next) => {
    const hosts = [...LOOPBACK, ...further].map((name) =>
      /:\d+$/.test(name) ? name.toLowerCase() : `${name.toLowerCase()}:${port()}`,
    )
    // Addresses leave out port 80.
    const isKnown = (host: string) => hosts.includes(host) || hosts.includes(`${host}:80`)
    const target = new URL(c.req.url).host
    const host = (c.req.header('host') ?? target).toLowerCase()
    if (!isKnown(host) || !isKnown(target))
      throw new FedError(
        'E_HOST',
        `Host must be one of ${hosts.join(', ')}; another name, such as ` +
          '"host.docker.internal" in a container, is let in by the setting "hosts" in ' +
          'config.json',
      )
    refuseOtherPages(
      (name) => c.req.header(name),
      (origin) => origin.startsWith('http://') && isKnown(origin.slice(7)),
    )
    await next()
  }

/** Requires the device token or a session of the page. Fails with E_AUTH. */
export const requireUser =
  (deviceToken: string, isSession: (value: string) => boolean): MiddlewareHandler =>
  async (c, next) => {
    const isKnown = (value: string) => isSameSecret(value, deviceToken) || isSession(value)
    if (!credentialsOf(c.req.raw.headers).some(isKnown))
      throw new FedError('E_AUTH', 'needs the device token, as Authorization: Bearer or x-api-key')
    await next()
  }

/** Carries the device token beside a Claude credential of the app. */
const TOKEN_HEADER = 'loreweave-token'

export const showsToken = (headers: Headers, deviceToken: string): boolean =>
  [headers.get(TOKEN_HEADER) ?? '', ...credentialsOf(headers)].some((value) =>
    isSameSecret(value, deviceToken),
  )

/** Guards Claude's paths under the setting `requireToken`. Fails with E_AUTH. */
export const requireToken =
  (deviceToken: string): MiddlewareHandler =>
  async (c, next) => {
    if (!showsToken(c.req.raw.headers, deviceToken))
      throw new FedError(
        'E_AUTH',
        `this device needs its token (requireToken), in the header ${TOKEN_HEADER} ` +
          'beside your Claude credential, or as x-api-key',
      )
    await next()
  }

/** A session of the page must not be taken for a Claude credential. Fails with E_AUTH. */
export const refuseSessions: MiddlewareHandler = async (c, next) => {
  if (credentialsOf(c.req.raw.headers).some((value) => value.startsWith(SESSION_PREFIX)))
    throw new FedError('E_AUTH', 'a session of the page does not open this route')
  await next()
}

/**
 * Requires the content type of the body. A form on another page can send JSON as text/plain or form
 * data without a preflight. Fails with E_BODY.
 */
export const requireType =
  (wanted: string): MiddlewareHandler =>
  async (c, next) => {
    const type = c.req.header('content-type')?.split(';')[0]?.trim().toLowerCase()
    if (type !== wanted)
      throw new FedError(
        'E_BODY',
        `the body must be ${NAMES[wanted] ?? wanted}, with content-type: ${wanted}`,
      )
    await next()
  }
const NAMES: Readonly<Record<string, string>> = { 'application/json': 'JSON' }

/** Fails with E_TOO_LARGE. */
export const bodyLimitOf = (maxSize: number): MiddlewareHandler =>
  bodyLimit({
    maxSize,
    onError: () => {
      throw new FedError('E_TOO_LARGE', `the body must be at most ${maxSize} bytes`)
    },
  })

/** The credentials in the two headers that the Messages API knows. */
export const credentialsOf = (headers: Headers): string[] => {
  const bearer = /^Bearer\s+(.+)$/i.exec(headers.get('authorization') ?? '')?.[1]?.trim()
  return [bearer, headers.get('x-api-key')?.trim()].filter((v): v is string => Boolean(v))
}
