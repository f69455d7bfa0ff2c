/**
 * The device's side of the federation protocol (adapters/wire/federation.ts): enrol, check in,
 * download, upload.
 */
import type { z } from 'zod'
import { applyDelta } from '../../adapters/container/delta.ts'
import { FedError, isFedError } from '../../adapters/errors.ts'
import { sha256Hex } from '../../adapters/node/sha256.ts'
import { readEnrolmentToken } from '../../adapters/wire/enrolment-token.ts'
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
import { MaskMessage, MaskStatus } from '../../adapters/wire/masks.ts'
import { MAX_BINARY_BYTES, PROTOCOL_VERSION } from '../../adapters/wire/primitives.ts'
import { LedgerResponse } from '../../adapters/wire/privacy.ts'
import { LogResponse } from '../../adapters/wire/release-log.ts'
import { ServerKeyResponse } from '../../adapters/wire/server-key.ts'
import type { KeyPair } from '../../adapters/wire/signature.ts'
import { deviceIdOfKey } from '../home/device-key.ts'
import type { PendingUpload } from '../store/uploads.ts'
import { updateSender } from './send-update.ts'
import { checkAnswer, keyOfWords, type Pinned, requireSigned } from './server-word.ts'
import {
  type Answer,
  asSendFailure,
  type Outgoing,
  type SignedTransport,
  type SignedTransportDeps,
  sendFailure,
  signedTransport,
  type Traffic,
} from './signed-transport.ts'
import type { Departure } from './while-allowed.ts'

/**
 * check: called right before each attempt; throws if nothing may leave. mark: records, before each
 * attempt, that something may leave.
 */
export type Leave = Departure & { readonly mark?: () => Promise<void> }

export type Federation = {
  /**
   * token: one-time, from the operator. words: of the server's key; left out or null: those in the token, if any.
   * serverKey: null where nobody named one; else the token is not sent to a server of another key. Fails
   * with E_SERVER_KEY.
   */
  enroll(
    token: string,
    words?: string | null,
    signal?: AbortSignal,
  ): Promise<{ readonly deviceId: string; readonly serverKey: string | null }>
  /** What the server says of its key; null for a server of an earlier version. */
  serverKey(leave: Leave): Promise<ServerKeyResponse | null>
  /** Of the log of releases, after this entry. */
  log(after: number, leave: Leave): Promise<Omit<LogResponse, 'protocol'>>
  /** Of the privacy ledger, after this entry. */
  ledger(after: number, leave: Leave): Promise<Omit<LedgerResponse, 'protocol'>>
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
  /** What a masked round asks of this device now. */
  maskStatus(roundId: string, leave: Leave): Promise<MaskStatus>
  /** Says something in a masked round; the same may be said again. */
  sayMasked(roundId: string, message: MaskMessage, leave: Leave): Promise<void>
  /** The key of this client, which signs its keys of masked rounds. */
  readonly identity: KeyPair
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
    /** What the server is held to; left out: nothing. */
    readonly pinned?: Pinned | undefined
    readonly held?: () => { readonly hash: string; readonly bytes: Uint8Array } | null
  },
): Federation => {
  const transport = signedTransport(deps)
  const updates = updateSender(transport)
  const serverKey = (leave: Leave) => serverKeyOf(transport, leave)
  /** Of an answer that the server has signed, where it is held to a key. */
  const read = async <T>(answer: Answer, schema: z.ZodType<T>, what: string, leave: Leave) => {
    if (deps.pinned) await checkAnswer(answer, deps.pinned, () => serverKey(leave))
    return readJson(answer.bytes, schema, what)
  }
  const postJson = async <T>(
    path: string,
    what: string,
    body: object,
    schema: z.ZodType<T>,
    leave: Leave,
  ): Promise<T> => read(await transport.send(posted(path, what, body, leave)), schema, what, leave)
  const getJson = async <T>(path: string, what: string, schema: z.ZodType<T>, leave: Leave) =>
    read(await transport.send({ method: 'GET', path, what, ...leave }), schema, what, leave)
  return {
    traffic: transport.traffic,
    serverKey,
    identity: deps.key,
    log: (after, leave) => getJson(`/v1/log?after=${after}`, 'log', LogResponse, leave),
    ledger: (after, leave) =>
      getJson(`/v1/privacy?after=${after}`, 'ledger', LedgerResponse, leave),
    async enroll(token, words = null, signal) {
      const body = EnrollRequest.parse({
        protocol: PROTOCOL_VERSION,
        token,
        publicKey: deps.key.publicKey,
      })
      // Enrolment precedes any consent: the user has just asked for it.
      const leave = { signal, check: () => {} }
      const named = words ?? readEnrolmentToken(token).fingerprint
      const key = named === null ? null : keyOfWords(await serverKey(leave), named)
      const answer = await transport.send(posted('/v1/enroll', 'enroll', body, leave))
      if (key !== null) requireSigned(answer, key)
      const { deviceId } = readJson(answer.bytes, EnrollResponse, 'enroll')
      return { deviceId, serverKey: key }
    },
    checkIn(request, leave) {
      const body = CheckInRequest.parse({ ...request, protocol: PROTOCOL_VERSION })
      return postJson('/v1/checkin', 'checkin', body, CheckInResponse, leave)
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
      return read(await updates.send(upload, leave), UploadResponse, 'update', leave)
    },
    async abandon(roundId, reason, leave) {
      const path = `/v1/rounds/${roundId}/abandon`
      const send = (reason: AbandonReason) => {
        const body = AbandonRequest.parse({ protocol: PROTOCOL_VERSION, reason })
        return postJson(path, 'abandon', body, DoneResponse, leave)
      }
      await send(reason).catch((error: unknown) => {
        // A server of an earlier version does not know this reason.
        if (reason !== 'small_cohort' || !isFedError(error) || error.code !== 'E_BODY') throw error
        return send('not_eligible')
      })
    },
    async isWanted(roundId, leave) {
      return (await getJson(`/v1/rounds/${roundId}`, 'round', RoundStatus, leave)).isOpen
    },
    async maskStatus(roundId, leave) {
      return getJson(`/v1/rounds/${roundId}/masks`, 'masks', MaskStatus, leave)
    },
    async sayMasked(roundId, message, leave) {
      const path = `/v1/rounds/${roundId}/masks`
      await postJson(path, 'masks', MaskMessage.parse(message), DoneResponse, leave)
    },
    async judge(hash, judgement, leave) {
      const path = `/v1/releases/${hash}/judgement`
      const send = (sent: Judgement) => {
        const body = JudgeRequest.parse({ protocol: PROTOCOL_VERSION, ...sent })
        return postJson(path, 'judgement', body, JudgeResponse, leave)
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
      await postJson('/v1/device/key', 'key', body, DoneResponse, leave)
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

const posted = (path: string, what: string, body: object, leave: Leave): Outgoing => ({
  method: 'POST',
  path,
  what,
  headers: { 'content-type': 'application/json' },
  body: new TextEncoder().encode(JSON.stringify(body)),
  ...leave,
})

/** null for a server of an earlier version. */
const serverKeyOf = async (
  transport: SignedTransport,
  leave: Leave,
): Promise<ServerKeyResponse | null> => {
  try {
    const path = '/v1/server/key'
    const { bytes } = await transport.send({ method: 'GET', path, what: 'key', ...leave })
    return readJson(bytes, ServerKeyResponse, 'key')
  } catch (error) {
    if (sendFailure(error)?.status === 404) return null
    throw error
  }
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
