/**
 * Updates on their way in. Who sends, for which round, and how much it may be is known before a body
 * is read. An upload that breaks off goes on where it was: a part of the IETF's draft "Resumable
 * Uploads for HTTP", with the update's own address as the upload.
 */
import type { Context } from 'hono'
import { BYTES_TYPE, json } from '../../adapters/api-reference/route.ts'
import { FedError } from '../../adapters/errors.ts'
import { sha256Hex } from '../../adapters/node/sha256.ts'
import { UpdateHeader } from '../../adapters/wire/containers.ts'
import { UploadResponse } from '../../adapters/wire/federation.ts'
import { PROTOCOL_VERSION } from '../../adapters/wire/primitives.ts'
import { checkDigest } from '../../adapters/wire/signature.ts'
import { readDigestField } from '../../adapters/wire/signature-input.ts'
import { expectUpload, takeUpdate } from '../rounds/upload.ts'
import { checkLength } from './body.ts'
import { HASH } from './examples.ts'
import { type RouteDeps, type ServerEnv, served } from './route.ts'

const protocol = PROTOCOL_VERSION
const path = '/v1/rounds/{roundId}/update'
const tag = 'Devices' as const
const who = 'device' as const

const TOKEN = { 'upload-token': 'From the assignment.' }
const WHOLE = { 'repr-digest': 'The digest of the whole update (RFC 9530).' }
const OFFSET = { 'upload-offset': 'How many bytes of the update the server has.' }
const COMPLETE = { 'upload-complete': '?1 when nothing is missing, else ?0.' }

const taken = (duplicate: boolean) =>
  json(UploadResponse, { protocol, accepted: true, duplicate, digest: HASH })
const UNWANTED = [
  'E_AUTH',
  'E_NO_ROUND',
  'E_NOT_IN_COHORT',
  'E_ROUND_CLOSED',
  'E_TWICE',
  'E_FULL',
  'E_UNAVAILABLE',
] as const
const REFUSED = [
  'E_TOO_LARGE',
  ...UNWANTED,
  'E_CONTAINER',
  'E_PROTOCOL',
  'E_SHAPE',
  'E_NOT_FINITE',
  'E_NORM',
  'E_BASE_MODEL',
  'E_CONSENT',
  'E_BASIS',
  'E_FEATURES',
] as const

export const UPLOAD_ROUTES = {
  upload: served(
    {
      method: 'put',
      path,
      tag,
      who,
      summary: 'Takes the update of a device',
      description:
        'A container, whose header is an UpdateHeader. The same bytes may be sent again and are ' +
        'taken once. If the connection breaks, the upload can go on: see the next two.',
      requestHeaders: TOKEN,
      request: {
        body: { description: 'An update', content: { [BYTES_TYPE]: { schema: UpdateHeader } } },
      },
      responses: { 202: taken(false), 200: taken(true) },
      errors: [...REFUSED],
    },
    async (c) => {
      const { digest, duplicate } = await receive(c, { offset: 0, isLast: true })
      return c.json({ protocol, accepted: true as const, duplicate, digest }, duplicate ? 200 : 202)
    },
  ),

  uploadOffset: served(
    {
      method: 'get',
      path,
      tag,
      who,
      summary: 'How much of an update has come',
      description: 'To go on with an upload whose connection broke. HEAD says the same.',
      requestHeaders: { ...TOKEN, ...WHOLE },
      responseHeaders: { ...OFFSET, ...COMPLETE },
      responses: { 204: { description: 'The headers say it', content: {} } },
      errors: [...UNWANTED],
    },
    async (c) => {
      const upload = uploadOf(c)
      const expected = await expectUpload(c.var.deps, upload, tokenOf(c))
      const size = expected.duplicate ? 0 : await sizeOf(c.var.deps, upload)
      c.header('upload-offset', String(size))
      c.header('upload-complete', expected.duplicate ? '?1' : '?0')
      c.header('cache-control', 'no-store')
      return c.body(null, 204)
    },
  ),

  uploadRest: served(
    {
      method: 'patch',
      path,
      tag,
      who,
      summary: 'Takes a further piece of an update',
      description:
        'From `upload-offset` on, which is how many bytes the server has; else E_CONFLICT. A piece ' +
        'with `upload-complete: ?1` is the last, and answered as a whole update is.',
      requestHeaders: { ...TOKEN, ...WHOLE, ...OFFSET, ...COMPLETE },
      responseHeaders: OFFSET,
      request: {
        body: {
          description: 'A piece of an update',
          content: { 'application/partial-upload': {} },
        },
      },
      responses: {
        202: taken(false),
        200: taken(true),
        204: { description: 'The piece has come, others are missing', content: {} },
      },
      errors: [...REFUSED, 'E_BODY', 'E_CONFLICT'],
    },
    async (c) => {
      const { digest, duplicate, size } = await receive(c, pieceOf(c))
      if (size === null)
        return c.json({ protocol, accepted: true, duplicate, digest }, duplicate ? 200 : 202)
      c.header('upload-offset', String(size))
      return c.body(null, 204)
    },
  ),
}

