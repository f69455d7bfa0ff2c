/** An edge's requests to the server before it, signed with the key of the edge (RFC 9421). */
import type { z } from 'zod'
import { ERROR_CODES, type ErrorCode, FedError } from '../../adapters/errors.ts'
import { sha256Hex } from '../../adapters/node/sha256.ts'
import { type EdgeCheckInRequest, EdgeCheckInResponse } from '../../adapters/wire/edges.ts'
import { EnrollResponse, ErrorResponse, UploadResponse } from '../../adapters/wire/federation.ts'
import { MAX_BINARY_BYTES, MiB, PROTOCOL_VERSION } from '../../adapters/wire/primitives.ts'
import { deviceIdOf, type KeyPair, signRequest } from '../../adapters/wire/signature.ts'
import { newCredential } from '../access/secrets.ts'
import { NotForwarded, type RoundDeps } from '../rounds/deps.ts'
import type { Upstream } from '../store/records.ts'

export type UpstreamDeps = Pick<RoundDeps, 'clock' | 'rng'> & {
  readonly url: string
  readonly key: KeyPair
  readonly fetch: (request: Request) => Promise<Response>
}

/** All fail with the server's own code, and with E_UNAVAILABLE or E_UPSTREAM. */
export type UpstreamClient = {
  readonly url: string
  /** How many devices the edge may stand for. */
  enroll(token: string): Promise<number>
  checkIn(request: Omit<EdgeCheckInRequest, 'protocol'>): Promise<EdgeCheckInResponse>
  /** Fails with E_CHECKSUM. */
  download(hash: string): Promise<Uint8Array>
  /** The same bytes again are taken once. Fails with NotForwarded where they will never be taken. */
  forward(to: Upstream, partial: Uint8Array): Promise<void>
}

export const upstreamClient = (deps: UpstreamDeps): UpstreamClient => {
  const { url, key, clock } = deps
  const post = async <T>(path: string, body: object, schema: z.ZodType<T>): Promise<T> => {
    const bytes = new TextEncoder().encode(JSON.stringify({ protocol: PROTOCOL_VERSION, ...body }))
    const headers = { 'content-type': 'application/json' }
    return readJson(url, await send(deps, { method: 'POST', path, body: bytes, headers }), schema)
  }
  return {
    url,
    async enroll(token) {
      const body = { token, publicKey: key.publicKey, edge: true }
      return (await post('/v1/enroll', body, EnrollResponse)).edge ?? 1
    },
    checkIn: (request) => post('/v1/edges/checkin', request, EdgeCheckInResponse),
    async download(hash) {
      const bytes = await send(deps, {
        ...{ method: 'GET', path: `/v1/releases/${hash}`, maxBytes: MAX_BINARY_BYTES },
      })
      if (sha256Hex(bytes) !== hash)
        throw new FedError('E_CHECKSUM', `release ${hash}: ${url} sent other bytes`)
      return bytes
    },
    async forward({ roundId, uploadToken, deadlineAt }, partial) {
      const headers = { 'content-type': 'application/octet-stream', 'upload-token': uploadToken }
      const path = `/v1/rounds/${roundId}/update`
      try {
        const answer = await send(deps, { method: 'PUT', path, body: partial, headers })
        readJson(url, answer, UploadResponse)
      } catch (error) {
        if (error instanceof FedError && FINAL.has(error.code))
          throw new NotForwarded(error.code, `${url} refused the sums: ${error.message}`)
        if (clock() > deadlineAt)
          throw new NotForwarded('E_ROUND_CLOSED', `the round at ${url} ended before it had them`)
        throw error
      }
    },
  }
}

/** Refusals that stay, of these bytes or of this round. */
const FINAL: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'E_NO_ROUND',
  'E_NOT_IN_COHORT',
  'E_ROUND_CLOSED',
  'E_TWICE',
  'E_JOB_STATE',
  'E_TOO_LARGE',
  'E_CONTAINER',
  'E_SHAPE',
  'E_NORM',
  'E_BASIS',
  'E_AUTH',
  'E_NOT_ENROLLED',
])

/** For an answer, its body included. */
const ANSWER_MS = 60_000

type Outgoing = {
  readonly method: 'GET' | 'POST' | 'PUT'
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array
  readonly maxBytes?: number
}

const send = async (
  { url, key, fetch, clock, rng }: UpstreamDeps,
  { method, path, headers = {}, body, maxBytes = 16 * MiB }: Outgoing,
): Promise<Uint8Array> => {
  // As the server sees it: a proxy removes the path of its address.
  const signable = { method, url: `${new URL(url).origin}${path}`, body }
  const signature = signRequest(
    { ...signable, header: (name) => headers[name] },
    { keyId: deviceIdOf(key.publicKey), secretKey: key.secretKey },
    { nowMs: clock(), nonce: newCredential(rng).slice(0, 24) },
  )
  const request = new Request(`${url.replace(/\/+$/, '')}${path}`, {
    ...{ method, redirect: 'error', signal: AbortSignal.timeout(ANSWER_MS) },
    headers: { 'user-agent': 'loreweave-edge', ...headers, ...signature },
    ...(body && { body: body as Uint8Array<ArrayBuffer> }),
  })
  try {
    const response = await fetch(request)
    const bytes = await bodyOf(response, maxBytes)
    if (!response.ok) throw refusalOf(url, response.status, bytes)
    return bytes
  } catch (cause) {
    if (cause instanceof FedError) throw cause
    throw new FedError('E_UNAVAILABLE', `no answer from ${url}: is it running and reachable?`, {
      cause,
    })
  }
}

const bodyOf = async (response: Response, maxBytes: number): Promise<Uint8Array> => {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of response.body ?? []) {
    size += part.length
    if (size > maxBytes)
      throw new FedError('E_UPSTREAM', `an answer of more than ${maxBytes} bytes`)
    parts.push(part)
  }
  return new Uint8Array(Buffer.concat(parts))
}

const refusalOf = (url: string, status: number, bytes: Uint8Array): FedError => {
  const refusal = ErrorResponse.safeParse(parsed(bytes)).data?.error
  const code = ERROR_CODES.find((known) => known === refusal?.code)
  if (refusal && code) return new FedError(code, refusal.message)
  const kind = status >= 500 || status === 429 ? 'E_UNAVAILABLE' : 'E_UPSTREAM'
  return new FedError(kind, `${url} answered ${status} without an error of this protocol`)
}

const readJson = <T>(url: string, bytes: Uint8Array, schema: z.ZodType<T>): T => {
  const answer = schema.safeParse(parsed(bytes))
  if (answer.success) return answer.data
  throw new FedError(
    'E_UPSTREAM',
    `${url} gave an answer that is not of this protocol: edge and server must have the same version`,
  )
}

const parsed = (bytes: Uint8Array): unknown => {
  try {
    return JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    return undefined
  }
}
