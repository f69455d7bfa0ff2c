/**
 * The device's side of the federation protocol (adapters/wire/federation.ts): enrol, check in,
 * download, upload.
 */
import type { z } from 'zod'
import { applyDelta } from '../../adapters/container/delta.ts'
import { FedError, isFedError } from '../../adapters/errors.ts'
import { sha256Hex } from '../../adapters/node/sha256.ts'
import {
  AbandonRequest,
  CheckInRequest,
  CheckInResponse,
  DoneResponse,
  EnrollRequest,
  EnrollResponse,
  type Judgement,
  JudgeRequest,
  JudgeResponse,
  ReplaceKeyRequest,
  RoundStatus,
  UploadResponse,
} from '../../adapters/wire/federation.ts'
import type { AbandonReason } from '../../adapters/wire/job-life.ts'
import { keyProof } from '../../adapters/wire/key-proof.ts'
import { MAX_BINARY_BYTES, PROTOCOL_VERSION } from '../../adapters/wire/primitives.ts'
import type { KeyPair } from '../../adapters/wire/signature.ts'
import { deviceIdOfKey } from '../home/device-key.ts'
import type { PendingUpload } from '../store/uploads.ts'
import { updateSender } from './send-update.ts'
import {
  asSendFailure,
  type SignedTransport,
  type SignedTransportDeps,
  signedTransport,
  type Traffic,
} from './signed-transport.ts'
import type { Departure } from './while-allowed.ts'

/**
 * check: called right before each attempt; throws if nothing may leave. mark: records, before each
 * attempt, that something may leave.
 */
type Leave = Departure & { readonly mark?: () => Promise<void> }

export type Federation = {
  /** token: one-time, from the operator. Returns the device's pseudonym. */
  enroll(token: string, signal?: AbortSignal): Promise<string>
  checkIn(request: Omit<CheckInRequest, 'protocol'>, leave: Leave): Promise<CheckInResponse>
  /**
   * The bytes of a release; those that it shares with the held one do not travel. Fails with
   * E_CHECKSUM if they do not match the hash, with E_TOO_LARGE if there are more than a release can
   * have.
   */
  download(hash: string, leave: Leave): Promise<Uint8Array>
  /** Sends the stored bytes unchanged. */
  upload(upload: PendingUpload, leave: Leave): Promise<UploadResponse>
  /** Gives the place in a round to another device. */
  abandon(roundId: string, reason: AbandonReason, leave: Leave): Promise<void>
  /** Whether the round still takes an update of this device. */
  isWanted(roundId: string, leave: Leave): Promise<boolean>
  /** Says how a release predicts this user's choices. */
  judge(hash: string, judgement: Judgement, leave: Leave): Promise<void>
  /** Announces the key that replaces the one of this client; again with a client of the new one. */
  replaceKey(next: KeyPair, signal?: AbortSignal): Promise<void>
  /** Asks the server to delete what names this device. */
  leaveServer(signal?: AbortSignal): Promise<void>
  traffic(): Traffic
}

