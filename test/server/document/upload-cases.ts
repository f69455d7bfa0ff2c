/** Uploads: what each refusal and answer takes. */
import { encodeContainer } from '../../../adapters/container/container.ts'
import { sequentialSegments } from '../../../adapters/lora/layout.ts'
import { seededRng } from '../../../adapters/random.ts'
import type { Assignment } from '../../../adapters/wire/federation.ts'
import { contentDigest } from '../../../adapters/wire/signature.ts'
import {
  checkInOf,
  START,
  type TestDevice,
  tinyJob,
  type UpdateChanges,
  updateFor,
  updateHeader,
  updateParts,
} from '../../support/federation-fixture.ts'
import type { Cases } from './cases.ts'
import { type Collecting, collecting } from './scenes.ts'
import { requestOf, type Sent } from './send.ts'

type Upload = {
  readonly device?: TestDevice
  readonly assignment?: Assignment
  readonly bytes?: Uint8Array
  readonly headers?: Record<string, string>
}

/** The request of an operation for these bytes. */
const requestFor = (id: string, s: Collecting, upload: Upload): Request => {
  const { device = s.device, assignment = s.assignment, headers = {} } = upload
  const bytes = upload.bytes ?? updateFor(s.assignment, 'a')
  const whole = id === 'upload' ? {} : { 'repr-digest': contentDigest(bytes) }
  const piece = id === 'uploadRest' ? { 'upload-offset': '0', 'upload-complete': '?1' } : {}
  const sent: Sent = {
    device,
    at: { roundId: assignment.roundId },
    headers: { 'upload-token': assignment.uploadToken, ...whole, ...piece, ...headers },
    ...(id !== 'uploadOffset' && { body: bytes }),
  }
  return requestOf(id, sent)
}

const sendUpload = (id: string, s: Collecting, upload: Upload = {}) =>
  s.server.fetch(requestFor(id, s, upload))

/** Before a body is looked at. */
const unwanted = (id: string): Cases[string] => ({
  async E_AUTH() {
    return sendUpload(id, await collecting(), { headers: { 'upload-token': 'x'.repeat(43) } })
  },
  async E_NO_ROUND() {
    const s = await collecting()
    return sendUpload(id, s, { assignment: { ...s.assignment, roundId: 'nothing' } })
  },
  async E_NOT_IN_COHORT() {
    const s = await collecting()
    return sendUpload(id, s, { device: s.other })
  },
  async E_ROUND_CLOSED() {
    const s = await collecting()
    await s.server.operator.call('POST', `/v1/operator/jobs/${s.jobId}/cancel`)
    return sendUpload(id, s)
  },
  async E_TWICE() {
    const s = await collecting()
    await sendUpload('upload', s)
    return sendUpload(id, s, { bytes: updateFor(s.assignment, 'another') })
  },
  async E_FULL() {
    let hasRoom = true
    const s = await collecting({ hasRoom: () => hasRoom })
    hasRoom = false
    return sendUpload(id, s)
  },
})

const changedBy = (id: string, changes: UpdateChanges) => async () => {
  const s = await collecting()
  return sendUpload(id, s, { bytes: updateFor(s.assignment, 'a', changes) })
}

/** What a device of ours would not encode. value: of every number. */
const raw =
  (id: string, header: object, value = 0) =>
  async () => {
    const s = await collecting()
    const parts = updateParts(s.assignment, seededRng('x'))
    const payload = Float32Array.from(parts.flatMap((part) => Array.from(part.data))).fill(value)
    const segments = sequentialSegments(parts)
    const bytes = encodeContainer({ ...updateHeader(s.assignment), segments, ...header }, payload)
    return sendUpload(id, s, { bytes })
  }

/** Of the update itself. */
const refused = (id: string): Cases[string] => ({
  ...unwanted(id),
  async E_TOO_LARGE() {
    return sendUpload(id, await collecting(), { headers: { 'content-length': '99999999' } })
  },
  async E_TOO_SLOW() {
    const s = await collecting({ traffic: { limits: { pace: { bytes: 1e9, withinMs: 5 } } } })
    const { url, method, headers } = requestFor(id, s, {})
    const body = new ReadableStream({ pull: () => new Promise(() => {}) })
    return s.server.fetch(
      new Request(url, { method, headers, body, duplex: 'half' } as RequestInit),
    )
  },
  async E_CONTAINER() {
    return sendUpload(id, await collecting(), { bytes: new Uint8Array(100) })
  },
  E_PROTOCOL: raw(id, { protocol: 2 }),
  E_SHAPE: changedBy(id, { header: { adapter: { ...tinyJob().adapter, alpha: 8 } } }),
  E_NOT_FINITE: raw(id, {}, Number.NaN),
  E_NORM: raw(id, {}, 1e5),
  E_BASE_MODEL: changedBy(id, { header: { base: { ...tinyJob().base, weights: 'c'.repeat(64) } } }),
  E_BASIS: changedBy(id, { header: { basisEpoch: 1 } }),
  E_FEATURES: changedBy(id, {
    header: { features: { pooled: 0, named: ['bold', 'lists', 'length'] } },
  }),
  async E_CONSENT() {
    const s = await collecting()
    const consent = { ...checkInOf(tinyJob(), START).consent, expiresAt: START + 5000 }
    const answer = await s.other.checkIn(tinyJob(), { consent })
    if (answer.kind !== 'assignment') throw new Error(answer.reason)
    await s.server.pass(5000)
    return sendUpload(id, s, { device: s.other, assignment: answer.assignment })
  },
})

const taken = (id: string): Cases[string] => ({
  202: async () => sendUpload(id, await collecting()),
  async 200() {
    const s = await collecting()
    await sendUpload(id, s)
    return sendUpload(id, s)
  },
})

export const UPLOAD_CASES: Cases = {
  upload: { ...refused('upload'), ...taken('upload') },
  uploadOffset: {
    ...unwanted('uploadOffset'),
    204: async () => sendUpload('uploadOffset', await collecting()),
  },
  uploadRest: {
    ...refused('uploadRest'),
    ...taken('uploadRest'),
    204: async () =>
      sendUpload('uploadRest', await collecting(), { headers: { 'upload-complete': '?0' } }),
    E_BODY: async () =>
      sendUpload('uploadRest', await collecting(), { headers: { 'upload-offset': 'far' } }),
    E_CONFLICT: async () =>
      sendUpload('uploadRest', await collecting(), { headers: { 'upload-offset': '7' } }),
  },
}
