/**
 * Describes who may ask Claude through this device, and which connections are not encrypted, for
 * `doctor` and `status`.
 */
import type { Home } from '../home/home.ts'
import type { DeviceSettings } from '../home/settings.ts'
import { isExposed, isLoopback } from '../http/address.ts'

/** mend: the fix if other computers may. */
export const describeAccess = ({
  requireToken,
  listen,
}: Pick<DeviceSettings, 'requireToken' | 'listen'>): { what: string; mend?: string } => {
  if (requireToken) return { what: 'only holders of the device token (requireToken)' }
  const hosts = listen.map((address) => (address.includes(':') ? `[${address}]` : address))
  const isBeyond = !hosts.every(isLoopback)
  const who = isBeyond ? 'reaches one of its addresses' : 'uses this computer'
  return {
    what: `anyone who ${who} and has a Claude key gets answers with your preferences`,
    ...(isBeyond && {
      mend: 'set "requireToken": true in config.json   # and loreweave-token in the apps',
    }),
  }
}

/** Addresses of a home on other computers without encryption. */
export const exposedAddresses = ({ config }: Pick<Home, 'config'>): string[] =>
  [config.settings.claudeUrl, config.server].filter(
    (address): address is string => address !== null && isExposed(address),
  )
