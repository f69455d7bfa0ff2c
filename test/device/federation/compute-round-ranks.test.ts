import { describe, expect, test, vi } from 'vitest'
import { decodeUpdate } from '../../../adapters/contributions/messages.ts'
import { FedError } from '../../../adapters/errors.ts'
import { initAdapter } from '../../../adapters/lora/init.ts'
import { adapterLayout, layoutSize, segmentOf } from '../../../adapters/lora/layout.ts'
import { residualSpec, splitRanks, withRank } from '../../../adapters/lora/ranks.ts'
import { runRound } from '../../../device/federation/compute-round.ts'
import type { RoundDeps } from '../../../device/federation/round-data.ts'
import { shortChoices } from '../device-fixture.ts'
import { assignmentFor, build, releaseFor } from './round-fixture.ts'

describe('of several ranks', () => {
  const flex = (changes: Partial<RoundDeps> = {}, ranks = [1, 2]) => {
    const it = build(changes)
    const assignment = assignmentFor({ contributions: ['adapter'], factor: 'AB', ranks })
    const { base, adapter } = assignment
    const flat = initAdapter(base.shape, adapter, 1).map((x, i) => x + 0.01 * ((i % 5) - 2))
    return { ...it, assignment, flat, release: releaseFor(assignment, [], flat) }
  }

  test.each([
    ['the largest', 2, 4],
    ['a smaller one, where the larger has no memory', 1, 1],
  ])('a device trains %s, and the rest is frozen', async (_, expected, room) => {
    const checkMemory: RoundDeps['checkMemory'] = ({ adapters, index }) => {
      if (adapters[index]!.rank > room) throw new FedError('E_MEMORY', 'too much')
    }
    const { deps, calls, assignment, release, flat } = flex({ checkMemory })
    const { bytes } = await runRound(deps, assignment, release, shortChoices(4))
    const { header, payload } = decodeUpdate(bytes)
    const { base, adapter } = assignment
    expect(header).toMatchObject({ factor: 'AB', rank: expected })
    expect(payload).toHaveLength(layoutSize(adapterLayout(base.shape, withRank(adapter, expected))))
    const [request] = calls.train
    const { leading, rest } = splitRanks(base.shape, { spec: adapter, flat }, expected)
    expect(request!.adapters).toEqual([leading, ...(rest ? [rest] : [])])
    expect(request!.trainable).toEqual({ index: 0, factors: ['A', 'B'] })
  })

  test('a device without memory for the smallest leaves its part out', async () => {
    const checkMemory = () => {
      throw new FedError('E_MEMORY', 'too much')
    }
    const { deps, assignment, release } = flex({ checkMemory })
    await expect(runRound(deps, assignment, release, shortChoices(4))).rejects.toMatchObject({
      code: 'E_MEMORY',
    })
  })
})

test('an add-on is active and frozen beside the factors that a device trains', async () => {
  const { deps, calls, engine } = build()
  const pooled = vi.spyOn(engine, 'pooled')
  const plain = assignmentFor({ contributions: ['adapter'], factor: 'AB' })
  const assignment = { ...plain, adapter: { ...plain.adapter, residual: 3 } }
  const { base, adapter } = assignment
  const spec = residualSpec(adapter)!
  const numbers = initAdapter(base.shape, spec, 2).map((x) => x + 0.1)
  const addOn = adapterLayout(base.shape, spec).map((s) => ({
    name: `residual.${s.name}`,
    shape: s.shape,
    data: segmentOf(numbers, s),
  }))
  const choices = shortChoices(4)
  const { bytes } = await runRound(deps, assignment, releaseFor(assignment, addOn), choices)
  const [request] = calls.train
  expect(request!.adapters.map(({ spec: { rank } }) => rank)).toEqual([adapter.rank, 3])
  expect(request!.adapters[1]).toEqual({ spec, flat: numbers })
  const { payload } = decodeUpdate(bytes)
  expect(payload).toHaveLength(layoutSize(adapterLayout(base.shape, adapter)))
  // The states that the head is fitted to are read under it too.
  expect(pooled).toHaveBeenLastCalledWith(
    expect.anything(),
    expect.objectContaining({ adapters: [{ spec, flat: numbers }] }),
  )
})
