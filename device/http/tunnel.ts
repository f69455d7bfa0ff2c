/** A connection through an HTTP proxy: CONNECT, RFC 9110 section 9.3.6. */
import { type IncomingMessage, request as plain } from 'node:http'
import { request as secure } from 'node:https'
import type { Socket } from 'node:net'
import { ProxyError, reasonOf } from './reasons.ts'
import { withoutCredentials } from './route.ts'

/** A proxy that takes longer will not answer. No answer of Claude's can be lost by this limit. */
const CONNECT_MS = 300_000

/**
 * authority: host and port behind the proxy. Fails with ProxyError, in which case nothing was sent.
 */
export const openTunnel = (proxy: URL, authority: string): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const { protocol, hostname, port, username } = proxy
    const fail = (what: string, status: number | null, cause?: unknown) =>
      reject(new ProxyError(`the proxy ${withoutCredentials(proxy)} ${what}`, status, { cause }))
    const send = protocol === 'https:' ? secure : plain
    const asked = send({
      method: 'CONNECT',
      host: hostname.replace(/^\[|\]$/g, ''),
      port: port || (protocol === 'https:' ? 443 : 80),
      path: authority,
      headers: { host: authority, ...(username && { 'proxy-authorization': basic(proxy) }) },
      agent: false,
      timeout: CONNECT_MS,
    })
    asked.on('timeout', () => asked.destroy(new Error('no answer within five minutes')))
    asked.on('error', (cause) =>
      fail(`does not answer: ${reasonOf(cause) ?? cause.message}`, null, cause),
    )
    asked.on('connect', (answer: IncomingMessage, socket: Socket, head: Buffer) => {
      const { statusCode = 0 } = answer
      if (statusCode < 200 || statusCode > 299) {
        socket.on('error', () => {}).destroy()
        return fail(refusal(answer, authority), statusCode)
      }
      socket.setTimeout(0)
      socket.setNoDelay(true).setKeepAlive(true, KEEP_ALIVE_MS)
      if (head.length > 0) socket.unshift(head)
      resolve(socket)
    })
    asked.end()
  })

const KEEP_ALIVE_MS = 60_000

/** RFC 7617. Both parts of a URL are percent-encoded. */
const basic = ({ username, password }: URL): string =>
  `Basic ${Buffer.from(`${decoded(username)}:${decoded(password)}`).toString('base64')}`

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

const refusal = ({ statusCode, headers }: IncomingMessage, authority: string): string => {
  if (statusCode !== 407) return `answered ${statusCode}: it refuses connections to ${authority}`
  const schemes = String(headers['proxy-authenticate'] ?? 'Basic')
    .split(/,\s*/)
    .flatMap((challenge) => /^[A-Za-z-]{1,20}(?=\s|$)/.exec(challenge) ?? [])
  return schemes.some((scheme) => /^basic$/i.test(scheme))
    ? 'answered 407: it requires a user and a password, as in ' +
        'http://USER:PASSWORD@proxy.example:3128'
    : `answered 407: it requires credentials by ${schemes.join(' or ')}, which this device ` +
        'does not support: use a local proxy that does'
}
