import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { REQUESTS } from '../../../eval/answers/requests.ts'
import { readScenario, SCENARIOS, Scenario } from '../../../eval/run/scenario.ts'

const folder = mkdtempSync(join(tmpdir(), 'loreweave-scenario-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const file = (content: unknown): string => {
  const path = join(folder, `${Math.random()}.json`)
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

test.each(Object.entries(SCENARIOS))('the built-in %s is a scenario under its own name', (name) => {
  expect(readScenario(name).name).toBe(name)
})

test('population has the people that the measurement asks for', () => {
  const { people, world, federation } = readScenario('population')
  expect(people.learners.count).toBeGreaterThanOrEqual(300)
  expect(people.learners.choices).toBeGreaterThanOrEqual(100)
  expect(people.newcomers.count).toBeGreaterThanOrEqual(40)
  expect(people.tastes.none).toBe(0.2)
  expect(world.requests).toBeGreaterThanOrEqual(240)
  expect(REQUESTS.length).toBeGreaterThanOrEqual(world.requests!)
  const adapter = federation.steps.find((step) => step.kind === 'adapter')
  expect(adapter?.cohort).toBeLessThan(people.learners.count)
})

test('a JSON file of the same schema is read, defaults filled in', () => {
  const mine = {
    name: 'mine',
    people: { learners: { count: 3, choices: 4 }, newcomers: { count: 2, requests: 5 } },
    federation: { steps: [{ kind: 'statistics' }] },
  }
  const path = file(`\ufeff${JSON.stringify(mine)}`)
  const scenario = readScenario(path)
  expect(scenario).toEqual(Scenario.parse(scenario))
  expect(scenario).toMatchObject({ model: 'smollm2-135m', budgets: [0, 10, 30, 100] })
})

test.each([
  ['what is neither a name nor a file', () => 'nonsense', 'E_USAGE', 'population'],
  ['an object of every object', () => 'constructor', 'E_USAGE', 'no scenario'],
  ['a file that is not JSON', () => file('{'), 'E_DATA', 'not JSON'],
  ['an unknown field', () => file({ ...SCENARIOS.tiny, colour: 1 }), 'E_DATA', 'colour'],
  [
    'a number out of bounds',
    () => file({ ...SCENARIOS.tiny, world: { variants: 1 } }),
    'E_DATA',
    'world.variants',
  ],
])('%s is refused', (_, source, code, said) => {
  const read = () => readScenario(source())
  expect(read).toThrow(expect.objectContaining({ code, message: expect.stringContaining(said) }))
})
