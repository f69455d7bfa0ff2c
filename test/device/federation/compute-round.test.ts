import { expect, test } from 'vitest'
import { initialPrior } from '../../../adapters/aggregate/prior.ts'
import { findPart } from '../../../adapters/container/container.ts'
import { decodeUpdate } from '../../../adapters/contributions/messages.ts'
import { FedError } from '../../../adapters/errors.ts'
import { adapterLayout, factorsOf, layoutSize } from '../../../adapters/lora/layout.ts'
import type { Assignment } from '../../../adapters/wire/federation.ts'
import { JobSpec, PriorPlan } from '../../../adapters/wire/jobs.ts'
import { featureCount } from '../../../adapters/wire/primitives.ts'
import { runRound } from '../../../device/federation/compute-round.ts'
import type { RoundDeps } from '../../../device/federation/round-data.ts'
import { splitForRound } from '../../../device/federation/split-choices.ts'
import { featurizeChoices } from '../../../device/reward/choice-features.ts'
import { featureScale, fitHeadToChoices } from '../../../device/reward/head-fit.ts'
import { jobFor, shortChoices } from '../device-fixture.ts'
import { assignmentFor, build, model, releaseFor } from './round-fixture.ts'

const { initialVariance } = PriorPlan.parse({})
const featuresOf = (deps: RoundDeps, count: number) =>
  featurizeChoices(
    {
      engine: deps.engine,
      tokenizer: model.tokenizer,
      space: deps.space,
      exitLayer: 1,
      maxTokens: 64,
      memo: new Map(),
    },
    shortChoices(count),
    [],
  )

test('statistics are those of a slow loop over centred features', async () => {
  const { deps } = build()
  const assignment = assignmentFor({ contributions: ['statistics'], factor: null })
  const { bytes } = await runRound(deps, assignment, releaseFor(assignment), shortChoices(4))
  const update = decodeUpdate(bytes)
  const groups = (await featuresOf(deps, 4)).map((f) => f.raw)
  const size = groups[0]![0]!.length
  const squares = new Float64Array(size)
  for (const group of groups)
    for (let j = 0; j < size; j++) {
      const mean = group.reduce((sum, v) => sum + v[j]!, 0) / group.length
      for (const v of group) squares[j]! += (v[j]! - mean) ** 2
    }
  // Of twelve vectors, as means.
  expect(findPart(update, 'statistics.count')![0]).toBe(1)
  const got = findPart(update, 'statistics.sumSquares')!
  for (let j = 0; j < size; j++) expect(got[j]).toBeCloseTo(squares[j]! / 12, 4)
})

test('the prior part is the moments of the head under the released scale and prior', async () => {
  const { deps } = build()
  const size = featureCount(deps.space)
  const scale = Float32Array.from({ length: size }, (_, i) => 1 / (i + 2))
  const assignment = assignmentFor({ contributions: ['prior'], factor: null })
  const release = releaseFor(assignment, [{ name: 'statistics.scale', shape: [size], data: scale }])
  const { bytes, pairs } = await runRound(deps, assignment, release, shortChoices(4))
  const expected = fitHeadToChoices(
    await featuresOf(deps, 4),
    initialPrior(size, initialVariance),
    Float64Array.from(scale),
  ).fit.moments()
  const update = decodeUpdate(bytes)
  expect(pairs).toBe(0)
  expect(update.header.factor).toBeNull()
  expect([...findPart(update, 'prior.first')!]).toEqual([...Float32Array.from(expected.first)])
  expect([...findPart(update, 'prior.second')!]).toEqual([...Float32Array.from(expected.second)])
})

test.each(['A', 'B', 'AB'] as const)(
  'an adapter part is the change of %s, and of nothing else',
  async (factor) => {
    const { deps, calls } = build()
    const assignment = assignmentFor({ contributions: ['adapter'], factor })
    const { bytes, contributions } = await runRound(
      deps,
      assignment,
      releaseFor(assignment),
      shortChoices(4),
    )
    const { header, payload } = decodeUpdate(bytes)
    expect(contributions).toEqual(['adapter'])
    expect(header.segments.every((s) => factor.includes(s.name.at(-1)!))).toBe(true)
    expect(payload).toHaveLength(
      layoutSize(adapterLayout(model.base.shape, assignment.adapter, factorsOf(factor))),
    )
    expect(payload.some((v) => v !== 0)).toBe(true)
    const [request] = calls.train
    expect(request).toMatchObject({
      trainable: { index: 0, factors: factorsOf(factor) },
      batch: 4,
      maxTokens: 64,
    })
    expect(request!.adapters).toHaveLength(1)
  },
)

