/**
 * The bytes of a release, which never change, so that its hash is its ETag (RFC 9110 section 8.8.3):
 * whole, from where a download broke off (section 14), or told by what differs from a release that
 * the caller has (RFC 3229).
 */
import type { Context } from 'hono'
import { LRUCache } from 'lru-cache'
import { BYTES_TYPE } from '../../adapters/api-reference/route.ts'
import { encodeDelta } from '../../adapters/container/delta.ts'
import { FedError } from '../../adapters/errors.ts'
import { ReleaseHeader } from '../../adapters/wire/containers.ts'
import { MiB } from '../../adapters/wire/primitives.ts'
import type { Objects } from '../store/objects.ts'
import type { ServerEnv } from './route.ts'

/** Releases are sent to devices and to the operator alike. */
export const RELEASE_BYTES = {
  requestHeaders: {
    'if-none-match': 'The ETag of the bytes that the caller has.',
    'a-im': '`segments`: what differs from those bytes is enough (RFC 3229).',
    range: 'From where on the bytes are wanted.',
    'if-range': 'The ETag of the bytes that the caller has a part of.',
  },
  responseHeaders: { etag: 'The hash of the release.' },
  responses: {
    200: {
      description: 'A container, whose header is a ReleaseHeader',
      content: { [BYTES_TYPE]: { schema: ReleaseHeader } },
    },
    206: { description: 'The bytes of the range', content: {} },
    226: { description: 'What differs from the bytes that the caller has', content: {} },
    304: { description: 'The caller has these bytes', content: {} },
  },
} as const

/** Fails with E_NO_RELEASE, E_DATA. */
export const sendRelease = async (c: Context<ServerEnv>): Promise<Response> => {
  const { store, objects } = c.var.deps
  const hash = c.req.param('hash') ?? ''
  if (!(await store.release(hash))) throw new FedError('E_NO_RELEASE', 'no release has this hash')
  const etag = `"${hash}"`
  const cached = { etag, 'cache-control': 'private, max-age=31536000, immutable' }
  const has = tagsOf(c.req.header('if-none-match'))
  if (has.some((tag) => tag === etag || tag === '*'))
    return new Response(null, { status: 304, headers: cached })
  const headers = { ...cached, 'content-type': BYTES_TYPE, 'accept-ranges': 'bytes' }
  const start = startOf(c, etag)
  if (start === 0 && /\bsegments\b/.test(c.req.header('a-im') ?? ''))
    for (const tag of has) {
      const delta = await deltaOf(c, tag.slice(1, -1), hash)
      if (delta) return sendDelta(delta, tag, headers)
    }
  return sendBytes(objects, hash, start, headers)
}

const sendDelta = (
  delta: Uint8Array<ArrayBuffer>,
  tag: string,
  headers: Readonly<Record<string, string>>,
): Response =>
  new Response(delta, {
    status: 226,
    headers: {
      ...headers,
      im: 'segments',
      'delta-base': tag,
      'content-length': `${delta.length}`,
    },
  })

/** From `start` on. */
const sendBytes = async (
  objects: Objects,
  hash: string,
  start: number,
  headers: Readonly<Record<string, string>>,
): Promise<Response> => {
  const found = await objects.read(hash, { start })
  if (!found) throw new FedError('E_DATA', 'the bytes of this release are missing')
  const { size, stream } = found
  // A range that begins behind the end is no range.
  if (start >= size && start > 0) {
    await stream.cancel()
    return sendBytes(objects, hash, 0, headers)
  }
  const length = { 'content-length': `${size - start}` }
  if (start === 0) return new Response(stream, { headers: { ...headers, ...length } })
  const range = { 'content-range': `bytes ${start}-${size - 1}/${size}` }
  return new Response(stream, { status: 206, headers: { ...headers, ...length, ...range } })
}

/** Of a range to the end, which a broken download asks for; other ranges get all bytes. */
const startOf = (c: Context, etag: string): number => {
  const condition = c.req.header('if-range')
  if (condition !== undefined && condition !== etag) return 0
  return Number(/^bytes=(\d{1,9})-$/.exec(c.req.header('range') ?? '')?.[1] ?? 0)
}

const tagsOf = (header: string | undefined): string[] =>
  (header ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''))

/** Many devices go from one release to the next. An empty one stands for none that pays. */
const deltas = new LRUCache<string, Uint8Array<ArrayBuffer>>({
  max: 1000,
  maxSize: 64 * MiB,
  sizeCalculation: ({ length }) => length + 200,
})

/** null where the base is no release of this server, or nearly all differs. */
const deltaOf = async (
  { var: { deps } }: Context<ServerEnv>,
  base: string,
  target: string,
): Promise<Uint8Array<ArrayBuffer> | null> => {
  const name = `${base} ${target}`
  const known = deltas.get(name)
  if (known) return known.length > 0 ? known : null
  if (!(await deps.store.release(base))) return null
  const delta = await deps.transfer.checks.through(async () => {
    const [from, to] = [await deps.objects.get(base), await deps.objects.get(target)]
    if (!from || !to) return new Uint8Array()
    const made = encodeDelta(from, to)
    return made.length < 0.9 * to.length ? Uint8Array.from(made) : new Uint8Array()
  })
  deltas.set(name, delta)
  return delta.length > 0 ? delta : null
}
