/** Requests for operations of the server's document, by their names. */
import { exampleOf } from '../../../adapters/api-reference/route.ts'
import { ALL_ROUTES } from '../../../server/routes/reference.ts'
import type { ServerRoute } from '../../../server/routes/route.ts'
import {
  CREDENTIAL,
  type Signing,
  type TestDevice,
  type TestServer,
} from '../../support/federation-fixture.ts'

export type Sent = {
  readonly device?: TestDevice
  /** By name in the path; left out: nothing that is there. */
  readonly at?: Readonly<Record<string, string>>
  readonly query?: string
  /** JSON or bytes; left out: the example of the document. */
  readonly body?: object | Uint8Array
  readonly headers?: Record<string, string>
  readonly signing?: Omit<Signing, 'headers'>
  /** Of an operator; null: none. */
  readonly credential?: string | null
}

export const routeOf = (id: string): ServerRoute => ALL_ROUTES[id]!

const NOTHING = { hash: '0'.repeat(64), id: 'nothing', roundId: 'nothing', name: 'nothing' }

const pathOf = (id: string, { at = {}, query = '' }: Sent): string =>
  routeOf(id).path.replace(
    /\{(\w+)\}/g,
    (_, name: keyof typeof NOTHING) => at[name] ?? NOTHING[name],
  ) + query

const bytesOf = (body: object | Uint8Array): Uint8Array =>
  body instanceof Uint8Array ? body : new TextEncoder().encode(JSON.stringify(body))

export const requestOf = (id: string, sent: Sent): Request => {
  const { method, who, request } = routeOf(id)
  const given = sent.body ?? (exampleOf(request?.body) as object | undefined)
  const isRead = method === 'get'
  // What is signed has a digest of its body, also of none.
  const body = given ? bytesOf(given) : isRead || who === 'operator' ? undefined : new Uint8Array()
  const { headers = {}, credential = CREDENTIAL, device, signing } = sent
  if (who === 'device' || who === 'newcomer')
    return device!.signed(method.toUpperCase(), pathOf(id, sent), body, { headers, ...signing })
  return new Request(`http://server.test${pathOf(id, sent)}`, {
    method: method.toUpperCase(),
    headers: {
      ...(credential !== null && { authorization: `Bearer ${credential}` }),
      ...headers,
    },
    ...(body && { body: body as Uint8Array<ArrayBuffer> }),
  })
}

export const send = (server: TestServer, id: string, sent: Sent = {}): Promise<Response> =>
  server.fetch(requestOf(id, sent))
