/**
 * Summaries are asked for once, under the block that the conversation has, and it goes on behind
 * them.
 */
import { afterEach, expect, test } from 'vitest'
import { said, type Turn } from './conversation.ts'
import { BLOCK, openWorld, systemsIn, type World } from './world.ts'

let world: World
afterEach(() => world.close())

const system = 'Du hilfst in einer Bibliothek.'
const QUESTIONS = [
  'Wie entstehen Ebbe und Flut, und was hat der Mond damit zu tun?',
  'Und warum ist es an manchen Küsten so viel stärker?',
  'Welche Rolle spielt die Sonne dabei?',
]
const betas = ['compact-2026-09-04']
const summarize = { compaction: { type: 'summarize' } }

test.each([
  ['none', 0],
  ['one', 2],
  ['two', 4],
])('a summary, then the conversation without its beginning; turns kept: %s', async (_, kept) => {
  world = await openWorld({ copies: true })
  const app = world.app({ system })
  for (const question of QUESTIONS) expect((await app.say(question, { betas })).status).toBe(200)
  const [block] = systemsIn(world)
  expect(block).toContain(BLOCK)
  const before = world.reached.length
  const summary = await app.request({ messages: app.messages, ...summarize }, { betas })
  expect([summary.status, summary.reply?.stop_reason]).toEqual([200, 'compaction'])
  expect(world.reached).toHaveLength(before + 1)
  expect(world.claude.counts().summaries).toBe(1)
  const usage = JSON.parse(summary.headers.get('loreweave-usage') ?? '{}') as { usd?: number }
  expect(usage.usd).toBeGreaterThan(0)

  const rest: Turn[] = kept === 0 ? [] : app.messages.slice(-kept)
  const history = [said(summary.reply!), ...rest]
  const next = await app.say('Kann man daraus Strom gewinnen?', { betas, history })
  await world.state([{ op: 'state', dimension: 'headings', direction: -1 }])
  const last = await app.say('Und wo? Bitte keine Aufzählungen.', { betas })
  expect([next.text, last.text].filter((text) => text.includes('"error"'))).toEqual([])
  expect(systemsIn(world)).toEqual(world.reached.map(() => block))
  expect(world.claude.counts()).toMatchObject({ refusedPrefixes: 0, droppedThinking: 0 })
})

test('a summary by threshold in the middle of a conversation changes nothing for its block', async () => {
  world = await openWorld()
  const edits = [{ type: 'compact_20260112', trigger: { type: 'input_tokens', value: 300 } }]
  const app = world.app({ system, context_management: { edits } })
  const asked = { betas: ['compact-2026-01-12'] }
  for (const question of QUESTIONS) expect((await app.say(question, asked)).status).toBe(200)
  expect(world.claude.counts().summaries).toBeGreaterThan(0)
  const at = app.messages.findLastIndex(
    (m) => typeof m.content !== 'string' && m.content.some((b) => b.type === 'compaction'),
  )
  const history = app.messages.slice(at)
  const { status } = await app.say('Kann man daraus Strom gewinnen?', { ...asked, history })
  expect(status).toBe(200)
  const [block] = systemsIn(world)
  expect(block).toContain(BLOCK)
  expect(systemsIn(world)).toEqual(world.reached.map(() => block))
})