/** held: a release that this device has, of which others are told by what differs. */
export const federationClient = (
  deps: SignedTransportDeps & {
    readonly held?: () => { readonly hash: string; readonly bytes: Uint8Array } | null
  },
): Federation => {
  const transport = signedTransport(deps)
  const updates = updateSender(transport)
  return {
    traffic: transport.traffic,
    async enroll(token, signal) {
      const body = EnrollRequest.parse({
        protocol: PROTOCOL_VERSION,
        token,
        publicKey: deps.key.publicKey,
      })
      // Enrolment precedes any consent: the user has just asked for it.
      const leave = { signal, check: () => {} }
      const answer = await postJson(transport, '/v1/enroll', 'enroll', body, EnrollResponse, leave)
      return answer.deviceId
    },
    checkIn(request, leave) {
      const body = CheckInRequest.parse({ ...request, protocol: PROTOCOL_VERSION })
      return postJson(transport, '/v1/checkin', 'checkin', body, CheckInResponse, leave)
    },
    async download(hash, leave) {
      const held = deps.held?.() ?? null
      if (held && held.hash !== hash) {
        const { status, bytes } = await transport.send({
          ...release(hash, leave),
          headers: { 'a-im': 'segments', 'if-none-match': `"${held.hash}"` },
        })
        const whole = status === 226 ? assembled(held.bytes, bytes) : bytes
        if (whole && sha256Hex(whole) === hash) return whole
      }
      const { bytes } = await transport.send({ ...release(hash, leave), resumes: `"${hash}"` })
      const digest = sha256Hex(bytes)
      if (digest !== hash)
        throw new FedError('E_CHECKSUM', `release: expected ${hash}, got ${digest}`)
      return bytes
    },
    async upload(upload, leave) {
      return readJson(await updates.send(upload, leave), UploadResponse, 'update')
    },
    async abandon(roundId, reason, leave) {
      const path = `/v1/rounds/${roundId}/abandon`
      const send = (reason: AbandonReason) => {
        const body = AbandonRequest.parse({ protocol: PROTOCOL_VERSION, reason })
        return postJson(transport, path, 'abandon', body, DoneResponse, leave)
      }
      await send(reason).catch((error: unknown) => {
        // A server of an earlier version does not know this reason.
        if (reason !== 'small_cohort' || !isFedError(error) || error.code !== 'E_BODY') throw error
        return send('not_eligible')
      })
    },
    async isWanted(roundId, leave) {
      const path = `/v1/rounds/${roundId}`
      const { bytes } = await transport.send({ method: 'GET', path, what: 'round', ...leave })
      return readJson(bytes, RoundStatus, 'round').isOpen
    },
    async judge(hash, judgement, leave) {
      const path = `/v1/releases/${hash}/judgement`
      const send = (sent: Judgement) => {
        const body = JudgeRequest.parse({ protocol: PROTOCOL_VERSION, ...sent })
        return postJson(transport, path, 'judgement', body, JudgeResponse, leave)
      }
      await send(judgement).catch((error: unknown) => {
        // A server of an earlier version takes the difference alone.
        if (!isFedError(error) || error.code !== 'E_BODY') throw error
        return send({ difference: judgement.difference })
      })
    },
    async replaceKey(next, signal) {
      const proof = keyProof(deviceIdOfKey(deps.key), next)
      const { publicKey } = next
      const body = ReplaceKeyRequest.parse({ protocol: PROTOCOL_VERSION, publicKey, proof })
      // It follows no consent: the user has just asked for it.
      const leave = { signal, check: () => {} }
      await postJson(transport, '/v1/device/key', 'key', body, DoneResponse, leave)
    },
    async leaveServer(signal) {
      // Leaving follows no consent: the user has just asked for it.
      const leave = { signal, check: () => {}, body: new Uint8Array() }
      const path = '/v1/device'
      const { bytes } = await transport.send({ method: 'DELETE', path, what: 'leave', ...leave })
      readJson(bytes, DoneResponse, 'leave')
    },
  }
}

const release = (hash: string, leave: Leave) => ({
  method: 'GET' as const,
  path: `/v1/releases/${hash}`,
  what: 'release',
  maxBytes: MAX_BINARY_BYTES,
  ...leave,
})

/** null where it cannot be: the release is then fetched whole. */
const assembled = (held: Uint8Array, delta: Uint8Array): Uint8Array | null => {
  try {
    return applyDelta(held, delta)
  } catch {
    return null
  }
}

const postJson = async <T>(
  transport: SignedTransport,
  path: string,
  what: string,
  body: object,
  schema: z.ZodType<T>,
  leave: Leave,
): Promise<T> => {
  const { bytes } = await transport.send({
    method: 'POST',
    path,
    what,
    headers: { 'content-type': 'application/json' },
    body: new TextEncoder().encode(JSON.stringify(body)),
    ...leave,
  })
  return readJson(bytes, schema, what)
}

const readJson = <T>(bytes: Uint8Array, schema: z.ZodType<T>, what: string): T => {
  const fail = (code: 'E_UPSTREAM' | 'E_PROTOCOL', text: string, cause?: unknown) =>
    asSendFailure(new FedError(code, `${what}: ${text}`, { cause }), {
      status: 200,
      isRefusal: false,
      isUnsent: false,
    })
  let json: unknown
  try {
    json = JSON.parse(new TextDecoder().decode(bytes))
  } catch (cause) {
    throw fail('E_UPSTREAM', "the server's answer is not JSON", cause)
  }
  if ((json as { protocol?: unknown } | null)?.protocol !== PROTOCOL_VERSION)
    throw fail('E_PROTOCOL', `expected protocol ${PROTOCOL_VERSION} in the server's answer`)
  const result = schema.safeParse(json)
  if (result.success) return result.data
  throw fail('E_UPSTREAM', "the server's answer does not match the protocol")
}