test('head and offset together score every pair as the fitted head does', async () => {
  const { deps, calls, engine } = build()
  const size = featureCount(deps.space)
  const scale = Float32Array.from({ length: size }, () => 0.05)
  const assignment = assignmentFor({ contributions: ['adapter'] })
  await runRound(
    deps,
    assignment,
    releaseFor(assignment, [{ name: 'statistics.scale', shape: [size], data: scale }]),
    shortChoices(3),
  )
  const features = await featuresOf(deps, 3)
  const { fit } = fitHeadToChoices(
    features,
    initialPrior(size, initialVariance),
    Float64Array.from(scale),
  )
  const { objective } = calls.train[0]!
  if (objective.kind !== 'reward') throw new Error('expected a reward objective')
  expect(objective.pairs).toHaveLength(6)
  const pair = objective.pairs[1]!
  const [c, r] = await engine.pooled([pair.chosen, pair.rejected], { exitLayer: 1, adapters: [] })
  const engineSide = objective.head.reduce((sum, h, i) => sum + h * (c![i]! - r![i]!), pair.offset)
  const [chosen, rejected] = [features[0]!.raw[1]!, features[0]!.raw[2]!]
  const headSide = fit.w.reduce((sum, w, i) => sum + w * scale[i]! * (chosen[i]! - rejected[i]!), 0)
  expect(engineSide).toBeCloseTo(headSide, 4)
  expect(pair.weight).toBeCloseTo(2 / 3, 12)
})

test('without a released scale the moments of a head are left out, and the update says so', async () => {
  const { deps } = build()
  const assignment = assignmentFor({ contributions: ['prior', 'statistics'], factor: null })
  const result = await runRound(deps, assignment, releaseFor(assignment), shortChoices(4))
  const update = decodeUpdate(result.bytes)
  expect(result.contributions).toEqual(['statistics'])
  expect(update.header.leftOut).toEqual(['prior'])
  expect(findPart(update, 'prior.first')).toBeUndefined()
  const alone = assignmentFor({ contributions: ['prior'], factor: null })
  await expect(runRound(deps, alone, releaseFor(alone), shortChoices(4))).rejects.toMatchObject({
    code: 'E_DATA',
    message: expect.stringContaining('no scale'),
  })
})

test.each([
  [1, 1],
  [3, 2],
  [5, 4],
  [8, 8],
])('of %i pairs an update tells that there are at least %i', async (maxPairs, told) => {
  const { deps } = build()
  const base = assignmentFor({ contributions: ['adapter'] })
  const assignment = { ...base, training: { ...base.training, maxPairs } }
  const { bytes, pairs } = await runRound(deps, assignment, releaseFor(assignment), shortChoices(4))
  expect(pairs).toBe(maxPairs)
  expect(decodeUpdate(bytes).header.pairs).toBe(told)
})

test('the same assignment, release and choices give the same bytes', async () => {
  const assignment = assignmentFor()
  const run = async () =>
    (await runRound(build().deps, assignment, releaseFor(assignment), shortChoices(4))).bytes
  expect(Buffer.from(await run()).equals(Buffer.from(await run()))).toBe(true)
})

test('the encoded answers of a memo are used again', async () => {
  const { deps, calls } = build()
  const assignment = assignmentFor()
  await runRound(deps, assignment, releaseFor(assignment), shortChoices(4))
  const sizes = [...deps.memo.values()].map((m) => m.size)
  await runRound(deps, assignment, releaseFor(assignment), shortChoices(4))
  expect([...deps.memo.values()].map((m) => m.size)).toEqual(sizes)
  expect(calls.texts).toBe(24)
})

test('no more pairs are trained on than the plan takes', async () => {
  const { deps, calls } = build()
  const base = assignmentFor({ contributions: ['adapter'] })
  const assignment = { ...base, training: { ...base.training, maxPairs: 3 } }
  await runRound(deps, assignment, releaseFor(assignment), shortChoices(4))
  const { objective } = calls.train[0]!
  expect(objective.kind === 'reward' && objective.pairs).toHaveLength(3)
})

test.each([
  [
    'other weights',
    (a: Assignment) => ({ ...a, base: { ...a.base, weights: 'f'.repeat(64) } }),
    'E_BASE_MODEL',
  ],
  [
    'another tokenizer',
    (a: Assignment) => ({ ...a, base: { ...a.base, tokenizer: 'f'.repeat(64) } }),
    'E_BASE_MODEL',
  ],
  [
    'other features',
    (a: Assignment) => ({ ...a, features: { ...a.features, named: ['length'] } }),
    'E_FEATURES',
  ],
  ['another basis epoch', (a: Assignment) => ({ ...a, basisEpoch: 3 }), 'E_BASIS'],
  ['another rank', (a: Assignment) => ({ ...a, adapter: { ...a.adapter, rank: 3 } }), 'E_SHAPE'],
  ['another exit layer', (a: Assignment) => ({ ...a, exitLayer: 2 }), 'E_SHAPE'],
])('an assignment with %s is refused before anything is computed', async (_name, change, code) => {
  const { deps, calls } = build()
  const assignment = assignmentFor()
  await expect(
    runRound(deps, change(assignment), releaseFor(assignment), shortChoices(2)),
  ).rejects.toMatchObject({ code })
  expect(calls.pooled).toBe(0)
})

test('without any choice there is nothing to contribute to an adapter round', async () => {
  const assignment = assignmentFor({ contributions: ['adapter'] })
  await expect(
    runRound(build().deps, assignment, releaseFor(assignment), []),
  ).rejects.toMatchObject({ code: 'E_DATA' })
})

