/** What an address says about where a request goes, and whether others can read it on the way. */
import { isIP } from 'node:net'
import { FedError } from '../../adapters/errors.ts'

/**
 * Whether the host of an address can only be this computer (RFC 1122 section 3.2.1.3, RFC 4291
 * section 2.5.3). hostname: as a URL has it.
 */
export const isLoopback = (hostname: string): boolean =>
  hostname === 'localhost' ||
  hostname === '[::1]' ||
  hostname.startsWith('[::ffff:7f') ||
  (isIP(hostname) === 4 && hostname.startsWith('127.'))

/** Whether what is sent there can be read and changed on the way: plain http to another computer. */
export const isExposed = (address: string): boolean => {
  const { protocol, hostname } = new URL(address)
  return protocol === 'http:' && !isLoopback(hostname)
}

/**
 * Refuses an exposed address with E_INSECURE, and says how to go on all the same. command: of
 * `loreweave`, which has the option.
 */
export const refuseExposed = (address: string, command = 'init'): void => {
  if (!isExposed(address)) return
  throw new FedError(
    'E_INSECURE',
    `http://${new URL(address).host} is not encrypted: whoever is on the way reads and changes what is sent. Use an https address; or, if you mean it, loreweave ${command} --insecure-http ("insecureHttp": true in config.json)`,
  )
}
