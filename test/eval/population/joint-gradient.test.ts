import { afterAll, beforeAll, expect, test } from 'vitest'
import { findPart } from '../../../adapters/container/container.ts'
import { decodeRelease } from '../../../adapters/contributions/messages.ts'
import type { Engine } from '../../../device/engine/engine.ts'
import { type Federated, FederationPlan } from '../../../eval/population/federate.ts'
import { rememberPooled } from '../../../eval/population/shared-engine.ts'
import { relativeDifference } from '../../support/engine-model.ts'
import { type Federation, GRADIENT_PLAN, hashes, openFederation } from './federation.ts'

let federation: Federation
beforeAll(async () => {
  federation = await openFederation()
})
afterAll(() => federation.close())

/** All but the first release's bytes may differ: that is what is compared. */
const partsOfRound = ({ rounds }: Federated, at: number) => {
  const release = decodeRelease(rounds[at]!.release)
  return ['layers.0.q.A', 'layers.0.q.B', 'layers.0.down.A', 'layers.0.down.B'].map(
    (name) => findPart(release, name)!,
  )
}

const countedEngine = () => {
  const shared = rememberPooled(federation.engine, federation.model.base.weights)
  const calls: number[] = []
  const engine: Engine = {
    ...shared,
    gradient: (request, ...rest) => {
      calls.push(request.answers.length)
      return shared.gradient(request, ...rest)
    },
  }
  return { engine, calls }
}

test('a cohort together releases what it would device by device, in one pass over distinct answers', async () => {
  const together = countedEngine()
  const alone = countedEngine()
  const joint = await federation.run('joint', { plan: GRADIENT_PLAN, engine: together.engine })
  const single = await federation.run('single', {
    plan: GRADIENT_PLAN,
    engine: alone.engine,
    isJoint: false,
  })
  expect(joint.rounds.map((r) => r.received)).toEqual([5, 5, 5])
  expect(single.rounds.map((r) => r.received)).toEqual([5, 5, 5])
  const first = partsOfRound(joint, 0)
  for (const at of [1, 2]) {
    const [a, b] = [partsOfRound(joint, at), partsOfRound(single, at)]
    for (const [i, part] of a.entries()) {
      // Tolerance: float32 sums in another order, and an update in float32.
      expect(relativeDifference(part, b[i]!)).toBeLessThan(1e-5)
    }
    expect(a).not.toEqual(first)
  }
  // A sum a round, and three devices of the first one by themselves.
  expect(together.calls).toHaveLength(2 + 3)
  expect(alone.calls).toHaveLength(10)
  expect(together.calls[0]).toBeLessThan(alone.calls.slice(0, 5).reduce((x, y) => x + y))
  const [, report, later] = joint.rounds.map((r) => r.joint)
  expect(report).toMatchObject({ answers: together.calls[0], clipped: 0 })
  expect(report!.norms).toHaveLength(3)
  expect(Math.min(...report!.norms)).toBeGreaterThan(0)
  expect(later!.norms).toEqual([])
  for (const { contributions } of joint.rounds.slice(1))
    for (const { pairs, losses } of contributions) expect([pairs, losses.length]).toEqual([4, 1])
})

test('the server optimizer moves every round, and the same seed gives the same bytes', async () => {
  const plan = FederationPlan.parse({
    ...GRADIENT_PLAN,
    steps: [
      { kind: 'statistics' },
      { kind: 'adapter', rounds: 3, cohort: 4, training: { method: 'gradient', maxPairs: 4 } },
    ],
  })
  const [one, again] = [
    await federation.run('adam', { plan }),
    await federation.run('adam again', { plan }),
  ]
  expect(hashes(again)).toEqual(hashes(one))
  expect(new Set(hashes(one)).size).toBe(4)
})

test('who would be clipped is reported', async () => {
  const [statistics, adapter] = GRADIENT_PLAN.steps
  const training = { ...adapter!.training, updateNorm: 1e-9 }
  const plan = { ...GRADIENT_PLAN, steps: [statistics!, { ...adapter!, training, rounds: 1 }] }
  const { rounds } = await federation.run('clipped', { plan })
  expect(rounds[1]!.joint).toMatchObject({ clipped: 3 })
})

test('a round that was interrupted while it was sent goes on with the same vector', async () => {
  const whole = await federation.run('whole gradient', { plan: GRADIENT_PLAN })
  const abort = new AbortController()
  const shared = rememberPooled(federation.engine, federation.model.base.weights)
  let sums = 0
  const stopping: Engine = {
    ...shared,
    gradient: async (request, ...rest) => {
      const result = await shared.gradient(request, ...rest)
      if (++sums === 4) setImmediate(() => abort.abort())
      return result
    },
  }
  await expect(
    federation.run('stopped', { plan: GRADIENT_PLAN, engine: stopping, signal: abort.signal }),
  ).rejects.toMatchObject({ code: 'E_CANCELLED' })
  const resumed = await federation.run('stopped', { plan: GRADIENT_PLAN })
  expect(hashes(resumed)).toEqual(hashes(whole))
})