test('without memory for a training a device contributes the rest, and refuses a round of nothing else', async () => {
  const { deps, calls } = build()
  const tight: RoundDeps = {
    ...deps,
    checkMemory: ({ to, adapters }) => {
      throw new FedError('E_MEMORY', `to layer ${to}, ${adapters.length} adapter`)
    },
  }
  const all = assignmentFor()
  const sent = await runRound(tight, all, releaseFor(all), shortChoices(4))
  expect(sent).toMatchObject({ contributions: ['statistics'], problem: 'E_MEMORY' })
  const before = calls.pooled
  const only = assignmentFor({ contributions: ['adapter'] })
  await expect(runRound(tight, only, releaseFor(only), shortChoices(4))).rejects.toMatchObject({
    code: 'E_MEMORY',
    message: 'to layer 1, 1 adapter',
  })
  expect([calls.pooled, calls.train]).toEqual([before, []])
})

test('a gradient is of the choices that the head has not seen, each answer with its cotangent', async () => {
  const { deps, calls } = build()
  const job = JobSpec.parse(jobFor(model))
  const training = { ...job.training, method: 'gradient' as const, maxPairs: 8 }
  const assignment = assignmentFor({ contributions: ['adapter'], training })
  const choices = shortChoices(20)
  const { bytes, pairs, losses } = await runRound(deps, assignment, releaseFor(assignment), choices)
  const features = await featurizeChoices(
    {
      engine: deps.engine,
      tokenizer: model.tokenizer,
      space: deps.space,
      exitLayer: assignment.exitLayer,
      maxTokens: training.maxTokens,
      memo: new Map(),
    },
    choices,
    [],
  )
  const { learned, trained } = splitForRound(features, 'round', 8)
  const size = featureCount(deps.space)
  const scale = featureScale(features, deps.space)
  const head = fitHeadToChoices(learned, initialPrior(size, initialVariance), scale)
  const [request] = calls.gradient
  expect(calls.gradient).toHaveLength(1)
  expect(calls.train).toHaveLength(0)
  expect(request).toMatchObject({
    exitLayer: assignment.exitLayer,
    trainable: { index: 0, factors: ['B'] },
  })
  expect([pairs, trained.length, request!.answers.length]).toEqual([8, 4, 12])
  // The cotangent is the derivative of the loss by the pooled state: a central difference.
  const lossOf = (move: (raw: Float64Array, i: number) => Float64Array) =>
    trained.reduce((sum, { raw, chosen, weight }) => {
      const rewards = raw.map((x, i) =>
        move(x, i).reduce((r, v, j) => r + v * scale[j]! * head.fit.w[j]!, 0),
      )
      const total = rewards.reduce((a, r) => a + Math.exp(r), 0)
      return sum + weight * (Math.log(total) - rewards[chosen]!)
    }, 0)
  expect(losses).toHaveLength(1)
  expect(losses[0]).toBeCloseTo(lossOf((x) => x) / trained.length, 9)
  for (const i of [0, 1, 2])
    for (const j of [0, 5]) {
      const at = (e: number) =>
        lossOf((x, k) => (k === i ? x.map((v, n) => (n === j ? v + e : v)) : x))
      const slope = (at(1e-4) - at(-1e-4)) / 2e-4
      const given = request!.answers.reduce(
        (sum, { cotangent }, n) => sum + (n % 3 === i ? cotangent[j]! : 0),
        0,
      )
      expect(given).toBeCloseTo(slope, 5)
    }
  // The vector is minus the sum over maxPairs, and its number is no weight.
  const update = decodeUpdate(bytes)
  expect(update.header).toMatchObject({ factor: 'B', pairs: 1 })
  const { gradient } = await deps.engine.gradient(request!)
  const { base, adapter } = assignment
  const expected = adapterLayout(base.shape, adapter)
    .filter(({ factor }) => factor === 'B')
    .flatMap(({ offset, size: n }) => [...gradient.subarray(offset, offset + n)].map((g) => -g / 8))
  const norm = Math.hypot(...expected)
  const shrink = norm > training.updateNorm ? training.updateNorm / norm : 1
  const got = [...update.payload]
  expect(got).toHaveLength(expected.length)
  for (const [i, x] of expected.entries()) expect(got[i]).toBeCloseTo(shrink * x, 5)
})

test('a gradient that fails leaves the rest of the round, and alone fails with its code', async () => {
  const { deps } = build()
  const failing = {
    ...deps,
    engine: {
      ...deps.engine,
      gradient: () => Promise.reject(new FedError('E_DIVERGED', 'not finite')),
    },
  }
  const training = { ...JobSpec.parse(jobFor(model)).training, method: 'gradient' as const }
  const all = assignmentFor({ training })
  const sent = await runRound(failing, all, releaseFor(all), shortChoices(9))
  expect(sent).toMatchObject({ contributions: ['statistics'], problem: 'E_DIVERGED' })
  const alone = assignmentFor({ training, contributions: ['adapter'] })
  await expect(runRound(failing, alone, releaseFor(alone), shortChoices(9))).rejects.toMatchObject({
    code: 'E_DIVERGED',
  })
})
