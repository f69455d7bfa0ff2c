/**
 * A client of the device's own routes, typed by their table. It calls the owner of a home over
 * loopback, or the API within this process.
 */

import { request as httpRequest } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { z } from 'zod'
import {
  answerOf,
  BYTES_TYPE,
  JSON_TYPE,
  LINES_TYPE,
  type Media,
  schemaOf,
  typeOf,
} from '../../adapters/api-reference/route.ts'
import { decodeContainer, encodeContainer } from '../../adapters/container/container.ts'
import { FedError } from '../../adapters/errors.ts'
import { PROTOCOL_VERSION } from '../../adapters/wire/primitives.ts'
import type { Progress } from '../home/progress.ts'
import { ApiError } from './envelope/errors.ts'
import { Line, linesOf } from './envelope/lines.ts'
import type { OWN_ROUTES } from './routes/own.ts'
import type { OwnRoute } from './routes/route.ts'

type Answer = {
  readonly status: number
  readonly body: ReadableStream<Uint8Array> | null
}
type Call = {
  readonly method: string
  /** Includes the query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Iterable<Uint8Array> | null
  readonly signal: AbortSignal | undefined
}
export type CallTransport = (call: Call) => Promise<Answer>

type Names = keyof typeof OWN_ROUTES
type Without<T> = T extends unknown ? Omit<T, 'protocol'> : never
type Numbers = { readonly numbers: Float32Array }
/** The type of a body, by its media type. */
type BodyOf<M, Side extends 'request' | 'answer'> =
  M extends Media<infer T, infer S>
    ? T extends typeof BYTES_TYPE
      ? Without<z.output<S>> & Numbers
      : T extends typeof LINES_TYPE
        ? Side extends 'request'
          ? readonly z.input<S>[]
          : Without<z.output<S>>
        : Without<Side extends 'request' ? z.input<S> : z.output<S>>
    : never
type Asked<K extends Names> = (typeof OWN_ROUTES)[K] extends { readonly request?: infer R }
  ? R
  : never

type Given<K extends Names> = (Asked<K> extends { body: infer M }
  ? { body: BodyOf<M, 'request'> }
  : object) &
  (Asked<K> extends { query: infer Q extends z.ZodObject } ? { query?: z.input<Q> } : object) & {
    /** Path parameters by name. */
    readonly params?: Readonly<Record<string, string>>
    readonly signal?: AbortSignal | undefined
    /** Called with progress if the answer is NDJSON. */
    readonly onProgress?: ((progress: Progress) => void) | undefined
  }
type RouteAnswer<K extends Names> = BodyOf<(typeof OWN_ROUTES)[K]['responses'][200], 'answer'>

export type DeviceClient = {
  /** Fails with the code of a refusal, or as the transport does. */
  call<K extends Names>(name: K, given?: Given<K>): Promise<RouteAnswer<K>>
}

/** strange: the error for an answer that this version does not understand. */
export const openClient = (
  transport: CallTransport,
  token: string,
  strange: () => FedError = () =>
    new FedError('E_PROTOCOL', 'the device gave an answer that this version does not understand'),
): DeviceClient => ({
  async call(name, given) {
    const { body, query, params, signal, onProgress } = (given ?? {}) as Given<'train'> & {
      query?: object
    }
    const routes = await import('./routes/own.ts')
    const route = routes.OWN_ROUTES[name] as unknown as OwnRoute
    const takes = typeOf(route.request?.body)
    const answered = answerOf(route)
    const answer = await transport({
      method: route.method.toUpperCase(),
      path: pathOf(route, params, query),
      headers: { authorization: `Bearer ${token}`, ...(takes && { 'content-type': takes }) },
      body: takes ? encoded(takes, body) : null,
      signal,
    })
    const read = answer.status >= 400 ? refusal : READERS[typeOf(answered) as keyof typeof READERS]
    const value = await read(answer.body, { strange, onProgress })
    const { protocol, ...rest } = value as { protocol?: unknown }
    if (!schemaOf(answered)?.safeParse({ protocol, ...withoutNumbers(rest) }).success)
      throw strange()
    return rest as RouteAnswer<typeof name>
  },
})

const withoutNumbers = ({ numbers: _, ...rest }: { numbers?: unknown }): object => rest

const pathOf = (
  { path }: OwnRoute,
  params: Readonly<Record<string, string>> = {},
  query: object = {},
): string => {
  const named = path.replace(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(params[name] ?? ''),
  )
  const asked = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${encodeURIComponent(String(value))}`],
  )
  return asked.length === 0 ? named : `${named}?${asked.join('&')}`
}

const encoded = (type: string, body: unknown): Iterable<Uint8Array> => {
  if (type === LINES_TYPE) return lines(body as readonly object[])
  if (type === JSON_TYPE) return [text({ protocol: PROTOCOL_VERSION, ...(body as object) })]
  const { numbers, ...header } = body as { numbers: Float32Array }
  return [encodeContainer({ protocol: PROTOCOL_VERSION, ...header }, numbers)]
}

const text = (value: object, end = ''): Uint8Array =>
  new TextEncoder().encode(`${JSON.stringify(value)}${end}`)

function* lines(items: readonly object[]): Generator<Uint8Array> {
  for (const item of items) yield text(item, '\n')
}

type Body = Answer['body']
type Reading = {
  readonly strange: () => FedError
  readonly onProgress: ((progress: Progress) => void) | undefined
}

const bytesOf = async (body: Body): Promise<Uint8Array> => {
  const parts: Uint8Array[] = []
  for await (const part of body ?? []) parts.push(part)
  return Buffer.concat(parts)
}

const json = async (body: Body, { strange }: Reading): Promise<object> => {
  const read = new TextDecoder().decode(await bytesOf(body))
  try {
    const value: unknown = JSON.parse(read)
    if (typeof value === 'object' && value !== null) return value
  } catch {
    // Not JSON.
  }
  throw strange()
}

type Reader = (body: Body, how: Reading) => Promise<object>
const READERS: Readonly<Record<typeof JSON_TYPE | typeof LINES_TYPE | typeof BYTES_TYPE, Reader>> =
  {
    [JSON_TYPE]: json,
    [BYTES_TYPE]: async (body) => {
      const { header, payload } = decodeContainer(await bytesOf(body))
      return { ...(header as object), numbers: payload }
    },
    [LINES_TYPE]: async (body, { strange, onProgress }) => {
      for await (const line of linesOf(body)) {
        const read = Line.safeParse(parsed(line))
        if (!read.success) throw strange()
        if ('progress' in read.data) onProgress?.(read.data.progress as Progress)
        else if ('result' in read.data) return read.data.result
        else throw new FedError(read.data.error.code, read.data.error.message)
      }
      throw new FedError(
        'E_UNAVAILABLE',
        'the device ended before it had an answer: run this again',
      )
    },
  }

const parsed = (line: string): unknown => {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

const refusal = async (body: Body, how: Reading): Promise<never> => {
  const read = ApiError.safeParse(await json(body, how))
  if (!read.success) throw how.strange()
  throw new FedError(read.data.error.code, read.data.error.message)
}

/** Calls the API of this process. Work that it starts ends when the signal aborts. */
export const directTransport =
  (fetch: (request: Request) => Response | Promise<Response>): CallTransport =>
  ({ path, method, headers, body, signal }) =>
    Promise.resolve(
      fetch(
        new Request(`http://127.0.0.1:${DIRECT_PORT}${path}`, {
          method,
          headers,
          ...(body && { body: ReadableStream.from(body), duplex: 'half' }),
          ...(signal && { signal }),
        }),
      ),
    )
