/** What devices call: enrolment, check-in, upload, releases. */
import { json } from '../../adapters/api-reference/route.ts'
import { FedError } from '../../adapters/errors.ts'
import { readEnrolmentToken } from '../../adapters/wire/enrolment-token.ts'
import {
  CheckInRequest,
  CheckInResponse,
  EnrollRequest,
  EnrollResponse,
} from '../../adapters/wire/federation.ts'
import { PROTOCOL_VERSION } from '../../adapters/wire/primitives.ts'
import { deviceIdOf, verifySignature } from '../../adapters/wire/signature.ts'
import { credentialHash } from '../access/secrets.ts'
import { checkIn } from '../rounds/check-in.ts'
import { RELEASE_BYTES, sendRelease } from './downloads.ts'
import { AT, BASE, DEVICE_ID, FEATURES, PUBLIC_KEY } from './examples.ts'
import { served } from './route.ts'
import { blocked, checkTime, nonceEnd, replayed } from './signed.ts'

const protocol = PROTOCOL_VERSION
const badToken = (): FedError =>
  new FedError('E_ENROLL_TOKEN', 'the enrolment token is unknown, used or expired')
const tag = 'Devices' as const
const who = 'device' as const

export const DEVICE_ROUTES = {
  enroll: served(
    {
      method: 'post',
      path: '/v1/enroll',
      tag,
      who: 'newcomer',
      summary: 'Enrols a device',
      description:
        'With a one-time token from the operator, and signed by the key that is ' +
        'enrolled. `deviceId` is derived from that key.',
      request: {
        body: json(EnrollRequest, {
          protocol,
          token: 'bW9vbi10aWRlLXRva2Vu',
          publicKey: PUBLIC_KEY,
        }),
      },
      responses: { 201: json(EnrollResponse, { protocol, deviceId: DEVICE_ID }) },
      errors: ['E_BODY', 'E_PROTOCOL', 'E_TOO_LARGE', 'E_ENROLL_TOKEN', 'E_NOT_ENROLLED'],
    },
    async (c) => {
      const { deps, signed } = c.var
      const { store, clock, log } = deps
      const { publicKey, token, edge: isEdge = false } = c.req.valid('json')
      const now = clock()
      const hash = credentialHash(readEnrolmentToken(token).secret)
      // Before the signature, which takes far longer: anyone may ask.
      if (!(await store.isToken(hash, now))) throw badToken()
      const deviceId = deviceIdOf(publicKey)
      if (signed.params.keyId !== deviceId)
        throw new FedError('E_SIGNATURE', 'expected the signature of the key that is enrolled')
      verifySignature(signed.signable, signed.params, publicKey)
      checkTime(signed.params, now)
      const edge = await store.transaction(async (tx) => {
        const edge = await tx.edgeOfToken(hash)
        if (isEdge && edge === null) throw otherToken('for a device', 'make one with --edge')
        if (!isEdge && edge !== null) throw otherToken('for an edge', 'ask for one for a device')
        if (!(await tx.spendToken(hash, deviceId, now))) throw badToken()
        const { nonce } = signed.params
        if (!(await tx.addNonce(deviceId, nonce, nonceEnd(signed.params)))) throw replayed()
        const known = await tx.device(deviceId)
        if (known?.blockedAt !== undefined) throw blocked()
        if (known && known.publicKey !== publicKey)
          throw new FedError('E_NOT_ENROLLED', 'the device has replaced this key with another')
        if (!known)
          await tx.saveDevice({
            ...{ id: deviceId, publicKey, enrolledAt: now, lastSeenAt: now },
            ...(edge !== null && { edge }),
          })
        return edge
      })
      log('info', 'device_enrolled', { device: deviceId })
      return c.json({ protocol, deviceId, ...(edge !== null && { edge }) }, 201)
    },
  ),

  checkIn: served(
    {
      method: 'post',
      path: '/v1/checkin',
      tag,
      who,
      summary: 'Asks for a part in a round',
      description:
        'Answered with an assignment, or with a reason and the time to come back after. `choices` is a coarse count.',
      request: {
        body: json(CheckInRequest, {
          protocol,
          base: BASE,
          features: FEATURES,
          consent: {
            purpose: 'personalization',
            contributions: ['adapter', 'prior'],
            grantedAt: AT,
            expiresAt: null,
          },
          choices: '30-99',
        }),
      },
      responses: {
        200: json(CheckInResponse, {
          protocol,
          kind: 'retry',
          retryAfterMs: 60_000,
          reason: 'no_job',
          head: null,
        }),
      },
      errors: ['E_BODY', 'E_PROTOCOL', 'E_TOO_LARGE'],
    },
    async (c) => {
      const { deps, device } = c.var
      const answer = await checkIn(deps, device.id, c.req.valid('json'), deps.clock())
      deps.log('debug', 'checked_in', {
        answer: answer.kind === 'retry' ? answer.reason : 'assigned',
      })
      return c.json(answer, 200)
    },
  ),

  getRelease: served(
    {
      method: 'get',
      path: '/v1/releases/{hash}',
      tag,
      who,
      summary: 'The bytes of a release',
      description: 'They never change: the hash in the path is that of the bytes, and their ETag.',
      ...RELEASE_BYTES,
      errors: ['E_NO_RELEASE', 'E_DATA'],
    },
    sendRelease,
  ),
}

const otherToken = (is: string, instead: string) =>
  new FedError('E_ENROLL_TOKEN', `the enrolment token is ${is}: ${instead}`)
