import { afterAll, beforeAll, expect, test } from 'vitest'
import { findPart } from '../../../adapters/container/container.ts'
import { decodeRelease } from '../../../adapters/contributions/messages.ts'
import { FedError } from '../../../adapters/errors.ts'
import type { Engine } from '../../../device/engine/engine.ts'
import { FederationPlan } from '../../../eval/population/federate.ts'
import { rememberPooled } from '../../../eval/population/shared-engine.ts'
import {
  choice,
  type Federation,
  hashes,
  interruptedAt,
  LOGS,
  openFederation,
  PLAN,
} from './federation.ts'

let federation: Federation
beforeAll(async () => {
  federation = await openFederation()
})
afterAll(() => federation.close())
const run: Federation['run'] = (...args) => federation.run(...args)

test('a plan becomes releases: scale, prior, adapter of sampled cohorts, prior over the adapter', async () => {
  const { rounds, beforeAdapter, final, devices } = await run('whole')
  expect(devices).toBe(5)
  expect(rounds.map((r) => [r.kind, r.step, r.round, r.received])).toEqual([
    ['statistics', 0, 0, 5],
    ['prior', 1, 0, 5],
    ['prior', 1, 1, 5],
    ['adapter', 2, 0, 3],
    ['adapter', 2, 1, 3],
    ['prior', 3, 0, 5],
  ])
  const [before, after] = [decodeRelease(beforeAdapter!), decodeRelease(final)]
  const isTrained = (release: typeof before) =>
    findPart(release, 'layers.0.q.B')!.some((v) => v !== 0)
  expect([isTrained(before), isTrained(after)]).toEqual([false, true])
  expect(findPart(before, 'prior.mean')).toHaveLength(findPart(after, 'prior.mean')!.length)
  for (const { contributions, received } of rounds) {
    expect(contributions).toHaveLength(received)
    for (const { up, down } of contributions) expect(Math.min(up, down)).toBeGreaterThan(1000)
  }
  expect(rounds[3]!.contributions.every((c) => c.pairs === 6 && c.losses.length > 0)).toBe(true)
})

test('compressed, updates are a third as long and releases near the plain ones', async () => {
  const plain = await run('whole')
  const plan = FederationPlan.parse({
    ...PLAN,
    compression: { updates: 'int8', releases: 'float16' },
  })
  const small = await run('compressed', { plan })
  expect(small.rounds.map((r) => r.received)).toEqual(plain.rounds.map((r) => r.received))
  const up = ({ rounds }: typeof plain) => rounds[2]!.contributions[0]!.up
  expect(up(small)).toBeLessThan(0.35 * up(plain))
  const [exact, rounded] = [plain, small].map(
    ({ final }) => findPart(decodeRelease(final), 'prior.mean')!,
  )
  const far = Math.max(...exact!.map((x, i) => Math.abs(x - rounded![i]!)))
  expect(far).toBeGreaterThan(0)
  expect(far).toBeLessThan(0.05 * Math.max(...exact!.map(Math.abs)))
  const { segments } = decodeRelease(small.final).header
  expect(segments.find(({ name }) => name === 'prior.directions')?.encoding).toBe('float16')
})

test('the same seed gives the same bytes; another draws other cohorts', async () => {
  const [first, again, other] = [
    await run('whole'),
    await run('again'),
    await run('other', { seed: 4 }),
  ]
  expect(hashes(again)).toEqual(hashes(first))
  expect(hashes(other)).not.toEqual(hashes(first))
})

test('interrupted, the next run goes on and ends with the same releases', () =>
  interruptedAt(federation, 8))

test('what is there is read back without computing anything', async () => {
  await run('whole')
  const idle: Engine = {
    ...federation.engine,
    pooled: () => Promise.reject(new Error('asked for states')),
    train: () => Promise.reject(new Error('asked for a training')),
    close: async () => {},
  }
  const again = await run('whole', { engine: idle })
  expect(again.rounds).toHaveLength(6)
})

test('a folder of other people, another plan or seed is refused with E_CONFLICT', async () => {
  await run('whole')
  for (const given of [{ seed: 5 }, { logs: LOGS.slice(1) }])
    await expect(run('whole', given)).rejects.toMatchObject({ code: 'E_CONFLICT' })
})

test('who has no choice among two answers gets no device, and nobody at all is E_DATA', async () => {
  const single = { ...choice('lonely', 1), candidates: ['only'], chosen: 0 }
  const unseen = { ...choice('test', 1), split: 'test' as const }
  const plan = FederationPlan.parse({ ...PLAN, steps: [{ kind: 'statistics' }] })
  const { devices, beforeAdapter } = await run('few', {
    logs: [LOGS[0]!, [single], [unseen]],
    plan,
  })
  expect(devices).toBe(1)
  expect(beforeAdapter).not.toBeNull()
  await expect(run('none', { logs: [[single], []] })).rejects.toMatchObject({ code: 'E_DATA' })
})

test('a device whose training fails is done without: the round closes at its deadline', async () => {
  let trainings = 0
  const shared = rememberPooled(federation.engine, federation.model.base.weights)
  const failing: Engine = {
    ...shared,
    train: (...args) =>
      trainings++ === 0
        ? Promise.reject(new FedError('E_DIVERGED', 'loss is NaN'))
        : shared.train(...args),
  }
  const plan = FederationPlan.parse({ ...PLAN, steps: [{ kind: 'adapter' }] })
  const { rounds } = await run('failing', { engine: failing, plan })
  expect(rounds.map((r) => r.received)).toEqual([4])
})