/** Part of an address on which nothing listens. */
export const DIRECT_PORT = 4141

/** Nothing listens on the port, so nothing was sent. */
export class NobodyListens extends Error {}

/**
 * Calls over loopback, without proxy or timeout. Fails with NobodyListens, with E_CANCELLED if the
 * signal aborts, and with E_UNAVAILABLE if no answer comes.
 */
export const loopbackTransport =
  (port: number): CallTransport =>
  (call) =>
    new Promise((resolve, reject) => {
      const { method, path, headers, body, signal } = call
      const failed = (cause: NodeJS.ErrnoException) => reject(failure(cause, call))
      const request = httpRequest(
        { host: '127.0.0.1', port, method, path, headers, agent: false, ...(signal && { signal }) },
        (response) =>
          resolve({
            status: response.statusCode ?? 0,
            body: guarded(Readable.toWeb(response) as ReadableStream<Uint8Array>, call),
          }),
      )
      request.on('error', failed)
      if (body) pipeline(Readable.from(body, { objectMode: false }), request).catch(failed)
      else request.end()
    })

/** Gives an answer that breaks off an error code. */
const guarded = (stream: ReadableStream<Uint8Array>, call: Call): ReadableStream<Uint8Array> =>
  ReadableStream.from(
    (async function* () {
      try {
        yield* stream
      } catch (cause) {
        throw failure(cause as NodeJS.ErrnoException, call)
      }
    })(),
  )

const failure = (cause: NodeJS.ErrnoException, { signal }: Call): Error =>
  signal?.aborted
    ? new FedError(
        'E_CANCELLED',
        'stopped before it was done; a training goes on from its checkpoint',
        { cause },
      )
    : cause.code === 'ECONNREFUSED'
      ? new NobodyListens('nobody listens', { cause })
      : new FedError('E_UNAVAILABLE', 'the device ended before it answered: run this again', {
          cause,
        })
