/** Which segments an update and a release must have; the order is that of wire/containers.ts. All fail with E_SHAPE. */
import { FedError } from '../errors.ts'
import { adapterLayout, type Segment } from '../lora/layout.ts'
import { triangleSize } from '../math/matrix.ts'
import type { ReleaseHeader, UpdateHeader } from '../wire/containers.ts'
import { featureCount } from '../wire/primitives.ts'

/** Segments lie one after the other from 0, have distinct names, and cover the payload exactly. */
export const checkSegments = (segments: readonly Segment[], payloadSize: number): void => {
  const names = new Set<string>()
  let end = 0
  for (const { name, shape, offset, size } of segments) {
    if (names.has(name)) throw bad(`segment ${name} occurs twice`)
    names.add(name)
    if (shape.reduce((a, b) => a * b, 1) !== size)
      throw bad(`segment ${name}: shape [${shape}] does not hold ${size} numbers`)
    if (offset !== end) throw bad(`segment ${name}: expected offset ${end}, got ${offset}`)
    end += size
  }
  if (end !== payloadSize) throw bad(`segments hold ${end} numbers, the payload ${payloadSize}`)
}

/** The adapter part is there exactly when the header names a factor; prior and statistics come whole or not at all. */
export const checkUpdateParts = (header: UpdateHeader): void => {
  const d = featureCount(header.features)
  const parts = new PartReader(header.segments)
  if (header.adapter.endLayer > header.base.shape.layers) throw beyondModel(header)
  if (header.factor !== null)
    for (const { name, shape } of adapterLayout(header.base.shape, header.adapter, [header.factor]))
      parts.need(name, shape)
  if (parts.next() === 'prior.first') {
    parts.need('prior.first', [d])
    parts.need('prior.second', [triangleSize(d)])
  }
  if (parts.next() === 'statistics.count') {
    parts.need('statistics.count', [1])
    parts.need('statistics.sum', [d])
    parts.need('statistics.sumSquares', [d])
  }
  parts.end()
}

/** Every factor of the adapter, then the prior and the statistics where they are. */
export const checkReleaseParts = (header: ReleaseHeader): void => {
  const d = featureCount(header.features)
  const parts = new PartReader(header.segments)
  if (header.adapter.endLayer > header.base.shape.layers) throw beyondModel(header)
  for (const { name, shape } of adapterLayout(header.base.shape, header.adapter))
    parts.need(name, shape)
  if (parts.next() === 'prior.mean') {
    parts.need('prior.mean', [d])
    if (parts.next() === 'prior.directions') {
      const k = parts.peekShape()[0]!
      if (k > d) throw bad(`prior.directions: expected at most ${d} rows, got ${k}`)
      parts.need('prior.directions', [k, d])
      parts.need('prior.variances', [k])
    }
    parts.need('prior.rest', [1])
  }
  if (parts.next() === 'statistics.scale') parts.need('statistics.scale', [d])
  parts.end()
}

/** Reads segments one after the other. */
class PartReader {
  #at = 0
  readonly #segments: readonly Segment[]

  constructor(segments: readonly Segment[]) {
    this.#segments = segments
  }

  next(): string | undefined {
    return this.#segments[this.#at]?.name
  }

  peekShape(): readonly number[] {
    return this.#segments[this.#at]?.shape ?? []
  }

  need(name: string, shape: readonly number[]): void {
    const segment = this.#segments[this.#at++]
    if (segment?.name !== name)
      throw bad(`expected segment ${name}, got ${segment?.name ?? 'the end'}`)
    if (segment.shape.length !== shape.length || segment.shape.some((n, i) => n !== shape[i]))
      throw bad(`segment ${name}: expected shape [${shape}], got [${segment.shape}]`)
  }

  end(): void {
    const segment = this.#segments[this.#at]
    if (segment) throw bad(`segment ${segment.name} has no place here`)
  }
}

const beyondModel = (header: UpdateHeader | ReleaseHeader) =>
  bad(`adapter ends at layer ${header.adapter.endLayer}, the model has ${header.base.shape.layers}`)

const bad = (message: string) => new FedError('E_SHAPE', message)
