/**
 * Network checks: the route of requests, whether hosts answer, and whether connections are
 * encrypted.
 */
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Home } from '../home/home.ts'
import { fetchOver } from '../http/fetch.ts'
import { gatewayReason, ProxyError, reasonOf } from '../http/reasons.ts'
import { type Environment, openRoutes, type Route, withoutCredentials } from '../http/route.ts'
import { openTransport } from '../http/transport.ts'
import { exposedAddresses } from '../owner/access.ts'
import { type Finding, fail, ok, warn } from './finding.ts'

/** Time limit of an answer. */
export const ASK_MS = 5000

export const encryption = (home: Home): Finding => {
  const exposed = exposedAddresses(home)
  if (exposed.length === 0) return ok('connections to other computers are encrypted (https)')
  const named = exposed.join(' and ')
  return home.config.settings.insecureHttp
    ? warn(
        `${named}: keys and texts can be read and changed on the way (insecureHttp)`,
        'an https address: loreweave init --claude-url URL, loreweave enroll --server URL',
      )
    : fail(
        `${named}: not encrypted, so nothing is sent there`,
        'loreweave init --insecure-http   # or give it an https address',
      )
}

/** Checks NODE_EXTRA_CA_CERTS. Node itself ignores a file that it cannot read. */
export const authorities = (env: Environment): Finding => {
  const path = env['NODE_EXTRA_CA_CERTS']
  if (!path) return ok("Node's own (NODE_EXTRA_CA_CERTS names no others)")
  const mend = 'export NODE_EXTRA_CA_CERTS=/path/to/its-ca.pem'
  let text: string
  try {
    text = readFileSync(path, 'latin1')
  } catch {
    return fail(`NODE_EXTRA_CA_CERTS names ${path}, which cannot be read`, mend)
  }
  const certificates =
    text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  return certificates.length > 0 && certificates.every(isCertificate)
    ? ok(`Node's own and ${certificates.length} from ${path} (NODE_EXTRA_CA_CERTS)`)
    : fail(`NODE_EXTRA_CA_CERTS names ${path}, which has no certificates in PEM format`, mend)
}

const isCertificate = (text: string): boolean => {
  try {
    new X509Certificate(text)
    return true
  } catch {
    return false
  }
}

export const claudeAnswers = async (
  { config: { settings } }: Home,
  env: Environment,
): Promise<Finding> => {
  const { claudeUrl } = settings
  const answer = await ask('Claude', claudeUrl, env)
  if ('state' in answer) return answer
  const { response, route } = answer
  const page = gatewayReason(response.status, response.headers)
  return page !== null && !response.headers.has('request-id')
    ? warn(`${claudeUrl}, ${route.words}: ${page}`, mendOf(claudeUrl, route, response.status))
    : ok(`Claude answers at ${claudeUrl}, ${route.words} (${ASKED})`)
}

/** Signatures are refused if the clocks are five minutes apart. */
const MAX_SKEW_MS = 4 * 60_000

export const serverAnswers = async ({ config }: Home, env: Environment): Promise<Finding> => {
  const server = config.server ?? ''
  const url = `${server.replace(/\/+$/, '')}/v1/health`
  const answer = await ask('the federation server', url, env)
  if ('state' in answer) return answer
  const { response, route } = answer
  const { status, headers } = response
  const page = gatewayReason(status, headers)
  const location = headers.get('location')
  if (page !== null) return fail(`${url}, ${route.words}: ${page}`, mendOf(url, route, status))
  if (status >= 300 && status < 400 && location !== null && URL.canParse(location, url)) {
    const moved = new URL(location, url).href.replace(/\/v1\/health$/, '')
    return fail(`${server} has moved to ${moved}`, `"server": "${moved}" in config.json`)
  }
  if (!response.ok)
    return fail(
      `${url} answers ${status}, ${route.words}: is a federation server there?`,
      curl(url, route),
    )
  const date = Date.parse(headers.get('date') ?? '')
  const skew = Number.isNaN(date) ? 0 : Math.round((Date.now() - date) / 1000)
  return 1000 * Math.abs(skew) > MAX_SKEW_MS
    ? fail(
        `the clocks differ by ${skew} s: signatures are refused`,
        'set the clock of this computer, e.g. timedatectl set-ntp true',
      )
    : ok(
        `the federation server answers at ${server}, ${route.words} (${ASKED}), clocks ` +
          `${Math.abs(skew)} s apart`,
      )
}

const ASKED = 'a HEAD request without a key'

/** Sends no credential, so insecure addresses are allowed too. */
const ask = async (
  who: string,
  url: string,
  env: Environment,
): Promise<{ response: Response; route: Route } | Finding> => {
  const route = openRoutes(env)(new URL(url))
  const fetch = fetchOver(openTransport(env, { insecureHttp: true }))
  try {
    const signal = AbortSignal.timeout(ASK_MS)
    return { response: await fetch(url, { method: 'HEAD', signal }), route }
  } catch (error) {
    const { name } = error as Error
    const reason =
      name === 'TimeoutError' ? `no answer within ${ASK_MS / 1000} s` : (reasonOf(error) ?? name)
    const status = error instanceof ProxyError ? error.status : null
    return fail(
      `${who} does not answer at ${url}, ${route.words}: ${reason} (${ASKED})`,
      / certificate /.test(reason) && /CA_CERTS/.test(reason)
        ? 'export NODE_EXTRA_CA_CERTS=/path/to/its-ca.pem   # then again: loreweave service install'
        : mendOf(url, route, status),
    )
  }
}

const mendOf = (url: string, route: Route, status: number | null): string =>
  status === 407 && route.proxy
    ? 'export ' +
      `${route.variable}=${withoutCredentials(route.proxy).replace('//', '//USER:PASSWORD@')} ` +
      '  # then again: loreweave service install'
    : curl(url, route)

/** The same route as the device's, so that both see the same. */
const curl = (url: string, { variable }: Route): string =>
  variable === null ? `curl -I --noproxy '*' ${url}` : `curl -I --proxy "$${variable}" ${url}`
