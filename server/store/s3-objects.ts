/**
 * Objects in a bucket of S3, or of anything that speaks as it does. An object's name is the hash that
 * the signature (AWS Signature Version 4) promises of its body, so the bucket refuses other bytes by
 * itself. The same name always has the same bytes: writing it twice needs no condition.
 */
import { Readable } from 'node:stream'
import { AwsV4Signer } from 'aws4fetch'
import { Agent, type Dispatcher, interceptors, request } from 'undici'
import { FedError } from '../../adapters/errors.ts'
import {
  type ByteRange,
  type ByteStream,
  checkedBytes,
  type Objects,
  webStreamOf,
} from './objects.ts'

export type Env = Readonly<Record<string, string | undefined>>

/**
 * url: s3://bucket/prefix?endpoint=…&region=…; credentials are AWS_ACCESS_KEY_ID,
 * AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN of the environment.
 * Fails with E_USAGE, E_UNAVAILABLE, E_DATA (no such bucket, or not ours).
 */
export const openS3Objects = async (url: string, env: Env): Promise<Objects> => {
  const send = bucketOf(url, env)
  await done(await send('HEAD', ''), 'the bucket')
  return {
    async put(hash, given) {
      const isWhole = given instanceof Uint8Array
      const body = isWhole ? given : Readable.from(checkedBytes(hash, given))
      const size = String(isWhole ? given.length : given.size)
      const headers = { 'x-amz-content-sha256': hash, 'content-length': size }
      await done(await send('PUT', hash, { headers, body }), hash)
    },
    async get(hash) {
      const answer = await send('GET', hash)
      return (await isFound(answer, hash)) ? answer.body.bytes() : undefined
    },
    read: (hash, range = {}) => readRange(send, hash, range),
    async has(hash) {
      const answer = await send('HEAD', hash)
      return (await isFound(answer, hash)) && answer.body.dump().then(() => true)
    },
    async list() {
      const names: string[] = []
      for (let token: string | undefined = ''; token !== undefined; ) {
        const answer = await send('GET', '', { query: listQuery(token) })
        if (answer.statusCode !== 200) throw await refusalOf(answer, 'the list')
        const page = await answer.body.text()
        names.push(...[...page.matchAll(/([0-9a-f]{64})<\/Key>/g)].map((found) => found[1]!))
        token = unescaped(/<NextContinuationToken>([^<]+)</.exec(page)?.[1])
      }
      return names
    },
    async drop(hash) {
      await done(await send('DELETE', hash), hash)
    },
  }
}

const readRange = async (
  send: Send,
  hash: string,
  range: ByteRange,
): Promise<ByteStream | null> => {
  const { start = 0, end } = range
  const hasBytes = end === undefined || end > start
  const answer = await send(hasBytes ? 'GET' : 'HEAD', hash, {
    headers: hasBytes ? { range: rangeOf(range) } : {},
  })
  // Beyond the end of the object there are no bytes, and only HEAD says how many there are.
  if (answer.statusCode === 416) {
    await answer.body.dump()
    return readRange(send, hash, { end: 0 })
  }
  if (!(await isFound(answer, hash))) return null
  return { size: sizeOf(answer), stream: webStreamOf(answer.body) }
}

type Asked = {
  readonly headers?: Record<string, string>
  readonly query?: Record<string, string>
  readonly body?: Uint8Array | Readable
}

type Send = (method: Dispatcher.HttpMethod, name: string, asked?: Asked) => Promise<Answer>
type Answer = Dispatcher.ResponseData

