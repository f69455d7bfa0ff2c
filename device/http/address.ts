/** Tells from an address whether a request leaves this computer and whether others can read it. */
import { isIP } from 'node:net'
import { FedError } from '../../adapters/errors.ts'

/**
 * Whether a host can only be this computer (RFC 1122 section 3.2.1.3, RFC 4291 section 2.5.3).
 * hostname: in the form of URL.hostname.
 */
export const isLoopback = (hostname: string): boolean =>
  hostname === 'localhost' ||
  hostname === '[::1]' ||
  hostname.startsWith('[::ffff:7f') ||
  (isIP(hostname) === 4 && hostname.startsWith('127.'))

/**
 * Whether a request to the address can be read and changed on the way: plain http to another
 * computer.
 */
export const isExposed = (address: string): boolean => {
  const { protocol, hostname } = new URL(address)
  return protocol === 'http:' && !isLoopback(hostname)
}

/**
 * Refuses an exposed address with E_INSECURE, and names the option that allows it. command: the
 * `loreweave` command with that option.
 */
export const refuseExposed = (address: string, command = 'init'): void => {
  if (!isExposed(address)) return
  throw new FedError(
    'E_INSECURE',
    `http://${new URL(address).host} is not encrypted: others can read and change what is ` +
      `sent. Use an https address or, to allow it, loreweave ${command} --insecure-http ` +
      `("insecureHttp": true in config.json)`,
  )
}
