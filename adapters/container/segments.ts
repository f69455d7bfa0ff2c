/** Where named matrices lie in a payload. All fail with E_SHAPE. */
import { FedError } from '../errors.ts'
import type { Segment } from '../lora/layout.ts'

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

/** Exactly these segments, in this order. */
export const requireSegments = (
  segments: readonly Segment[],
  expected: readonly Pick<Segment, 'name' | 'shape'>[],
): void => {
  for (const [i, { name, shape }] of expected.entries()) {
    const got = segments[i]
    if (got?.name !== name) throw bad(`expected segment ${name}, got ${got?.name ?? 'the end'}`)
    if (got.shape.length !== shape.length || got.shape.some((n, at) => n !== shape[at]))
      throw bad(`segment ${name}: expected shape [${shape}], got [${got.shape}]`)
  }
  const more = segments[expected.length]
  if (more) throw bad(`segment ${more.name} has no place here`)
}

const bad = (message: string) => new FedError('E_SHAPE', message)
