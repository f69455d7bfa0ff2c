/** The network variables that a service gets, as set where it is installed. */
import { resolve } from 'node:path'
import type { Environment } from '../http/route.ts'

/** The first set variable of each row counts. */
export const VARIABLES = [
  ['https_proxy', 'HTTPS_PROXY'],
  ['http_proxy', 'HTTP_PROXY'],
  ['no_proxy', 'NO_PROXY'],
  ['NODE_EXTRA_CA_CERTS'],
] as const

export type Variable = { readonly name: string; readonly value: string }

/** The set variables. Paths are absolute, since a service starts in another folder. */
export const networkVariables = (env: Environment): Variable[] =>
  VARIABLES.flatMap((names) => {
    const name = names.find((one) => env[one] !== undefined)
    const value = (name && env[name]?.trim()) || ''
    // A control character would end the line of a unit.
    if (!name || value === '' || /\p{Cc}/u.test(value)) return []
    return [{ name, value: name === 'NODE_EXTRA_CA_CERTS' ? resolve(value) : value }]
  })

/** For display: without a proxy's user and password. */
export const shown = ({ name, value }: Variable): Variable => {
  const [, before = '', host] = /^([a-z][a-z0-9+.-]*:\/\/)?[^/]*@(.*)$/i.exec(value) ?? []
  return { name, value: host === undefined ? value : `${before}USER:PASSWORD@${host}` }
}
