import { expect, test } from 'vitest'
import { after, type Curve, figures, meanCurve } from '../../../../eval/bench/federated/curves.ts'

const curve = (...points: readonly (readonly [number, number, number])[]): Curve =>
  points.map(([bytes, seconds, loss]) => ({ bytes, seconds, loss })) as unknown as Curve

const curves = new Map([
  ['alternating', [curve([0, 0, 5], [3, 2, 4], [6, 4, 3], [8, 6, 2])]],
  ['fedavg', [curve([0, 0, 5], [4, 3, 4.5], [8, 5, 3.5])]],
])

test('losses are compared after the same bytes, and after the time of the fastest', () => {
  const rates = new Map([
    ['alternating', 0.1],
    ['fedavg', 0.2],
  ])
  const found = Object.fromEntries(figures(curves, rates).map(({ name, value }) => [name, value]))
  expect(found).toMatchObject({
    'bench.federated.alternating.loss.equal_bytes': 2,
    'bench.federated.alternating.loss.equal_time': 3,
    'bench.federated.alternating-fedavg.loss.equal_bytes': -1.5,
    'bench.federated.alternating-fedavg.loss.equal_time': -0.5,
    'bench.federated.alternating.round_seconds': 2,
    'bench.federated.fedavg.round_bytes': 4,
    'bench.federated.fedavg.learning_rate': 0.2,
  })
})

test('a round adds what a device sent and fetched', () => {
  const took = { sentBytes: 1, fetchedBytes: 2, seconds: 3 }
  expect(after({ bytes: 10, seconds: 10, loss: 5 }, took, 4)).toEqual({
    ...{ bytes: 13, seconds: 13, loss: 4 },
  })
})

test('the mean over worlds goes as far as all of them', () => {
  const one = curve([0, 0, 4], [1, 1, 2])
  const other = curve([0, 0, 6], [3, 3, 4], [9, 9, 1])
  expect(meanCurve([one, other])).toEqual(curve([0, 0, 5], [2, 2, 3]))
})
