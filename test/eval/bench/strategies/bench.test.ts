import { expect, test } from 'vitest'
import { matrix } from '../../../../adapters/math/matrix.ts'
import { runArm } from '../../../../eval/bench/strategies/arm.ts'
import { benchStrategies } from '../../../../eval/bench/strategies/bench.ts'
import { gradientOf, makeTask, SIZE } from '../../../../eval/bench/strategies/task.ts'

const plan = { rounds: 2, steps: 3, learningRate: 0.01 }

test('the loss is 1 without a change, and its gradient is that of a central difference', () => {
  const task = makeTask('one', 3)
  expect(task.loss(matrix(SIZE, SIZE))).toBeCloseTo(1, 12)
  const alone = makeTask('alone', 1)
  const [device] = alone.devices
  expect(alone.loss(device!.target)).toBeCloseTo(0, 12)
  const at = (by: number) =>
    alone.loss(
      matrix(
        SIZE,
        SIZE,
        device!.target.data.map((x) => by * x),
      ),
    )
  const slope = gradientOf(device!, matrix(SIZE, SIZE)).data.reduce(
    (sum, g, i) => sum + g * device!.target.data[i]!,
    0,
  )
  // The loss is a share of its first value, which is half the slope.
  expect((at(1e-4) - at(-1e-4)) / 2e-4).toBeCloseTo((2 * slope) / -slope, 6)
})

test('rounds of one factor and of products miss the mean by rounding; averages of factors do not', () => {
  const task = makeTask('one', 6)
  const errors = (arm: Parameters<typeof runArm>[1]) =>
    runArm(task, arm, plan).map(({ error }) => error)
  for (const error of errors({ name: 'a', strategy: 'alternating', rank: 4 }))
    expect(error).toBeLessThan(1e-5)
  // Six devices of rank two differ in at most twelve directions and the two of the adapter.
  for (const error of errors({ name: 'x', strategy: 'fedex', rank: 2, residual: 24 }))
    expect(error).toBeLessThan(1e-5)
  expect(errors({ name: 'f', strategy: 'fedavg', rank: 4 }).at(-1)).toBeGreaterThan(0.01)
  const mixed = { rank: 8, ranks: [2, 4, 8] }
  const [flex, padded] = [
    errors({ name: 'm', strategy: 'flex', ...mixed }),
    errors({ name: 'p', strategy: 'fedavg', ...mixed, isPadded: true }),
  ]
  expect(flex.at(-1)).toBeLessThan(padded.at(-1)!)
})

test('bytes are those of what devices send and fetch', () => {
  const task = makeTask('one', 3)
  const numbers = (arm: Parameters<typeof runArm>[1]) =>
    runArm(task, arm, plan).map(({ sent, moved }) => [sent, moved])
  expect(numbers({ name: 'a', strategy: 'alternating', rank: 4 })).toEqual([
    [4 * SIZE, 12 * SIZE],
    [8 * SIZE, 24 * SIZE],
  ])
  expect(numbers({ name: 'm', strategy: 'flex', rank: 8, ranks: [2, 4, 8] })[0]).toEqual([
    (28 / 3) * SIZE,
    (28 / 3 + 16) * SIZE,
  ])
})

test('every strategy and every difference has a figure', async () => {
  const log: string[] = []
  const options = {
    worlds: 1,
    devices: 3,
    rounds: 1,
    steps: 1,
    log: (line: string) => log.push(line),
  }
  const { results } = await benchStrategies(options)
  expect(log).toHaveLength(7)
  const names = results.map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
  expect(names).toContain('bench.strategies.alternating-fedavg.loss.sent')
  expect(names).toContain('bench.strategies.fedex.error')
})
