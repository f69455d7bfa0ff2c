import { expect, test } from 'vitest'
import { attackHeads } from '../../../eval/audit/heads.ts'
import { attackMembership, proportion } from '../../../eval/audit/membership.ts'

// scipy 1.17: binomtest(k, n).proportion_ci(0.95, method='exact'); tolerance 1e-6.
test.each([
  [0, 10, 0, 0.30849710781876083],
  [5, 10, 0.18708602844739855, 0.8129139715526015],
  [10, 10, 0.6915028921812392, 1],
  [3, 1000, 0.0006190999316483813, 0.00874202323847767],
])('%i of %i lie where Clopper and Pearson say', (hits, of, least, most) => {
  const [low, high] = proportion(hits, of)
  expect(Math.abs(low - least)).toBeLessThan(1e-6)
  expect(Math.abs(high - most)).toBeLessThan(1e-6)
})

test('without noise membership is certain; with it, no more is proven than is promised', () => {
  const plan = { delta: 1e-6, rounds: 5, trials: 8000, seed: 1 }
  const open = attackMembership(null, plan)
  expect([open.accuracy, open.noise]).toEqual([1, 0])
  expect(open.provenAtLeast).toBeGreaterThan(6)
  for (const epsilon of [1, 4]) {
    const { provenAtLeast, accuracy } = attackMembership(epsilon, plan)
    expect(provenAtLeast).toBeLessThan(epsilon)
    expect(accuracy).toBeLessThan(0.8)
  }
  // The attack is one: of a promise that is worth little it proves a good part.
  expect(attackMembership(4, plan).provenAtLeast).toBeGreaterThan(0.8)
})

test('two releases give away the head of a cohort of one, and little of one in twenty', () => {
  const alone = attackHeads(1, 4)
  expect(Math.min(...alone.member)).toBeGreaterThan(0.999)
  expect(alone.named).toBe(1)
  const among = attackHeads(20, 4)
  for (const cosine of among.member) expect(cosine).toBeLessThan(0.8)
})
