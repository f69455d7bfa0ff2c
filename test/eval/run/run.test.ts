import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { Result } from '../../../eval/results.ts'
import { writeReports } from '../../../eval/run/command.ts'
import { type RunOptions, runScenario } from '../../../eval/run/run.ts'
import { readScenario } from '../../../eval/run/scenario.ts'
import { SCENARIOS } from '../../../eval/run/scenarios.ts'

const folder = mkdtempSync(join(tmpdir(), 'loreweave-run-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const run = (out: string, more: Partial<RunOptions> = {}) =>
  runScenario({
    scenario: readScenario('tiny', SCENARIOS),
    seed: 7,
    ablate: [],
    out: join(folder, out),
    cache: join(folder, 'models'),
    threads: 1,
    log: () => {},
    ...more,
  })

test('two runs of one seed are equal, in fresh folders and in the same one', async () => {
  const first = await run('first')
  expect((await run('second')).results).toEqual(first.results)
  expect((await run('first')).results).toEqual(first.results)
  const names = Result.array()
    .parse([...first.results, ...first.measured])
    .map((r) => r.name)
  expect(new Set(names).size).toBe(names.length)
  for (const arm of ['first', 'random', 'longest', 'likelihood', 'oracle', 'global', 'log_ratio'])
    expect(names).toContain(`run.utility.${arm}`)
  for (const arm of ['named', 'states', 'local', 'prior', 'lora', 'federated', 'product'])
    for (const budget of [0, 4, 8]) expect(names).toContain(`run.utility.${arm}.${budget}`)
  for (const name of [
    'run.utility.private.8',
    'run.utility.dpo.8',
    'run.utility.whole.8',
    'run.round.4',
  ])
    expect(names).toContain(name)
  expect(first.results.some((r) => r.unit === 's' || r.unit === 'J')).toBe(false)

  writeReports(join(folder, 'report'), first)
  expect(readdirSync(join(folder, 'report')).sort()).toEqual([
    'report.html',
    'report.json',
    'report.md',
  ])
})

test('interrupted at any point, the next run ends with the same results', async () => {
  const whole = await run('first')
  for (const lines of [2, 20]) {
    const abort = new AbortController()
    let told = 0
    const log = () => {
      if (++told === lines) abort.abort()
    }
    await expect(run(`interrupted-${lines}`, { log, signal: abort.signal })).rejects.toMatchObject({
      code: 'E_CANCELLED',
    })
    expect((await run(`interrupted-${lines}`)).results).toEqual(whole.results)
  }
})

test('without prior and LoRA nothing of the federation is left but the scale', async () => {
  const { results } = await run('first', { ablate: ['prior', 'lora'] })
  const value = (name: string) => results.find((r) => r.name === name)?.value
  expect(value('run.utility.federated.8')).toBe(value('run.utility.lora.8'))
  expect(value('run.utility.federated.8')).toBe(value('run.utility.prior.8'))
  expect(value('run.utility.global')).toBe(value('run.utility.first'))
})

test('what is ablated is not seen: no states leave the named features, and the other way round', async () => {
  const value = (results: readonly Result[], name: string) =>
    results.find((r) => r.name === name)?.value
  const withoutStates = (await run('first', { ablate: ['states'] })).results
  expect(value(withoutStates, 'run.utility.local.8')).toBe(
    value(withoutStates, 'run.utility.named.8'),
  )
  expect(value(withoutStates, 'run.utility.states.8')).toBe(
    value(withoutStates, 'run.utility.first'),
  )
  const withoutNamed = (await run('first', { ablate: ['named'] })).results
  expect(value(withoutNamed, 'run.utility.local.8')).toBe(
    value(withoutNamed, 'run.utility.states.8'),
  )
  expect(value(withoutNamed, 'run.utility.named.8')).toBe(value(withoutNamed, 'run.utility.first'))
})

test("without reranking the product returns Claude's first answer and asks for no other", async () => {
  const { results, figures } = await run('first', { ablate: ['rerank'] })
  expect(figures.lift.at(-1)!.points).toEqual(figures.hasTaste.map(() => 0))
  expect(results.find((r) => r.name === 'run.answers_asked.with_taste.8')?.value).toBe(1)
  expect(results.find((r) => r.name === 'run.extra_tokens.with_taste.8')?.value).toBe(0)
})

test('without rewriting nobody is asked for the whole product', async () => {
  const { results } = await run('first', { ablate: ['rewrite'] })
  expect(results.some((r) => r.name.includes('whole'))).toBe(false)
})

test('a model that is not there, and a layer that it has not, are refused', async () => {
  const scenario = readScenario('tiny', SCENARIOS)
  await expect(
    run('none', { scenario: { ...scenario, model: 'smollm2-135m' } }),
  ).rejects.toMatchObject({ code: 'E_MODEL_MISSING' })
  const federation = { ...scenario.federation, exitLayer: 9 }
  await expect(run('none', { scenario: { ...scenario, federation } })).rejects.toMatchObject({
    code: 'E_USAGE',
  })
})
