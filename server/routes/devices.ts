/** What devices call: enrolment, check-in, upload, releases. */
import { Hono } from 'hono'
import { FedError } from '../../adapters/errors.ts'
import {
  CheckInRequest,
  type CheckInResponse,
  EnrollRequest,
  type EnrollResponse,
  type UploadResponse,
} from '../../adapters/wire/federation.ts'
import {
  MAX_BINARY_BYTES,
  MAX_JSON_BYTES,
  PROTOCOL_VERSION,
} from '../../adapters/wire/primitives.ts'
import { deviceIdOf, verifySignature } from '../../adapters/wire/signature.ts'
import type { ServerDeps } from '../config.ts'
import { checkIn } from '../rounds/check-in.ts'
import type { Coordinator } from '../rounds/coordinator.ts'
import { receiveUpload } from '../rounds/upload.ts'
import { credentialHash } from '../secrets.ts'
import { parseBody } from './body.ts'
import { checkTime, type DeviceEnv, readSigned, requireDevice, spendNonce } from './signed.ts'

export type RouteDeps = ServerDeps & {
  readonly coordinator: Coordinator
  /** Key of the upload tokens. */
  readonly uploadKey: string
}

export const deviceRoutes = (deps: RouteDeps) => {
  const { store, clock, log } = deps
  return new Hono<DeviceEnv>()
    .post('/v1/enroll', async (c) => {
      const { signable, params, body } = await readSigned(c.req.raw, MAX_JSON_BYTES)
      const { publicKey, token } = parseBody(body, EnrollRequest)
      const deviceId = deviceIdOf(publicKey)
      if (params.keyId !== deviceId)
        throw new FedError('E_SIGNATURE', 'expected the signature of the key that is enrolled')
      verifySignature(signable, params, publicKey)
      const now = clock()
      checkTime(params, now)
      store.transaction(() => {
        if (!store.spendToken(credentialHash(token), deviceId, now))
          throw new FedError('E_ENROLL_TOKEN', 'the enrolment token is unknown, used or expired')
        spendNonce(store, params, now)
        if (!store.device(deviceId))
          store.saveDevice({ id: deviceId, publicKey, enrolledAt: now, lastSeenAt: now })
      })
      log('info', 'device_enrolled', { device: deviceId })
      return c.json({ protocol: PROTOCOL_VERSION, deviceId } satisfies EnrollResponse, 201)
    })

    .post('/v1/checkin', requireDevice(deps, MAX_JSON_BYTES), (c) => {
      const request = parseBody(c.var.body, CheckInRequest)
      const answer: CheckInResponse = checkIn(deps, c.var.device.id, request, clock())
      return c.json(answer)
    })

    .put('/v1/rounds/:roundId/update', requireDevice(deps, MAX_BINARY_BYTES), async (c) => {
      const taken = await receiveUpload(deps, {
        roundId: c.req.param('roundId'),
        deviceId: c.var.device.id,
        uploadToken: c.req.header('upload-token') ?? '',
        bytes: c.var.body,
      })
      const answer: UploadResponse = { protocol: PROTOCOL_VERSION, accepted: true, ...taken }
      return c.json(answer, taken.duplicate ? 200 : 202)
    })

    .get('/v1/releases/:hash', requireDevice(deps, 0), (c) =>
      sendRelease(deps, c.req.param('hash'), c.req.header('if-none-match')),
    )
}

/** A release's bytes never change, so its hash is its ETag (RFC 9110 section 8.8.3). Fails with E_NO_RELEASE. */
export const sendRelease = async (
  { store }: Pick<ServerDeps, 'store'>,
  hash: string,
  ifNoneMatch: string | undefined,
): Promise<Response> => {
  if (!store.release(hash)) throw new FedError('E_NO_RELEASE', 'no release has this hash')
  const etag = `"${hash}"`
  const headers = { etag, 'cache-control': 'private, max-age=31536000, immutable' }
  const isKnown = ifNoneMatch
    ?.split(',')
    .some((tag) => [etag, `W/${etag}`, '*'].includes(tag.trim()))
  if (isKnown) return new Response(null, { status: 304, headers })
  const bytes = await store.getObject(hash)
  if (!bytes) throw new FedError('E_DATA', 'the bytes of this release are missing')
  return new Response(Uint8Array.from(bytes), {
    headers: { ...headers, 'content-type': 'application/octet-stream' },
  })
}
