import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeContainer, joinParts } from '../../../adapters/container/container.ts'
import { applyDelta, encodeDelta } from '../../../adapters/container/delta.ts'
import { isFedError } from '../../../adapters/errors.ts'

const made = (parts: Readonly<Record<string, readonly number[]>>, more: object = {}) => {
  const { segments, payload } = joinParts(
    Object.entries(parts).map(([name, data]) => ({ name, shape: [data.length], data })),
  )
  return encodeContainer({ ...more, segments }, payload)
}
const numbers = fc.array(fc.float({ noNaN: true }), { minLength: 1, maxLength: 8 })
const containers = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), numbers).map((p) => made(p))

describe('a delta', () => {
  test('makes the target of any two containers', () => {
    fc.assert(
      fc.property(containers, containers, (base, target) => {
        expect(applyDelta(base, encodeDelta(base, target))).toEqual(target)
      }),
    )
  })

  test('holds what differs, and little more', () => {
    const same = Array.from({ length: 10_000 }, (_, i) => i)
    const base = made({ a: same, b: [1, 2], c: same })
    const target = made({ a: same, b: [1, 3], c: same })
    expect(encodeDelta(base, target).length).toBeLessThan(500)
    expect(encodeDelta(base, base).length).toBeLessThan(100)
  })

  test('of other bytes ends in a code, or in bytes whose digest tells', () => {
    fc.assert(
      fc.property(containers, fc.uint8Array({ maxLength: 200 }), (base, delta) => {
        try {
          applyDelta(base, delta)
        } catch (error) {
          expect(isFedError(error) && error.code).toBe('E_CONTAINER')
        }
      }),
    )
  })

  test.each([
    ['goes beyond the base', [{ copy: 10, size: 1000 }]],
    ['goes beyond its own bytes', [{ bytes: 5 }]],
    ['makes more than a message may have', Array(2000).fill({ copy: 0, size: 60_000 })],
    ['has a step of no kind', [{ skip: 1 }]],
  ])('that %s is refused with E_CONTAINER', (_, steps) => {
    const json = new TextEncoder().encode(JSON.stringify(steps))
    const delta = new Uint8Array(4 + json.length)
    new DataView(delta.buffer).setUint32(0, json.length, true)
    delta.set(json, 4)
    const base = new Uint8Array(steps.length > 1 ? 60_000 : 100)
    expect(() => applyDelta(base, delta)).toThrowError(
      expect.objectContaining({ code: 'E_CONTAINER' }),
    )
  })
})
