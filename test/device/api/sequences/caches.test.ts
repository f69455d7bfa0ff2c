/**
 * What an app has Claude cache is written once, however many answers and conversations share it.
 */
import { afterEach, expect, test } from 'vitest'
import { user } from './conversation.ts'
import { openWorld, systemsIn, type World } from './world.ts'

let world: World
afterEach(() => world.close())

const mark = { cache_control: { type: 'ephemeral' } }
/** More than 50 000 tokens in less than 200 000 characters. */
const long = 'Es ist so, wie es ist, und so soll es sein. '.repeat(4400)
/** Answers begin a little after they were asked for. */
const claude = { latencyMs: 30 }
const QUESTIONS = [
  'Wie entstehen Ebbe und Flut, und was hat der Mond damit zu tun?',
  'Warum ist der Himmel blau? Bitte keine Aufzählungen.',
  'Welche Rolle spielt die Sonne dabei? Antworte nur mit ja oder nein.',
  'Was sind die Vor- und Nachteile von Gezeitenkraftwerken?',
  'Fasse das Dokument in drei Sätzen zusammen.',
  'Übersetze den ersten Satz ins Englische.',
  'Wie viele Bestände gibt es?',
  'Gib mir nur JSON: {"titel": string}.',
  'Erkläre mir, wie man einen Bestand findet.',
  'Why is the sky blue, and what makes sunsets red?',
]

test.each([
  ['on a system block', { system: [{ type: 'text', text: long, ...mark }] }],
  ['on the request', { system: long, ...mark }],
])(
  'four answers over a prompt of 50 000 tokens with a mark %s write it once',
  async (_, fields) => {
    world = await openWorld({ copies: true, claude })
    const { status } = await world.app(fields).say(QUESTIONS[0]!)
    expect(status).toBe(200)
    const counts = world.claude.counts()
    expect(counts.requests).toBe(4)
    expect(counts.cacheWrites).toBe(1)
    expect(counts.cacheReadTokens).toBeGreaterThan(3 * 50_000)
  },
)

test('ten conversations over one marked document in the first message write it once', async () => {
  world = await openWorld({ copies: true, claude })
  const document = {
    type: 'document',
    source: { type: 'text', media_type: 'text/plain', data: long },
    ...mark,
  }
  for (const question of QUESTIONS) {
    const app = world.app({ system: 'Du hilfst in einer Bibliothek.' })
    const { status } = await app.say([document, { type: 'text', text: question }])
    expect(status).toBe(200)
    world.pass(60_000)
  }
  expect(world.claude.counts().cacheWrites).toBe(1)
})

test('a cache that was warmed is read by the first question', async () => {
  world = await openWorld({ claude })
  const document = { type: 'document', source: { type: 'text', data: long }, ...mark }
  const app = world.app({ system: 'Du hilfst in einer Bibliothek.' })
  const warmed = await app.request({ max_tokens: 0, messages: [user([document])] })
  expect(warmed.status).toBe(200)
  await app.say([document, { type: 'text', text: QUESTIONS[0]! }])
  expect(world.claude.counts().cacheWrites).toBe(1)
  const [warm, asked] = systemsIn(world)
  expect(asked).toEqual(warm)
})
