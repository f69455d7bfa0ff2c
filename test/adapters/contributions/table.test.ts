import { describe, expect, test } from 'vitest'
import type { Part } from '../../../adapters/container/container.ts'
import { adapterRow } from '../../../adapters/contributions/adapter.ts'
import {
  type ContributionRow,
  coarseCount,
  type ServerPlan,
} from '../../../adapters/contributions/contribution.ts'
import { decodeUpdate, encodeUpdate } from '../../../adapters/contributions/messages.ts'
import { priorRow } from '../../../adapters/contributions/prior.ts'
import { statisticsRow } from '../../../adapters/contributions/statistics.ts'
import {
  askedRows,
  CONTRIBUTIONS,
  vectorOf,
  vectorSize,
} from '../../../adapters/contributions/table.ts'
import { initAdapter } from '../../../adapters/lora/init.ts'
import { triangleSize } from '../../../adapters/math/matrix.ts'
import { Contribution } from '../../../adapters/wire/jobs.ts'
import { PROTOCOL_VERSION } from '../../../adapters/wire/primitives.ts'
import { expectCode } from '../../support/expect-code.ts'
import { parsedJob } from '../../support/federation-fixture.ts'

const job = parsedJob({ training: { updateNorm: 2 } })
const plan: ServerPlan = { ...job, factor: 'B' }
const D = 3

/** What a device computes for each row. large: as far beyond all bounds as can be. */
const made = (large = false): Record<Contribution, Part[] | null> => {
  const flat = initAdapter(job.base.shape, job.adapter, 1)
  const by = large ? 1e9 : 0.01
  const second = new Float64Array(triangleSize(D)).fill(large ? 1e9 : 0)
  const [count, sumSquares] = [5, new Float64Array(D).fill(large ? 1e15 : 2)]
  return {
    adapter: adapterRow.make(
      { before: { spec: job.adapter, flat }, after: flat.map((x) => x + by) },
      plan,
    ),
    prior: priorRow.make({ first: new Float64Array(D), second }, plan),
    statistics: statisticsRow.make({ count, sum: new Float64Array(D), sumSquares }, plan),
  }
}

const updateOf = (parts: readonly Part[], factor: 'B' | null) => {
  const { base, adapter, features } = job
  const ids = { jobId: 'job', roundId: 'round', release: 'c'.repeat(64) }
  return decodeUpdate(
    encodeUpdate(
      {
        kind: 'update',
        protocol: PROTOCOL_VERSION,
        ...ids,
        basisEpoch: 0,
        base,
        adapter,
        features,
        factor,
        pairs: factor ? 4 : 0,
      },
      parts,
    ),
  )
}

const whole = () => {
  const { adapter, prior, statistics } = made()
  return updateOf([...adapter!, ...prior!, ...statistics!], 'B')
}

describe.each(CONTRIBUTIONS.map((row) => [row.name, row] as const))(
  'the row of %s',
  (name, row) => {
    test('makes the segments that it names, and they pass its door', () => {
      const parts = made()[name]!
      const shapes = row.segments(plan).map((s) => ({ name: s.name, shape: s.shape }))
      expect(parts.map((part) => ({ name: part.name, shape: part.shape }))).toEqual(shapes)
      const update = updateOf(parts, name === 'adapter' ? 'B' : null)
      expect(row.isIn(update.header)).toBe(true)
      row.checkPresence(update.header, { ...plan, contributions: [name] })
      row.checkValues(update, plan)
    })

    test('is one vector of an update, whatever else is in it', () => {
      const vector = vectorOf(row, whole())
      expect(vector).toHaveLength(vectorSize(row, plan))
      const parts = made()[name]!
      expect([...vector]).toEqual(parts.flatMap((part) => [...Float32Array.from(part.data)]))
    })

    test('is refused at the door where it is missing, unasked for or beyond its bounds', () => {
      const others = Object.entries(made()).filter(([other]) => other !== name)
      const without = updateOf(
        others.flatMap(([, parts]) => parts!),
        name === 'adapter' ? null : 'B',
      )
      if (name !== 'adapter') expectCode('E_SHAPE', () => row.checkPresence(without.header, plan))
      expectCode('E_SHAPE', () =>
        row.checkPresence(whole().header, { ...plan, factor: null, contributions: [] }),
      )
      const large = made(true)[name]!
      const strict =
        name === 'adapter' ? { ...plan, training: { ...plan.training, updateNorm: 1 } } : plan
      const update = updateOf(large, name === 'adapter' ? 'B' : null)
      expectCode('E_NORM', () => row.checkValues(update, strict))
    })
  },
)

test('the table has a row for each contribution, and a round asks for some of them in its order', () => {
  expect(CONTRIBUTIONS.map(({ name }) => name)).toEqual(Contribution.options)
  const names = askedRows({ ...job, contributions: ['statistics', 'adapter'] }).map(
    (row) => row.name,
  )
  expect(names).toEqual(['adapter', 'statistics'])
})

test('a wrapped row stands in for the row: a clip that knows nothing but vectors', () => {
  const clipped = (row: ContributionRow, norm: number): ContributionRow => ({
    ...row,
    make: (given, asked) => {
      const parts = row.make(given, asked) ?? []
      const numbers = parts.flatMap((part) => Array.from(part.data))
      const factor = Math.min(1, norm / Math.hypot(...numbers))
      return parts.map((part) => ({ ...part, data: Array.from(part.data, (x) => x * factor) }))
    },
  })
  const moments = { first: [3, 0, 0], second: [4, 0, 0, 0, 0, 0] }
  const parts = clipped(priorRow, 1).make(moments, plan)!
  expect(parts.map((part) => part.data)).toEqual([
    [0.6000000000000001, 0, 0],
    [0.8, 0, 0, 0, 0, 0],
  ])
})

test.each([
  [0, 0],
  [1, 1],
  [3, 2],
  [64, 64],
  [100, 64],
])('a count of %i is reported as %i', (count, reported) => {
  expect(coarseCount(count)).toBe(reported)
})
