/**
 * What an edge sends in place of its devices' updates: the exact sum of each row. It merges exactly, so
 * a sum over edges is the sum over their devices, to the bit.
 */
import type { PartialSum } from '../aggregate/exact-sum.ts'
import { decodePartial, encodePartial } from '../aggregate/partial-sum.ts'
import { encodeContainer, viewContainer } from '../container/container.ts'
import { FedError } from '../errors.ts'
import { parseAs } from '../parse.ts'
import { PartialUpdateHeader } from '../wire/containers.ts'
import type { Contribution } from '../wire/jobs.ts'
import type { RoundPlan } from './contribution.ts'
import { askedRows, summedSize } from './table.ts'

/** sums: of the rows that the round asks for, in their order. */
export type PartialUpdate = {
  readonly header: PartialUpdateHeader
  readonly sums: readonly PartialSum[]
}

export const PARTIAL_UPDATE = 'partial-update'

export const encodePartialUpdate = (
  header: Omit<PartialUpdateHeader, 'kind' | 'sums'>,
  sums: readonly { readonly name: Contribution; readonly sum: PartialSum }[],
): Uint8Array => {
  const bodies = sums.map(({ name, sum }) => ({ name, bytes: encodePartial(sum) }))
  const payload = new Uint8Array(bodies.reduce((size, { bytes }) => size + bytes.length, 0))
  let at = 0
  for (const { bytes } of bodies) {
    payload.set(bytes, at)
    at += bytes.length
  }
  const named = bodies.map(({ name, bytes }) => ({ name, bytes: bytes.length }))
  const whole = PartialUpdateHeader.parse({ ...header, kind: PARTIAL_UPDATE, sums: named })
  // Partial sums are containers, whose length is a multiple of four.
  return encodeContainer(whole, new Float32Array(payload.buffer))
}

/** Fails with E_CONTAINER, E_SHAPE (not the sums that the plan asks for), E_NORM (beyond their bounds). */
export const decodePartialUpdate = (bytes: Uint8Array, plan: RoundPlan): PartialUpdate => {
  const container = viewContainer(bytes)
  const header = parseAs(
    PartialUpdateHeader,
    container.header,
    'E_CONTAINER',
    'container: header ',
    'object',
  )
  const { buffer, byteOffset, byteLength } = container.payload
  const rows = askedRows(plan)
  const expected = rows.map(({ name }) => name).join(', ')
  const got = header.sums.map(({ name }) => name).join(', ')
  if (got !== expected) throw new FedError('E_SHAPE', `expected sums of ${expected}, got ${got}`)
  if (header.sums.reduce((size, sum) => size + sum.bytes, 0) !== byteLength)
    throw new FedError('E_CONTAINER', 'container: its sums are not as long as its payload')
  let at = 0
  const sums = header.sums.map(({ bytes: size }, i) => {
    const body = new Uint8Array(buffer, byteOffset + at, size)
    at += size
    return decodePartial(body, summedSize(rows[i]!, plan))
  })
  return { header, sums }
}
