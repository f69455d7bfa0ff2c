import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { Result } from '../../../eval/measure/results.ts'
import { writeReports } from '../../../eval/report/write.ts'
import { readScenario } from '../../../eval/run/scenario.ts'
import { tinyRuns } from './tiny-run.ts'

const { folder, run } = tinyRuns()
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('a run names every figure of every arm once, and writes its reports', async () => {
  const first = await run('first')
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

test('a model that is not there, and a layer that it has not, are refused', async () => {
  const scenario = readScenario('tiny')
  await expect(
    run('none', { scenario: { ...scenario, model: 'smollm2-135m' } }),
  ).rejects.toMatchObject({ code: 'E_MODEL_MISSING' })
  const federation = { ...scenario.federation, exitLayer: 9 }
  await expect(run('none', { scenario: { ...scenario, federation } })).rejects.toMatchObject({
    code: 'E_USAGE',
  })
})
