/**
 * A conversation whose thinking was made behind other words than the device's gets none of them.
 */
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { openSqlite } from '../../../../adapters/node/sqlite.ts'
import { said, type Turn, user } from './conversation.ts'
import { BLOCK, openWorld, systemsIn, type World } from './world.ts'

let world: World
afterEach(() => world.close())

const system = 'Du hilfst in einer Bibliothek.'
const QUESTIONS = [
  'Wie entstehen Ebbe und Flut, und was hat der Mond damit zu tun?',
  'Und warum ist es an manchen Küsten so viel stärker?',
  'Welche Rolle spielt die Sonne dabei?',
  'Kann man daraus Strom gewinnen?',
]
const BINDING = 'thinking-binding-controls-2026-08-01'
const dropping = {
  thinking: { type: 'adaptive', block_binding: { prefix_mismatch_behavior: 'drop_block' } },
}

test.each([
  ['with a system prompt', { system }],
  ['without one', {}],
])(
  'begun straight at Claude %s, it goes on through the device as the app wrote it',
  async (_, fields) => {
    world = await openWorld()
    const direct = world.app(fields, 'directly')
    await direct.say(QUESTIONS[0]!)
    const app = world.app(fields)
    const history: Turn[] = direct.messages
    world.reached.length = 0
    const told = [await app.say(QUESTIONS[1]!, { history })]
    for (const question of QUESTIONS.slice(2)) told.push(await app.say(question))
    expect(told.map((t) => t.status)).toEqual([200, 200, 200])
    for (const { body } of world.reached) expect(body).toEqual({ ...body, ...fields })
    expect(world.reached.map((r) => 'system' in r.body)).toEqual(told.map(() => 'system' in fields))
    expect(world.claude.counts().refusedPrefixes).toBe(0)
  },
)

test('begun on another device, it goes through without a block of this one', async () => {
  const other = await openWorld()
  const elsewhere = other.app({ system })
  await elsewhere.say(QUESTIONS[0]!)
  const [withBlock] = systemsIn(other)
  await other.close()
  expect(withBlock).toContain(BLOCK)
  world = await openWorld()
  const app = world.app({ system: withBlock })
  const { status } = await app.say(QUESTIONS[1]!, { history: elsewhere.messages })
  expect(status).toBe(200)
  expect(systemsIn(world)).toEqual([withBlock])
})

test('begun under a version that kept no keys, it goes on under the block of its decision', async () => {
  world = await openWorld()
  const app = world.app({ system })
  await app.say(QUESTIONS[0]!)
  await world.state([{ op: 'state', dimension: 'headings', direction: -1 }])
  await world.app({ system }).say(QUESTIONS[0]!)
  const db = openSqlite(join(world.folder, 'loreweave.db'))
  db.exec('DELETE FROM suffix_keys; DELETE FROM suffixes')
  db.close()
  await world.restart()
  const told = [await app.say(QUESTIONS[1]!), await app.say(QUESTIONS[2]!)]
  expect(told.map((t) => t.status)).toEqual([200, 200])
  const [begun, other, ...later] = systemsIn(world)
  expect(other).not.toEqual(begun)
  expect(later.at(-1)).toEqual(begun)
})

test('with a history that was never signed it may have a block, the same in every turn', async () => {
  world = await openWorld()
  const model = 'claude-sonnet-4-6'
  const history = [user(QUESTIONS[0]!), { role: 'assistant', content: 'Der Mond zieht.' }]
  const app = world.app({ system, model })
  await app.say(QUESTIONS[1]!, { history })
  await world.state([{ op: 'state', dimension: 'headings', direction: -1 }])
  await app.say(`${QUESTIONS[2]} Bitte keine Aufzählungen.`)
  const [first, second] = systemsIn(world)
  expect(second).toEqual(first)
})

test('an app that has blocks dropped finds none dropped', async () => {
  world = await openWorld()
  const app = world.app({ system, ...dropping })
  const asked = { betas: [BINDING] }
  const first = await app.say(QUESTIONS[0]!, asked)
  const demand = `${QUESTIONS[1]} Bitte keine Aufzählungen.`
  const second = await app.say(demand, asked)
  await world.undo(first.decisionId)
  const third = await app.say(QUESTIONS[2]!, asked)
  const fourth = await app.say(QUESTIONS[3]!, { ...asked, headers: { 'loreweave-mode': 'off' } })
  for (const { reply } of [first, second, third, fourth])
    expect(reply).toMatchObject({ input_transformations: [] })
  expect(world.claude.counts()).toMatchObject({ droppedThinking: 0, requests: 4 })
})

test('tokens are counted of what would be sent, also where the assistant spoke last', async () => {
  world = await openWorld()
  const app = world.app({ system })
  const first = await app.say(QUESTIONS[0]!)
  expect(await app.count()).toBe(200)
  await world.undo(first.decisionId)
  expect(await app.count()).toBe(200)
  expect(await app.count({ headers: { 'loreweave-mode': 'off' } })).toBe(200)
  expect(await app.count({ history: [...app.messages, user(QUESTIONS[1]!)] })).toBe(200)
  const systems = systemsIn(world)
  expect(systems[0]).toContain(BLOCK)
  expect(systems).toEqual(systems.map(() => systems[0]))
})

test('tokens that were counted before the first turn are those of the first turn', async () => {
  world = await openWorld()
  const app = world.app({ system })
  await app.count({ history: [user(QUESTIONS[0]!)] })
  const { reply } = await app.say(QUESTIONS[0]!)
  const [counted, sent] = systemsIn(world)
  expect(sent).toEqual(counted)
  expect(await app.count({ history: [user(QUESTIONS[0]!), said(reply!)] })).toBe(200)
})
