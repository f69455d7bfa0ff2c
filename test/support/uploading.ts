/** Requests that send an update whole, in pieces, or with a connection that breaks. */
import type { Assignment } from '../../adapters/wire/federation.ts'
import { contentDigest } from '../../adapters/wire/signature.ts'
import type { TestDevice } from './federation-fixture.ts'

export const pathOf = ({ roundId }: Assignment) => `/v1/rounds/${roundId}/update`

/** A body of which it is known how much was read; it breaks off, or stops, after its bytes. */
export const bodyOf = (bytes: Uint8Array, end: 'ends' | 'breaks' | 'stops' = 'ends') => {
  const seen = { reads: 0 }
  const stream = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (seen.reads++ === 0 && bytes.length > 0) return controller.enqueue(bytes)
        if (end === 'breaks') return controller.error(new Error('ECONNRESET'))
        if (end === 'stops') return new Promise(() => {})
        return controller.close()
      },
    },
    { highWaterMark: 0 },
  )
  return { seen, stream }
}

export type Sending = {
  readonly method?: string
  readonly signed?: Uint8Array
  readonly headers?: Record<string, string>
}

/** Signed over `signed`, which may be more or other bytes than come. */
export const streamed = (
  device: TestDevice,
  assignment: Assignment,
  body: ReadableStream<Uint8Array>,
  { method = 'PUT', signed = new Uint8Array(), headers = {} }: Sending,
): Request => {
  const given = { 'upload-token': assignment.uploadToken, ...headers }
  const request = device.signed(method, pathOf(assignment), signed, { headers: given })
  const init = { method, headers: request.headers, body, duplex: 'half' } as RequestInit
  return new Request(request.url, init)
}

export const patch = (
  device: TestDevice,
  assignment: Assignment,
  whole: Uint8Array,
  [from, to]: readonly [number, number],
  isLast = true,
) =>
  device.signed('PATCH', pathOf(assignment), whole.subarray(from, to), {
    headers: {
      'upload-token': assignment.uploadToken,
      'upload-offset': String(from),
      'upload-complete': isLast ? '?1' : '?0',
      'repr-digest': contentDigest(whole),
      'content-type': 'application/partial-upload',
    },
  })

export const ask = (
  device: TestDevice,
  assignment: Assignment,
  whole: Uint8Array,
  method = 'GET',
) =>
  device.signed(method, pathOf(assignment), undefined, {
    headers: { 'upload-token': assignment.uploadToken, 'repr-digest': contentDigest(whole) },
  })
