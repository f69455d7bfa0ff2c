import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { decodeRelease, findPart } from '../../adapters/codec/container.ts'
import { FedError } from '../../adapters/errors.ts'
import type { ChoiceLine } from '../../adapters/wire/choice-log.ts'
import { type LocalModel, openModel } from '../../device/engine/model/open.ts'
import { openEngine } from '../../device/engine/run/client.ts'
import type { Engine } from '../../device/engine/run/types.ts'
import { type Federated, FederationPlan, federate } from '../../eval/federate.ts'
import { rememberPooled } from '../../eval/shared-engine.ts'

const folder = mkdtempSync(join(tmpdir(), 'loreweave-federate-'))
let model: LocalModel
let engine: Engine
beforeAll(async () => {
  model = await openModel({ cacheFolder: folder, name: 'tiny' })
  engine = openEngine({ folder: model.folder, threads: 1, oneChild: true })
})
afterAll(async () => {
  await engine.close()
  rmSync(folder, { recursive: true, force: true })
})

const choice = (user: string, n: number): ChoiceLine => ({
  user,
  id: `${user}-${n}`,
  messages: [{ role: 'user', content: `Question ${n % 7}?` }],
  candidates: [`Short answer ${n % 7}.`, `A much longer answer, with its reasons, ${n % 5}.`],
  chosen: n % 3 === 0 ? 1 : 0,
  at: n,
})
const LOGS = Array.from({ length: 5 }, (_, u) =>
  Array.from({ length: 6 }, (_, n) => choice(`person-${u}`, n + u)),
)
const PLAN = FederationPlan.parse({
  adapter: { layers: 1, rank: 2, alpha: 4 },
  steps: [
    { kind: 'statistics' },
    { kind: 'prior', rounds: 2, prior: { directions: 4 } },
    { kind: 'adapter', rounds: 2, cohort: 3, training: { learningRate: 0.01 } },
    { kind: 'prior', prior: { directions: 4 } },
  ],
})

const run = (name: string, given: Partial<Parameters<typeof federate>[0]> = {}) =>
  federate({
    folder: join(folder, name),
    logs: LOGS,
    model,
    engine: rememberPooled(engine, model.base.weights),
    memo: new Map(),
    plan: PLAN,
    seed: 3,
    log: () => {},
    ...given,
  })
const hashes = ({ rounds }: Federated) => rounds.map((r) => r.hash)

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

test('the same seed gives the same bytes; another draws other cohorts', async () => {
  const [first, again, other] = [
    await run('whole'),
    await run('again'),
    await run('other', { seed: 4 }),
  ]
  expect(hashes(again)).toEqual(hashes(first))
  expect(hashes(other)).not.toEqual(hashes(first))
})

test.each([1, 4, 8, 17, 23])(
  'interrupted at its %i-th reading of answers, the next run goes on and ends with the same releases',
  async (readings) => {
    const name = `interrupted-${readings}`
    const abort = new AbortController()
    let states = 0
    const counted: Engine = {
      ...rememberPooled(engine, model.base.weights),
      pooled: (inputs, options) => {
        if (++states > readings) abort.abort()
        return engine.pooled(inputs, options)
      },
    }
    await expect(run(name, { engine: counted, signal: abort.signal })).rejects.toMatchObject({
      code: 'E_CANCELLED',
    })
    const resumed = await run(name)
    const whole = await run('whole')
    expect(hashes(resumed)).toEqual(hashes(whole))
    expect(resumed.rounds.map((r) => r.contributions.length)).toEqual(
      whole.rounds.map((r) => r.contributions.length),
    )
  },
)

test('what is there is read back without computing anything', async () => {
  await run('whole')
  const idle: Engine = {
    ...engine,
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
  const shared = rememberPooled(engine, model.base.weights)
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
