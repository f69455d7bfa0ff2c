/**
 * Routes requests directly or through the proxy that `HTTPS_PROXY` or `HTTP_PROXY` name and
 * `NO_PROXY` does not exclude. Lower-case names outrank upper-case ones, as in curl.
 */
import { BlockList, isIP } from 'node:net'
import { FedError } from '../../adapters/errors.ts'
import { isLoopback } from './address.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** words: the route for users, without credentials. variable: the one that names the proxy. */
export type Route = {
  readonly proxy: URL | null
  readonly words: string
  readonly variable: string | null
}
export type Routes = (target: URL) => Route

/** Fails with E_USAGE if a proxy variable holds no address. */
export const openRoutes = (env: Environment): Routes => {
  const https = proxyOf(env, ['https_proxy', 'HTTPS_PROXY', 'http_proxy', 'HTTP_PROXY'])
  const http = proxyOf(env, ['http_proxy', 'HTTP_PROXY'])
  const isExempt = exemptions(unquoted(env['no_proxy'] ?? env['NO_PROXY'] ?? ''))
  return (target) => {
    const found = target.protocol === 'https:' ? https : http
    const host = bare(target.hostname)
    if (isLoopback(target.hostname) || host.endsWith('.localhost'))
      return straight('it is this computer')
    if (!found) return straight('none is set')
    const port = Number(target.port) || DEFAULT_PORTS[target.protocol] || 0
    if (isExempt(host, port)) return straight('NO_PROXY names it')
    return {
      proxy: found.url,
      words: `through the proxy ${withoutCredentials(found.url)} (${found.name})`,
      variable: found.name,
    }
  }
}

const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 }

const straight = (why: string): Route => ({
  proxy: null,
  words: `without a proxy: ${why}`,
  variable: null,
})

/** A proxy's address for display and logs. */
export const withoutCredentials = ({ protocol, host }: URL): string => `${protocol}//${host}`

/** The first of these variables that is set; an empty value means no proxy. */
const proxyOf = (env: Environment, names: readonly string[]) => {
  const name = names.find((one) => env[one] !== undefined)
  const text = unquoted((name && env[name]) || '')
  if (!name || text === '') return null
  // For users of a Windows domain: a URL would turn the backslash into a slash.
  const encoded = text.replace(/\\(?=.*@)/g, '%5C')
  const address = /^[a-z][a-z0-9+.-]*:\/\//i.test(encoded) ? encoded : `http://${encoded}`
  const url = URL.canParse(address) ? new URL(address) : null
  // The value is not quoted, since it may hold a password.
  if (!url || !['http:', 'https:'].includes(url.protocol) || hasMore(url))
    throw new FedError(
      'E_USAGE',
      `${name} expects the address of an HTTP proxy, such as http://proxy.example:3128 or ` +
        'http://USER:PASSWORD@proxy.example:3128; in the password write %40 for @, %23 for #, ' +
        '%2F for /, %3F for ?',
    )
  return { name, url }
}

/** Proxy addresses have no path. An unescaped / or # in a password would end the host there. */
const hasMore = ({ pathname, search, hash }: URL): boolean => pathname !== '/' || !!search || !!hash

/** Environment files that no shell reads keep the quotes around a value. */
const unquoted = (text: string): string =>
  text
    .trim()
    .replace(/^(["'])(.*)\1$/, '$2')
    .trim()

/** The host without the brackets of IPv6 and without a final dot. */
const bare = (hostname: string): string => hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')

type Exempt = (host: string, port: number) => boolean

/**
 * NO_PROXY: names with their subdomains, IP addresses and networks, each with or without a port,
 * separated by commas, semicolons, bars or blanks. `*` matches anything, also inside a name.
 */
const exemptions = (list: string): Exempt => {
  const entries = list
    .toLowerCase()
    .split(/[\s,;|]+/)
    .filter(Boolean)
    .map(exemption)
  return (host, port) => entries.some((isNamed) => isNamed(host, port))
}

const exemption = (written: string): Exempt => {
  const entry = written.replace(/^https?:\/\//, '').replace(/\/$/, '')
  const isBareV6 = !entry.startsWith('[') && entry.split(':').length > 2
  const [, before = '', only] = isBareV6 ? [entry, entry] : (/^(.*?)(?::(\d+))?$/.exec(entry) ?? [])
  const isPort = (port: number) => only === undefined || Number(only) === port
  const name = bare(before.replace(/^\*?\./, '').replace(/^\[(.*)\](?=\/)/, '$1'))
  if (name.includes('*')) {
    const parts = name.split('*').map((part) => part.replace(/[^\w-]/g, '\\$&'))
    const pattern = new RegExp(`^${parts.join('.*')}$`)
    return (host, port) => isPort(port) && pattern.test(host)
  }
  const isInNetwork = network(name)
  if (isInNetwork) return (host, port) => isPort(port) && isInNetwork(host)
  return (host, port) => isPort(port) && (host === name || host.endsWith(`.${name}`))
}

/** Matches an IP address or a network such as 10.0.0.0/8; undefined if the text is neither. */
const network = (text: string): ((host: string) => boolean) | undefined => {
  const [address = '', bits] = text.split('/')
  const version = isIP(address)
  if (version === 0) return undefined
  const family = version === 4 ? 'ipv4' : 'ipv6'
  const most = version === 4 ? 32 : 128
  const length = bits === undefined ? most : Number(bits)
  if (!/^\d*$/.test(bits ?? '') || length > most) return undefined
  const addresses = new BlockList()
  addresses.addSubnet(address, length, family)
  return (host) => isIP(host) === version && addresses.check(host, family)
}
