/**
 * Which path of Claude's API a client means. Clients disagree about the base URL: some expect it to
 * end in `/v1`, some add `/v1` themselves, some add it to a base that has it, and some keep a slash
 * at its end.
 */

/**
 * The first names of Claude's paths, which a client may ask for without `/v1`. A test compares them
 * with the SDK's.
 */
const RESOURCES = new Set([
  'agents',
  'complete',
  'deployment_runs',
  'deployments',
  'dreams',
  'environments',
  'files',
  'memory_stores',
  'messages',
  'models',
  'organizations',
  'sessions',
  'skills',
  'tunnels',
  'user_profiles',
  'vaults',
])

/**
 * `/messages`, `//v1/messages` and `/v1/v1/messages` are `/v1/messages`. A path that is not
 * Claude's comes back as it is.
 */
export const claudePath = (pathname: string): string => {
  const [, version = '', rest = ''] = /^\/+((?:v1\/+)*)(.*)$/s.exec(pathname) ?? []
  const [name = ''] = rest.split('/')
  return version !== '' || RESOURCES.has(name) ? `/v1/${rest}` : pathname
}