/** Requests to one bucket; name '' is the bucket itself. Fails with E_USAGE; each with E_UNAVAILABLE. */
const bucketOf = (url: string, env: Env): Send => {
  const { place, prefix, region } = readPlace(url, env)
  const credentials = {
    accessKeyId: needed(env, 'AWS_ACCESS_KEY_ID'),
    secretAccessKey: needed(env, 'AWS_SECRET_ACCESS_KEY'),
    ...(env['AWS_SESSION_TOKEN'] && { sessionToken: env['AWS_SESSION_TOKEN'] }),
  }
  const once = new Agent({ connectTimeout: 5000, headersTimeout: 30_000, bodyTimeout: 30_000 })
  const again = once.compose(
    interceptors.retry({ maxRetries: 3, minTimeout: 100, maxTimeout: 2000, throwOnError: false }),
  )
  return async (method, name, { headers = {}, query = {}, body } = {}) => {
    const target = new URL(name === '' ? place : `${place}/${prefix}${name}`)
    // The list is of the bucket, and takes the prefix as a parameter.
    if (query['list-type']) target.searchParams.set('prefix', prefix)
    for (const [key, value] of Object.entries(query)) target.searchParams.set(key, value)
    const signer = new AwsV4Signer({
      ...{ method, url: target.href, headers, service: 's3', region },
      ...credentials,
    })
    const signed = await signer.sign()
    try {
      return await request(signed.url, {
        method,
        headers: Object.fromEntries(signed.headers),
        body: body ?? null,
        // A stream is there once.
        dispatcher: body instanceof Readable ? once : again,
      })
    } catch (cause) {
      if (cause instanceof FedError) throw cause
      throw new FedError('E_UNAVAILABLE', 'the object store does not answer; try again', { cause })
    }
  }
}

/** Fails with E_USAGE. */
const readPlace = (text: string, env: Env) => {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const region = url?.searchParams.get('region') ?? env['AWS_REGION'] ?? 'us-east-1'
  const endpoint = url?.searchParams.get('endpoint') ?? `https://s3.${region}.amazonaws.com`
  const prefix = (url?.pathname ?? '').replace(/^\/|\/$/g, '')
  const isGood = url?.protocol === 's3:' && url.host !== '' && /^[\w./-]*$/.test(prefix)
  if (!isGood || url.username !== '' || !URL.canParse(endpoint))
    throw new FedError(
      'E_USAGE',
      'expected s3://bucket/prefix?endpoint=https://…&region=…; keys come from ' +
        'AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
    )
  return {
    place: `${endpoint.replace(/\/+$/, '')}/${url.host}`,
    prefix: prefix === '' ? '' : `${prefix}/`,
    region,
  }
}

const needed = (env: Env, name: string): string => {
  const value = env[name]
  if (!value) throw new FedError('E_USAGE', `set ${name}: the object store needs credentials`)
  return value
}

const listQuery = (token: string): Record<string, string> => ({
  'list-type': '2',
  ...(token !== '' && { 'continuation-token': token }),
})

/** RFC 9110 section 14.1.2, whose last byte is part of the range. */
const rangeOf = ({ start = 0, end }: ByteRange): string =>
  `bytes=${start}-${end === undefined ? '' : end - 1}`

/** Of the whole object. */
const sizeOf = ({ headers }: Answer): number => {
  const whole = /\/(\d+)$/.exec(String(headers['content-range'] ?? ''))?.[1]
  return Number(whole ?? headers['content-length'])
}

/** False for an object that is not there; fails for anything else that went wrong. */
const isFound = async (answer: Answer, what: string): Promise<boolean> => {
  if (answer.statusCode < 300) return true
  const refusal = await refusalOf(answer, what)
  if (answer.statusCode === 404 && !refusal.message.includes('NoSuchBucket')) return false
  throw refusal
}

const done = async (answer: Answer, what: string): Promise<void> => {
  if (answer.statusCode >= 300) throw await refusalOf(answer, what)
  await answer.body.dump()
}

/** Reads the rest of the answer. */
const refusalOf = async ({ statusCode, body }: Answer, what: string): Promise<FedError> => {
  const code = /<Code>(\w+)</.exec(await body.text())?.[1] ?? ''
  const isPassing = statusCode >= 500 || statusCode === 429
  return new FedError(
    isPassing ? 'E_UNAVAILABLE' : 'E_DATA',
    `the object store answered ${statusCode} ${code} for ${what}`,
  )
}

const unescaped = (text: string | undefined): string | undefined =>
  text?.replace(/&(amp|lt|gt|quot|apos);/g, (_, name: string) => ENTITIES[name]!)

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }
