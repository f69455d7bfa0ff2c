/**
 * A refused request is sent again at another model with its credit, under the same block and once.
 */
import { afterEach, expect, test } from 'vitest'
import type { Refusal } from '../../../../eval/claude/fallbacks.ts'
import { said, user } from './conversation.ts'
import { BLOCK, openWorld, systemsIn, type World } from './world.ts'

let world: World
afterEach(() => world.close())

const system = 'Du hilfst in einer Bibliothek.'
const FIRST = 'Wie entstehen Ebbe und Flut, und was hat der Mond damit zu tun?'
const SECOND = 'Und warum ist es an manchen Küsten so viel stärker?'
const betas = ['fallback-credit-2026-07-01']
const REFUSING = 'claude-fable-5-2'
const OTHER = 'claude-opus-5-5'
const refusing = (kind: Refusal) => ({
  refuses: (_: unknown, model: string) => (model === REFUSING ? kind : undefined),
})

test.each<[string, Refusal, boolean, number]>([
  ['before a word', 'before', false, 1],
  ['midway, asked again', 'midway', false, 4],
  ['midway, gone on with', 'midway', true, 4],
])('refused at the first turn %s, the credit is taken', async (_, kind, isAppended, copies) => {
  world = await openWorld({ copies: copies > 1, claude: refusing(kind) })
  const app = world.app({ system })
  const first = await app.request({ model: REFUSING, messages: [user(FIRST)] }, { betas })
  expect(first.reply?.stop_reason).toBe('refusal')
  const [block] = systemsIn(world)
  expect(block).toContain(BLOCK)
  const before = world.reached.length
  await world.state([{ op: 'state', dimension: 'headings', direction: -1 }])
  const token = first.reply?.stop_details?.fallback_credit_token
  const begun = isAppended ? [user(FIRST), said(first.reply!)] : [user(FIRST)]
  const retry = await app.say([], {
    betas,
    history: begun,
    fields: { model: OTHER, fallback_credit_token: token },
  })
  expect([retry.status, retry.status === 200 ? '' : retry.text]).toEqual([200, ''])
  expect(world.claude.counts().creditsTaken).toBe(1)
  expect(world.reached).toHaveLength(before + 1)
  const next = await app.say(SECOND, { fields: { model: OTHER }, betas })
  expect(next.status).toBe(200)
  expect(systemsIn(world)).toEqual(world.reached.map(() => block))
})

test('refused in the middle of a conversation, the credit is taken too', async () => {
  world = await openWorld({
    claude: {
      refuses: ({ messages }, model) =>
        model === REFUSING && messages.length > 2 ? 'midway' : undefined,
    },
  })
  const app = world.app({ system })
  await app.say(FIRST, { betas, fields: { model: REFUSING } })
  const body = { messages: [...app.messages, user('Bitte keine Aufzählungen. Und warum?')] }
  const refused = await app.request({ model: REFUSING, ...body }, { betas })
  const token = refused.reply?.stop_details?.fallback_credit_token
  const retry = await app.request(
    { model: OTHER, ...body, fallback_credit_token: token },
    { betas },
  )
  expect(retry.status).toBe(200)
  expect(world.claude.counts()).toMatchObject({ creditsTaken: 1, droppedForPrefix: 0 })
})

test('refused under no block, the credit is taken under none, whatever the same words got before', async () => {
  world = await openWorld({ claude: refusing('before') })
  const app = world.app({ system, model: REFUSING, messages: [user(FIRST)] })
  await app.request({}, { betas })
  const refused = await app.request({}, { betas, headers: { 'loreweave-mode': 'off' } })
  const token = refused.reply?.stop_details?.fallback_credit_token
  const retry = await app.request({ model: OTHER, fallback_credit_token: token }, { betas })
  expect([retry.status, retry.status === 200 ? '' : retry.text]).toEqual([200, ''])
  expect(systemsIn(world).map((s) => String(s).includes(BLOCK))).toEqual([true, false, false])
})

test("the answer of a server's own fallback goes on under the same block", async () => {
  world = await openWorld({ copies: true, claude: refusing('midway') })
  const fallback = { betas: ['server-side-fallback-2026-07-01'] }
  const app = world.app({ system, model: REFUSING, fallbacks: 'default' })
  const first = await app.say(FIRST, fallback)
  expect(first.reply?.model).toBe(OTHER)
  const [block] = systemsIn(world)
  const told = [
    await app.say('Keine Aufzählungen bitte. Warum?', fallback),
    await app.say(SECOND, fallback),
  ]
  expect(told.map((t) => t.status)).toEqual([200, 200])
  expect(systemsIn(world)).toEqual(world.reached.map(() => block))
  expect(world.claude.counts()).toMatchObject({ refusedPrefixes: 0, droppedForPrefix: 0 })
})
