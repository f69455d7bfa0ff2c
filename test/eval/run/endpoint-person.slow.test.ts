import { rmSync } from 'node:fs'
import { afterAll, expect, test } from 'vitest'
import { readScenario, Scenario } from '../../../eval/run/scenario.ts'
import { tinyRuns } from './tiny-run.ts'

const { folder, run } = tinyRuns()
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('people who use the endpoint alone give a curve over requests, the same twice', async () => {
  const scenario = Scenario.parse({
    ...readScenario('tiny'),
    people: {
      learners: { count: 1, choices: 2 },
      newcomers: { count: 1, requests: 2 },
      tastes: { mixed: 1 },
    },
    federation: { ...readScenario('tiny').federation, steps: [{ kind: 'statistics' }] },
    budgets: [2],
    endpoint: { people: 1, budgets: [0, 6] },
    whole: {},
    shipped: {},
    private: {},
    dpo: {},
    likelihood: {},
  })
  const curve = async (out: string) =>
    (await run(out, { scenario })).results.filter(({ name }) =>
      name.startsWith('run.utility.endpoint'),
    )
  const first = await curve('a')
  expect(first.map(({ name }) => name)).toEqual(
    expect.arrayContaining([
      'run.utility.endpoint_alone.0',
      'run.utility.endpoint_alone.6',
      'run.utility.endpoint_alone_unasked.6',
    ]),
  )
  expect(await curve('b')).toEqual(first)
})