type Place = { readonly offset: number; readonly isLast: boolean }

/** size: of the bytes that have come, while others are missing. */
type Received = {
  readonly digest: string
  readonly duplicate: boolean
  readonly size: number | null
}

const receive = async (c: Context<ServerEnv>, { offset, isLast }: Place): Promise<Received> => {
  const { deps, signed } = c.var
  const { transfer, parts, clock } = deps
  const { partials, bodies } = transfer
  const upload = uploadOf(c)
  const { digest } = upload
  const expected = await expectUpload(deps, upload, tokenOf(c))
  if (expected.duplicate) return { digest, duplicate: true, size: null }
  const { maxBytes } = expected
  checkLength(c, maxBytes - offset)
  const check = (sent: Uint8Array) => checkDigest('content-digest', signed.signable, sent)
  const piece = { body: c.req.raw.body, offset, maxBytes, check }
  const name = nameOf(upload)
  return bodies.through(async () => {
    if (offset > (await partials.size(name))) await fetchParts(deps, upload, maxBytes)
    return partials.write(name, piece, async (size) => {
      if (isLast) return { digest, duplicate: await finish(deps, upload), size: null }
      await parts.keep(upload, offset, await partials.read(name, offset), clock())
      return { digest, duplicate: false, size }
    })
  })
}

type Upload = ReturnType<typeof uploadOf>

/** Here, or at all replicas together. */
const sizeOf = async ({ transfer, parts }: RouteDeps, upload: Upload): Promise<number> =>
  Math.max(await transfer.partials.size(nameOf(upload)), await parts.size(upload))

/** Pieces that other replicas took. */
const fetchParts = async (
  { transfer, parts }: RouteDeps,
  upload: Upload,
  maxBytes: number,
): Promise<void> => {
  for await (const { start, bytes } of parts.read(upload)) {
    const body = new Blob([Uint8Array.from(bytes)]).stream() as ReadableStream<Uint8Array>
    const piece = { body, offset: start, maxBytes, check: () => {} }
    await transfer.partials.write(nameOf(upload), piece, async () => {})
  }
}

/** True when the update had been taken before. Whatever becomes of it, its parts are gone. */
const finish = async (deps: RouteDeps, upload: Upload): Promise<boolean> => {
  const { partials, checks } = deps.transfer
  const name = nameOf(upload)
  try {
    return await checks.through(async () => {
      const bytes = await partials.read(name)
      if (sha256Hex(bytes) !== upload.digest)
        throw new FedError('E_SIGNATURE', 'the pieces are not those of the digest: send it anew')
      return (await takeUpdate(deps, upload, bytes)).duplicate
    })
  } finally {
    await partials.drop(name)
    await deps.parts.drop(upload)
  }
}

const tokenOf = (c: Context<ServerEnv>): string => c.req.header('upload-token') ?? ''

/** Fails with E_SIGNATURE where the digest of the whole is not told. */
const uploadOf = (c: Context<ServerEnv>) => {
  const whole = c.req.header('repr-digest')
  const digest = whole
    ? readDigestField('repr-digest', whole)
    : readDigestField('content-digest', c.req.header('content-digest') ?? '')
  return {
    roundId: c.req.param('roundId') ?? '',
    deviceId: c.var.device.id,
    digest: Buffer.from(digest).toString('hex'),
  }
}

const nameOf = ({ roundId, deviceId, digest }: Upload) => ({
  owner: `${roundId}.${deviceId}`,
  digest,
})

/** Fails with E_BODY. */
const pieceOf = (c: Context<ServerEnv>): Place => {
  const offset = c.req.header('upload-offset') ?? ''
  const complete = c.req.header('upload-complete') ?? ''
  if (!/^\d{1,9}$/.test(offset) || !/^\?[01]$/.test(complete) || !c.req.header('repr-digest'))
    throw new FedError(
      'E_BODY',
      'expected upload-offset (bytes), upload-complete (?0 or ?1) and repr-digest',
    )
  return { offset: Number(offset), isLast: complete === '?1' }
}
