/** Five people, a plan of four steps on the tiny model, and what runs it in a folder of its own. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { ChoiceLine } from '../../../adapters/formats/choice-log.ts'
import type { Engine } from '../../../device/engine/engine.ts'
import { openModel } from '../../../device/engine/model/open.ts'
import { openEngine } from '../../../device/engine/process/client.ts'
import { type Federated, FederationPlan, federate } from '../../../eval/population/federate.ts'
import { rememberPooled } from '../../../eval/population/shared-engine.ts'

export const choice = (user: string, n: number): ChoiceLine => ({
  user,
  id: `${user}-${n}`,
  messages: [{ role: 'user', content: `Question ${n % 7}?` }],
  candidates: [`Short answer ${n % 7}.`, `A much longer answer, with its reasons, ${n % 5}.`],
  chosen: n % 3 === 0 ? 1 : 0,
  at: n,
})
export const LOGS = Array.from({ length: 5 }, (_, u) =>
  Array.from({ length: 6 }, (_, n) => choice(`person-${u}`, n + u)),
)
export const PLAN = FederationPlan.parse({
  adapter: { layers: 1, rank: 2, alpha: 4 },
  steps: [
    { kind: 'statistics' },
    { kind: 'prior', rounds: 2, prior: { directions: 4 } },
    { kind: 'adapter', rounds: 2, cohort: 3, training: { learningRate: 0.01 } },
    { kind: 'prior', prior: { directions: 4 } },
  ],
})

/** Two rounds of gradients, whose optimizer leaves the mean as it is. */
export const GRADIENT_PLAN = FederationPlan.parse({
  adapter: { layers: 1, rank: 2, alpha: 4 },
  steps: [
    { kind: 'statistics' },
    {
      kind: 'adapter',
      rounds: 2,
      training: { method: 'gradient', maxPairs: 4, updateNorm: 1e3 },
      optimizer: { name: 'none' },
      prior: { initialVariance: 2 },
    },
  ],
})

export const openFederation = async () => {
  const folder = mkdtempSync(join(tmpdir(), 'loreweave-federate-'))
  const model = await openModel({ cacheFolder: folder, name: 'tiny' })
  const engine = openEngine({ folder: model.folder, threads: 1, oneChild: true })
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
  return {
    model,
    engine,
    run,
    close: async () => {
      await engine.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
export type Federation = Awaited<ReturnType<typeof openFederation>>

export const hashes = ({ rounds }: Federated) => rounds.map((r) => r.hash)

/**
 * Interrupted at its n-th reading of answers, the next run ends with the releases of one that was
 * left alone.
 */
export const interruptedAt = async ({ run, engine, model }: Federation, readings: number) => {
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
}
