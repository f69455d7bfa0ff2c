import { describe, expect, test } from 'vitest'
import type { Part } from '../../../adapters/container/container.ts'
import {
  checkReleaseBounds,
  decodeRelease,
  encodeRelease,
} from '../../../adapters/contributions/messages.ts'
import { adapterLayout } from '../../../adapters/lora/layout.ts'
import { expectCode } from '../../support/expect-code.ts'

const shape = { layers: 2, hidden: 4, heads: 2, kvHeads: 1, headDim: 2, ffn: 6, vocab: 10 }
const adapter = { firstLayer: 0, endLayer: 2, modules: ['q' as const], rank: 2, alpha: 4 }
const base = { name: 'toy', weights: 'a'.repeat(64), tokenizer: 'b'.repeat(64), shape }

const features = { pooled: 2, named: ['length'] }

const GOOD = {
  'prior.mean': [0.5, -2, 0],
  'prior.directions': [1, 0, 0, 0, 0.6, 0.8],
  'prior.variances': [40, 0.5],
  'prior.rest': [1e-6],
  'statistics.scale': [0, 3, 1000],
}
const SHAPES: Record<string, number[]> = {
  'prior.mean': [3],
  'prior.directions': [2, 3],
  'prior.variances': [2],
  'prior.rest': [1],
  'statistics.scale': [3],
}

/** entry: of every number of the adapter. */
const release = (changes: Partial<typeof GOOD> = {}, entry = 0.1, exitLayer = 2) => {
  const parts: Part[] = Object.entries({ ...GOOD, ...changes }).map(([name, data]) => ({
    name,
    shape: SHAPES[name]!,
    data,
  }))
  const factors = adapterLayout(shape, adapter).map(({ name, shape, size }) => ({
    name,
    shape,
    data: Array<number>(size).fill(entry),
  }))
  const header = {
    kind: 'release',
    protocol: 1,
    base,
    adapter,
    exitLayer,
    features,
    basisEpoch: 0,
    version: 0,
    parent: null,
    jobId: null,
    roundId: null,
    cohort: 0,
    inputs: null,
    createdAt: 0,
  } as const
  return decodeRelease(encodeRelease(header, [...factors, ...parts]))
}

describe('checkReleaseBounds', () => {
  test('what rounds arrive at is let through, with a prior and without', () => {
    checkReleaseBounds(release())
    checkReleaseBounds(release({}, 0))
    const { header, payload } = release()
    const segments = header.segments.filter((s) => s.name.startsWith('layers.'))
    checkReleaseBounds({ header: { ...header, segments }, payload })
  })

  test.each<[string, Parameters<typeof release>, string]>([
    ['a prior whose variances are 1e15', [{ 'prior.variances': [1e15, 1] }], 'prior.variances'],
    ['a variance of next to nothing', [{ 'prior.variances': [1, 1e-20] }], 'prior.variances'],
    ['a rest of 1e15', [{ 'prior.rest': [1e15] }], 'prior.rest'],
    ['a rest below zero', [{ 'prior.rest': [-1] }], 'prior.rest'],
    ['a mean beyond any taste', [{ 'prior.mean': [0, -1e9, 0] }], 'prior.mean'],
    ['directions of another length', [{ 'prior.directions': [9, 0, 0, 0, 0, 1] }], 'directions'],
    ['directions that lean', [{ 'prior.directions': [1, 0, 0, 0.6, 0.8, 0] }], 'directions'],
    ['a scale that lets one feature decide', [{ 'statistics.scale': [1e9, 1, 1] }], 'scale'],
    ['a scale that turns a feature round', [{ 'statistics.scale': [-1, 1, 1] }], 'scale'],
    ['an adapter that drowns the weights', [{}, 1e6], 'layers.0.q'],
    ['an adapter beyond what float32 can square', [{}, 1e30], 'layers.0.q'],
  ])('%s is refused, by name', (_, given, name) => {
    expect(expectCode('E_NORM', () => checkReleaseBounds(release(...given))).message).toContain(
      name,
    )
  })

  test('an exit layer that the model does not have is refused', () => {
    expectCode('E_SHAPE', () => checkReleaseBounds(release({}, 0.1, 3)))
  })
})
