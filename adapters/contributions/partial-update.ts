/**
 * What an edge sends in place of its devices' updates: the exact sum of each row. It merges exactly, so
 * a sum over edges is the sum over their devices, to the bit.
 */
import type { PartialSum } from '../aggregate/exact-sum.ts'
import { joinPartials, splitPartials } from '../aggregate/partial-sum.ts'
import { encodeContainer, viewContainer } from '../container/container.ts'
import { FedError } from '../errors.ts'
import { parseAs } from '../parse.ts'
import { PartialUpdateHeader } from '../wire/containers.ts'
import type { Contribution } from '../wire/jobs.ts'
import type { ServerPlan } from './contribution.ts'
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
  const { payload, sizes } = joinPartials(sums.map(({ sum }) => sum))
  const named = sums.map(({ name }, i) => ({ name, bytes: sizes[i]! }))
  return encodeContainer(
    PartialUpdateHeader.parse({ ...header, kind: PARTIAL_UPDATE, sums: named }),
    payload,
  )
}

/** Fails with E_CONTAINER, E_SHAPE (not the sums that the plan asks for), E_NORM (beyond their bounds). */
export const decodePartialUpdate = (bytes: Uint8Array, plan: ServerPlan): PartialUpdate => {
  const container = viewContainer(bytes)
  const header = parseAs(
    PartialUpdateHeader,
    container.header,
    'E_CONTAINER',
    'container: header ',
    'object',
  )
  const rows = askedRows(plan)
  const expected = rows.map(({ name }) => name).join(', ')
  const got = header.sums.map(({ name }) => name).join(', ')
  if (got !== expected) throw new FedError('E_SHAPE', `expected sums of ${expected}, got ${got}`)
  const sums = splitPartials(
    container.payload,
    header.sums.map((sum) => sum.bytes),
    rows.map((row) => summedSize(row, plan)),
  )
  return { header, sums }
}
