/**
 * An update and a release: containers whose segments are those of the table. Writing refuses what
 * reading would.
 */
import type { z } from 'zod'
import {
  type Container,
  decodeContainer,
  encodeContainer,
  encodedOf,
  joinParts,
  type Part,
  viewContainer,
} from '../container/container.ts'
import { checkSegments, requireSegments } from '../container/segments.ts'
import { FedError } from '../errors.ts'
import { isFiniteVector } from '../math/vector.ts'
import { parseAs } from '../parse.ts'
import { ReleaseHeader, UpdateHeader } from '../wire/containers.ts'
import type { Assignment } from '../wire/federation.ts'
import { PROTOCOL_VERSION } from '../wire/primitives.ts'
import { CONTRIBUTIONS } from './table.ts'

/** What an update says of the assignment that it answers; no factor and no pairs. */
export const updateHeaderOf = (assignment: Assignment): Omit<UpdateHeader, 'segments'> => {
  const { jobId, roundId, release, basisEpoch, base, adapter, features } = assignment
  return {
    ...{ kind: 'update', protocol: PROTOCOL_VERSION, jobId, roundId, release, basisEpoch },
    ...{ base, adapter, features, factor: null, pairs: 0 },
  }
}

/**
 * parts in the order that wire/containers.ts names; offsets are filled in.
 * Fails with the same codes as decodeUpdate, so that nothing is sent that would be refused.
 */
export const encodeUpdate = (
  header: Omit<UpdateHeader, 'segments'>,
  parts: readonly Part[],
): Uint8Array => {
  const { segments, payload } = joinParts(parts)
  return encodeContainer(
    checkUpdateHeader({ ...header, segments }, payload),
    payload,
    encodedOf(parts),
  )
}

/** As encodeUpdate, for a release. */
export const encodeRelease = (
  header: Omit<ReleaseHeader, 'segments'>,
  parts: readonly Part[],
): Uint8Array => {
  const { segments, payload } = joinParts(parts)
  return encodeContainer(
    checkReleaseHeader({ ...header, segments }, payload),
    payload,
    encodedOf(parts),
  )
}

/**
 * Fails with E_CONTAINER (bytes or header), E_PROTOCOL (another protocol version), E_SHAPE
 * (segments that are not contiguous, or not those of the header's adapter and feature space) or
 * E_NOT_FINITE. The payload may be a view of the bytes.
 */
export const decodeUpdate = (bytes: Uint8Array): Container<UpdateHeader> => {
  const { header, payload } = viewContainer(bytes)
  return { header: checkUpdateHeader(header, payload), payload }
}

/** As decodeUpdate, for a release. */
export const decodeRelease = (bytes: Uint8Array): Container<ReleaseHeader> => {
  const { header, payload } = decodeContainer(bytes)
  return { header: checkReleaseHeader(header, payload), payload }
}

/**
 * What numbers a release may hold: far beyond what rounds arrive at, and near enough that nothing
 * fitted or run under it breaks. Fails with E_NORM, and with E_SHAPE where the exit layer is not
 * one of the model's. decodeRelease has seen that all is finite.
 */
export const checkReleaseBounds = (release: Container<ReleaseHeader>): void => {
  const { base, exitLayer } = release.header
  if (exitLayer > base.shape.layers)
    throw new FedError('E_SHAPE', `exit layer ${exitLayer}, the model has ${base.shape.layers}`)
  for (const row of CONTRIBUTIONS) row.checkReleased(release)
}

/**
 * The adapter part is there exactly when the header names a factor; prior and statistics come whole
 * or not at all.
 */
const checkUpdateHeader = (given: unknown, payload: Float32Array): UpdateHeader => {
  const header = parseHeader(UpdateHeader, given, payload)
  const rows = CONTRIBUTIONS.filter((row) => row.isIn(header))
  requireSegments(
    header.segments,
    rows.flatMap((row) => row.segments(header)),
  )
  return header
}

/** Every factor of the adapter, then the prior and the statistics where they are. */
const checkReleaseHeader = (given: unknown, payload: Float32Array): ReleaseHeader => {
  const header = parseHeader(ReleaseHeader, given, payload)
  requireSegments(
    header.segments,
    CONTRIBUTIONS.flatMap((row) => row.releasedSegments(header)),
  )
  return header
}

const parseHeader = <Schema extends typeof UpdateHeader | typeof ReleaseHeader>(
  schema: Schema,
  given: unknown,
  payload: Float32Array,
): z.output<Schema> => {
  const protocol = (given as { protocol?: unknown }).protocol
  if (typeof protocol === 'number' && protocol !== PROTOCOL_VERSION)
    throw new FedError('E_PROTOCOL', `expected protocol ${PROTOCOL_VERSION}, got ${protocol}`)
  const header = parseAs(schema, given, 'E_CONTAINER', 'container: header ', 'object')
  const { segments, adapter, base } = header as z.output<typeof UpdateHeader | typeof ReleaseHeader>
  checkSegments(segments, payload.length)
  if (!isFiniteVector(payload)) {
    const wrong = payload.findIndex((x) => !Number.isFinite(x))
    throw new FedError('E_NOT_FINITE', `number ${wrong} of the payload is not finite`)
  }
  if (adapter.endLayer > base.shape.layers)
    throw new FedError(
      'E_SHAPE',
      `adapter ends at layer ${adapter.endLayer}, the model has ${base.shape.layers}`,
    )
  return header as z.output<Schema>
}
