/** Requests that are nearly right, for every operation of an API, and what must hold of its answers. */
import fc from 'fast-check'
import { BYTES_TYPE, exampleOf, type Route, typeOf } from '../../adapters/api-reference/route.ts'
import { ERROR_CODES } from '../../adapters/errors.ts'
import { checkPrototypes, MOST_MS } from './fuzz-reader.ts'
import { changedBytes, changedJsonBytes } from './mutations.ts'

export type Drawn = {
  /** In the place of every name in the path; undefined: one that is there. */
  readonly place: string | undefined
  readonly query: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array | undefined
}

/** Parts of a path, as they stand in a URL. */
const PLACES = [
  ...['..', '%2e%2e%2f%2e%2e%2fetc', '%00', '%', '__proto__', 'constructor', 'x'.repeat(3000)],
  ...['0'.repeat(64), '-1', '1e9', '%ff', '%f0%9f%98%80', 'a b', "'; --"],
]

const QUERIES = [
  ...['?', '?limit=0', '?limit=1e9', '?limit=-1', '?cursor=__proto__', '?cursor=99999999999999999'],
  ...['?state=completed,,failed', '?after=-1', '?after=NaN', '?order=up&order=down', '?%=%'],
  ...['?offset=9007199254740993', `?name=${'x'.repeat(5000)}`, '?hash=', '?lineage=zz&extra=1'],
]

const HEADERS: readonly Readonly<Record<string, string>>[] = [
  { 'content-type': 'text/plain' },
  { 'content-type': 'application/json; charset=utf-16' },
  { 'content-encoding': 'gzip' },
  { 'content-length': '-1' },
  { 'content-length': '999999999999' },
  { 'transfer-encoding': 'chunked, chunked' },
  { range: 'bytes=9-1' },
  { range: 'bytes=0-0,1-1,2-2' },
  { 'if-none-match': '*' },
  { 'accept-encoding': 'br;q=2, gzip;q=-1' },
  { 'idempotency-key': 'x'.repeat(5000) },
  { 'upload-token': '' },
  { 'upload-offset': '-5' },
  { 'upload-offset': '9007199254740993' },
  { 'repr-digest': 'sha-256=:AAAA:' },
  { authorization: 'Bearer ' },
  { authorization: `Basic ${'A'.repeat(9000)}` },
  { host: 'evil.test' },
  { origin: 'http://evil.test' },
  { 'x-forwarded-for': '1'.repeat(5000) },
  { 'loreweave-mode': '__proto__' },
  { 'last-event-id': '-1' },
]

/** bytes: what an operation takes that has no example. */
export const requests = (route: Route, bytes: readonly Uint8Array[]): fc.Arbitrary<Drawn> => {
  const example = exampleOf(route.request?.body)
  const isJson = example !== undefined && typeOf(route.request?.body) !== BYTES_TYPE
  const right = isJson ? new TextEncoder().encode(JSON.stringify(example)) : bytes[0]!
  const body = route.request?.body
    ? fc.oneof(
        { weight: 6, arbitrary: isJson ? changedJsonBytes(example) : changedBytes(bytes) },
        { weight: 1, arbitrary: fc.constant(right) },
      )
    : fc.oneof(
        { weight: 6, arbitrary: fc.constant(undefined) },
        { weight: 1, arbitrary: fc.constant(new Uint8Array([123, 125])) },
      )
  const seldom = <T>(values: readonly T[], usual: T) =>
    fc.oneof(
      { weight: 4, arbitrary: fc.constant(usual) },
      { weight: 1, arbitrary: fc.constantFrom(...values) },
    )
  return fc.record({
    place: seldom<string | undefined>(PLACES, undefined),
    query: seldom(QUERIES, ''),
    headers: seldom(HEADERS, {}),
    body: body as fc.Arbitrary<Uint8Array | undefined>,
  })
}

/** Sends one request after the other. send: undefined where the platform can't even say such a request. */
export const fuzzEndpoint = async (
  inputs: fc.Arbitrary<Drawn>,
  send: (drawn: Drawn) => Promise<Response | undefined>,
  seed: number,
  numRuns: number,
): Promise<void> => {
  await fc.assert(
    fc.asyncProperty(inputs, async (drawn) => {
      const started = performance.now()
      const response = await send(drawn)
      if (!response) return
      await checkAnswer(response)
      const took = performance.now() - started
      if (took > MOST_MS) throw new Error(`took ${Math.round(took)} ms`)
      checkPrototypes()
    }),
    { seed, numRuns },
  )
}

/** Undefined where the platform refuses to make it: a request without such a body, or such a header. */
export const orUndefined = (make: () => Request): Request | undefined => {
  try {
    return make()
  } catch (error) {
    if (error instanceof TypeError) return undefined
    throw error
  }
}

const UNFORESEEN = new Set([500, 501, 502, 505])

/** A refusal has a code, and none says that something went wrong that nobody had thought of. */
const checkAnswer = async (response: Response): Promise<void> => {
  const { status } = response
  if (response.headers.get('content-type')?.startsWith('text/event-stream'))
    return response.body?.cancel()
  const text = await response.text()
  if (status < 400) return
  if (UNFORESEEN.has(status)) throw new Error(`answers ${status}: ${text.slice(0, 300)}`)
  const { error } = JSON.parse(text) as { error: { code: string; message: string } }
  if (!(ERROR_CODES as readonly string[]).includes(error.code) || error.message === '')
    throw new Error(`answers ${status} without a code: ${text.slice(0, 300)}`)
}
