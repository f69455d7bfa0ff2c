import { expect, test } from 'vitest'
import { benchPrivacy } from '../../../../eval/bench/privacy/bench.ts'
import { privacyPage, privacyTable } from '../../../../eval/bench/privacy/report.ts'

test('the benchmark has the share of the gain that each ε leaves: nearly all at a large one, and less at a small one', async () => {
  const { results } = await benchPrivacy({
    ...{ cohorts: [40], epsilons: [0.05, 1000], directions: [3], delta: 1e-6 },
    ...{ rounds: 1, choices: 10, worlds: 1, log: () => {} },
  })
  const share = (name: string) =>
    results.find((r) => r.name === `bench.privacy.${name}.share`)!.value
  for (const part of ['prior_3', 'adapter']) {
    expect(share(`${part}.cohort_40.none`)).toBe(1)
    expect(share(`${part}.cohort_40.epsilon_1000`)).toBeGreaterThan(0.7)
    expect(share(`${part}.cohort_40.epsilon_0.05`)).toBeLessThan(0.5)
  }
  expect(privacyTable(results)).toContain('prior, k = 3')
  const page = privacyPage(results, 'a test')
  expect(page.match(/<svg/g)).toHaveLength(2)
  expect(page).toContain('ε 1000')
})
