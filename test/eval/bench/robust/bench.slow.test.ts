import { expect, test } from 'vitest'
import { benchRobust } from '../../../../eval/bench/robust/bench.ts'

test('the benchmark has a figure for each part, attack and rule; stretched updates ruin the mean and not the median', async () => {
  const { results } = await benchRobust({
    ...{ devices: 10, poisoned: 0.2, rounds: 3, choices: 10, worlds: 1, log: () => {} },
  })
  expect(results).toHaveLength(2 * 6 * 8 * 2)
  const value = (name: string) => results.find((r) => r.name === `bench.robust.${name}`)!.value
  expect(value('adapter.none.mean.loss')).toBeLessThan(Math.LN2)
  expect(value('adapter.scaling.mean.loss')).toBeGreaterThan(Math.LN2)
  expect(value('adapter.scaling.geometric_median.loss')).toBeLessThan(Math.LN2)
  expect(value('prior.scaling.geometric_median.utility')).toBeGreaterThan(
    value('prior.scaling.mean.utility'),
  )
  expect(value('adapter.none.krum.left_out')).toBe(9)
  expect(value('adapter.none.mean.left_out')).toBe(0)
})
