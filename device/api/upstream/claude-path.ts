/**
 * Finds the path of Claude's API that a client means. Clients disagree about the base URL: it may
 * have to end in `/v1`, get `/v1` added, get it added twice, or end in a slash.
 */

/** Claude's resources, for clients that leave out `/v1`; a test compares them with the SDK. */
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

/** Maps `/messages`, `//v1/messages` and `/v1/v1/messages` to `/v1/messages`; other paths stay. */
export const claudePath = (pathname: string): string => {
  const [, version = '', rest = ''] = /^\/+((?:v1\/+)*)(.*)$/s.exec(pathname) ?? []
  const [name = ''] = rest.split('/')
  return version !== '' || RESOURCES.has(name) ? `/v1/${rest}` : pathname
}
