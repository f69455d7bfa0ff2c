/** A simulated device: its key, what it signs, and updates that are valid and cost nothing to make. */
import { createHash } from 'node:crypto'
import { encodeUpdate, updateHeaderOf } from '../../../adapters/contributions/messages.ts'
import { adapterLayout, factorsOf, layoutSize } from '../../../adapters/lora/layout.ts'
import { seededRng } from '../../../adapters/random.ts'
import type { Assignment } from '../../../adapters/wire/federation.ts'
import type { JobSpecInput } from '../../../adapters/wire/jobs.ts'
import { PROTOCOL_VERSION } from '../../../adapters/wire/primitives.ts'
import { deviceIdOf, keyPairOf, signRequest } from '../../../adapters/wire/signature.ts'
import { type Outgoing, originOf } from './http.ts'

export type SimDevice = {
  readonly number: number
  readonly publicKey: string
  /** A request that this server accepts once. */
  sign(port: number, method: string, path: string, body: Uint8Array, headers?: Headers): Outgoing
}

type Headers = Readonly<Record<string, string>>

/** The same seed and number give the same key. */
export const simDevice = (seed: string, number: number): SimDevice => {
  const { publicKey, secretKey } = keyPairOf(
    createHash('sha256').update(`${seed}/${number}`).digest(),
  )
  const keyId = deviceIdOf(publicKey)
  let nonces = 0
  return {
    number,
    publicKey,
    sign(port, method, path, body, own = {}) {
      const headers = { 'content-type': 'application/json', ...own }
      const signature = signRequest(
        { method, url: originOf(port) + path, header: (name) => headers[name as never], body },
        { keyId, secretKey },
        { nowMs: Date.now(), nonce: `${keyId.slice(0, 16)}-${nonces++}` },
      )
      return { method, path, body, headers: { ...headers, ...signature } }
    },
  }
}

export const jsonBytes = (value: object): Uint8Array =>
  new TextEncoder().encode(JSON.stringify({ protocol: PROTOCOL_VERSION, ...value }))

/** A check-in that fits the job. */
export const checkInBytes = ({ base, features, contributions }: JobSpecInput): Uint8Array =>
  jsonBytes({
    base,
    features,
    consent: { purpose: 'personalization', contributions, grantedAt: 0, expiresAt: null },
    choices: '300+',
  })

export const enroll = (device: SimDevice, port: number, token: string): Outgoing =>
  device.sign(port, 'POST', '/v1/enroll', jsonBytes({ token, publicKey: device.publicKey }))

export const upload = (
  device: SimDevice,
  port: number,
  { roundId, uploadToken }: Assignment,
  bytes: Uint8Array,
): Outgoing =>
  device.sign(port, 'PUT', `/v1/rounds/${roundId}/update`, bytes, {
    'content-type': 'application/octet-stream',
    'upload-token': uploadToken,
  })

/** Most devices of a benchmark: each sends a window of one drawn vector. */
export const MAX_DEVICES = 100_000
let drawn = new Float32Array()

/** Of this device; another number gives other bytes, the same gives the same. */
export const updateBytes = (assignment: Assignment, number: number): Uint8Array => {
  const { base, adapter, factor } = assignment
  const layout = adapterLayout(base.shape, adapter, factorsOf(factor))
  const size = layoutSize(layout)
  const flat = numbersOf(size).subarray(number, number + size)
  const scale = assignment.training.updateNorm / (4 * Math.sqrt(size))
  return encodeUpdate(
    { ...updateHeaderOf(assignment), factor, pairs: factor ? 8 : 0 },
    layout.map(({ name, shape, offset, size }) => ({
      name,
      shape,
      data: flat.subarray(offset, offset + size).map((x) => x * scale),
    })),
  )
}

/** Of normal distribution; drawn once for the largest update so far, from the front the same. */
const numbersOf = (size: number): Float32Array => {
  const length = size + MAX_DEVICES
  if (drawn.length < length) {
    const rng = seededRng('updates of the benchmark')
    drawn = Float32Array.from({ length }, () => rng.normal())
  }
  return drawn
}
