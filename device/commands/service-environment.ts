/** What of the network a service is told: the variables that hold where it is installed. */
import { resolve } from 'node:path'
import type { Environment } from '../http/route.ts'

/** The first of each row that is set is the one that counts. */
export const VARIABLES = [
  ['https_proxy', 'HTTPS_PROXY'],
  ['http_proxy', 'HTTP_PROXY'],
  ['no_proxy', 'NO_PROXY'],
  ['NODE_EXTRA_CA_CERTS'],
] as const

export type Variable = { readonly name: string; readonly value: string }

/** Set ones alone; paths are absolute, since a service begins elsewhere. */
export const networkVariables = (env: Environment): Variable[] =>
  VARIABLES.flatMap((names) => {
    const name = names.find((one) => env[one] !== undefined)
    const value = (name && env[name]?.trim()) || ''
    // A control character would end the line of a unit.
    if (!name || value === '' || /\p{Cc}/u.test(value)) return []
    return [{ name, value: name === 'NODE_EXTRA_CA_CERTS' ? resolve(value) : value }]
  })

/** As it may be shown: a proxy's user and password are left out. */
export const shown = ({ name, value }: Variable): Variable => {
  const [, before = '', host] = /^([a-z][a-z0-9+.-]*:\/\/)?[^/]*@(.*)$/i.exec(value) ?? []
  return { name, value: host === undefined ? value : `${before}USER:PASSWORD@${host}` }
}
