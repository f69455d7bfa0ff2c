import { describe, expect, test } from 'vitest'
import { seededRng } from '../../../adapters/random.ts'
import { parametersOf } from '../../../adapters/secagg/parameters.ts'
import { type Gone, gather, maskedOf, runRound, shareSecrets, TERMS } from './masked-round.ts'

const STEPS = ['shares', 'vector', 'survivors', 'unmask'] as const

describe('a masked round', () => {
  test.each([2, 3, 5, 20, 51])('of %i devices ends in the sum of their vectors', (count) => {
    const { sum, plain, unmask } = runRound(gather(count, 40))
    expect(sum).not.toEqual(plain)
    unmask()
    expect(sum).toEqual(plain)
  })

  test.each([3, 7].flatMap((count) => STEPS.map((step) => [count, step] as const)))(
    'of %i devices ends in the sum of the others where one is gone before its %s',
    (count, step) => {
      const { sum, plain, unmask } = runRound(gather(count, 16), { [step]: [count - 2] })
      unmask()
      expect(sum).toEqual(plain)
    },
  )

  test.each([[9, 20]])(
    'of %i devices ends %i times in the sum, or with E_SHARES or E_SURVIVORS, whoever is gone when',
    (count, times) => {
      const rng = seededRng(count)
      const ends = { sum: 0, refused: 0 }
      for (let i = 0; i < times; i++) {
        const share = rng.pick([0.02, 0.06, 0.2])
        const gone: Gone = Object.fromEntries(
          STEPS.map((step) => [
            step,
            Array.from({ length: count }, (_, p) => p).filter(() => rng.uniform() < share),
          ]),
        )
        try {
          const { sum, plain, unmask } = runRound(gather(count, 8), gone)
          unmask()
          expect(sum).toEqual(plain)
          ends.sum++
        } catch (error) {
          expect(['E_SHARES', 'E_SURVIVORS']).toContain((error as { code?: string }).code)
          ends.refused++
        }
      }
      expect(ends.sum).toBeGreaterThan(0)
    },
  )

  test('ends with E_SHARES where too few reveal their shares', () => {
    const { threshold } = parametersOf(20, TERMS)
    const gone = (n: number) => ({ unmask: Array.from({ length: n }, (_, i) => i) })
    const enough = runRound(gather(20, 8), gone(20 - threshold))
    enough.unmask()
    expect(enough.sum).toEqual(enough.plain)
    const short = runRound(gather(20, 8), gone(20 - threshold + 1))
    expect(short.unmask).toThrow(expect.objectContaining({ code: 'E_SHARES' }))
  })

  test('outlives wrong shares while enough right ones are there', () => {
    const { told, sum, plain, unmask } = runRound(gather(20, 8), { vector: [4] })
    const lies = told.answers.get(7)!.map((one) => ({ ...one, share: `AA${'B'.repeat(42)}` }))
    ;(told.answers as Map<number, typeof lies>).set(7, lies)
    unmask()
    expect(sum).toEqual(plain)
  })

  test('a masked vector says nothing of the vector: its bits are those of chance', () => {
    const party = gather(5, 4096)
    for (const { vector } of party.devices) vector.fill(7)
    shareSecrets(party)
    const masked = party.devices.map(maskedOf)
    for (const vector of masked) {
      let ones = 0
      const bytes = new Uint8Array(vector.buffer)
      const counts = new Array<number>(256).fill(0)
      for (const byte of bytes) {
        counts[byte]!++
        ones += byte.toString(2).replaceAll('0', '').length
      }
      const bits = 8 * bytes.length
      // Five standard deviations.
      expect(Math.abs(ones - bits / 2)).toBeLessThan(2.5 * Math.sqrt(bits))
      const chiSquare =
        counts.reduce((s, n) => s + (n - bytes.length / 256) ** 2, 0) / (bytes.length / 256)
      expect(Math.abs(chiSquare - 255)).toBeLessThan(5 * Math.sqrt(2 * 255))
    }
    // Equal vectors of two devices have nothing in common.
    expect(masked[0]!.filter((x, i) => x === masked[1]![i]).length).toBeLessThan(3)
  })

  test('the same vector is masked to the same bytes, as often as it is sent', () => {
    const party = gather(3, 10)
    shareSecrets(party)
    const [device] = party.devices
    expect(maskedOf(device!)).toEqual(maskedOf(device!))
  })
})
