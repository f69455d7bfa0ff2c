/** What must hold of every reader, whatever it is given. */
import fc from 'fast-check'
import { expect } from 'vitest'
import { isFedError } from '../../adapters/errors.ts'
import type { Target } from './readers.ts'

/** Of an input; on a busy machine most of it is other work. */
export const MOST_MS = 2000

const MiB = 2 ** 20
/** Array buffers that reading so many bytes may take. */
const mostBytes = (length: number): number => 16 * MiB + 16 * length

/** A value, or a refusal with a code; in time, in bounded memory, and nothing else is changed. */
export const fuzzReader = ({ inputs, read }: Target, seed: number, numRuns: number): void =>
  fc.assert(
    fc.property(inputs, (bytes) => {
      const before = process.memoryUsage().arrayBuffers
      const started = performance.now()
      try {
        read(bytes)
      } catch (error) {
        if (!isFedError(error)) throw error
      }
      const took = performance.now() - started
      const taken = process.memoryUsage().arrayBuffers - before
      if (took > MOST_MS) throw new Error(`took ${Math.round(took)} ms`)
      if (taken > mostBytes(bytes.length))
        throw new Error(`took ${taken} bytes for ${bytes.length}`)
      checkPrototypes()
    }),
    { seed, numRuns },
  )

/** Nothing that was read has changed what all objects have. */
export const checkPrototypes = (): void => {
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
}
