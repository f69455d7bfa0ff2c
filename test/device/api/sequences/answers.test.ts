/** Which answer an app gets of several, and what the device says that it cost. */
import { afterEach, expect, test } from 'vitest'
import { createClaude } from '../../../../eval/claude/claude.ts'
import { type Reply, user } from './conversation.ts'
import { openWorld, type World } from './world.ts'

let world: World
afterEach(() => world.close())

const FIRST = 'Wie entstehen Ebbe und Flut, und was hat der Mond damit zu tun?'
const textOf = ({ content }: Reply): string =>
  content.flatMap((b) => (b.type === 'text' ? [String(b['text'])] : [])).join('')

test("an answer that ended at the app's stop sequence is not replaced by a copy that went on", async () => {
  world = await openWorld({ copies: true })
  await world.app().say(FIRST)
  const body = world.reached[0]?.text ?? ''
  await world.close()
  // The same requests at a Claude of the same seed: what the copies would say.
  const twin = createClaude({ seed: 1 })
  const headers = { 'x-api-key': 'k', 'anthropic-version': '2023-06-01' }
  const texts: string[] = []
  for (let copy = 0; copy < 4; copy++) {
    const response = await twin.request('/v1/messages', { method: 'POST', headers, body })
    texts.push(textOf((await response.json()) as Reply))
  }
  const stop = texts[0]!
    .split(/\s+/)
    .slice(10)
    .find((word) => word.length > 5 && texts.slice(1).every((text) => !text.includes(word)))
  expect(stop).toBeDefined()
  world = await openWorld({ copies: true })
  const { reply } = await world.app().say(FIRST, { fields: { stop_sequences: [stop] } })
  expect(reply).toMatchObject({ stop_reason: 'stop_sequence', stop_sequence: stop })
  expect(textOf(reply!)).toBe(texts[0]!.slice(0, texts[0]!.indexOf(stop!)))
})

const M = 1_000_000
const hour = { cache_control: { type: 'ephemeral', ttl: '1h' } }
const long = 'Die Bibliothek hat viele Bestände, und jeder hat eine Geschichte. '
// biome-ignore lint/suspicious/noExplicitAny: as it came
type Usage = any

/** By the price pages of November 2026, in dollars a million tokens. */
const PRICED: [string, object, string[], (usage: Usage) => number][] = [
  [
    'Fable 5.2',
    { model: 'claude-fable-5-2' },
    [],
    (u) => (u.input_tokens * 8 + u.output_tokens * 40) / M,
  ],
  ['Sonnet 5.5, thinking included', {}, [], (u) => (u.input_tokens * 2 + u.output_tokens * 10) / M],
  [
    'Opus 5.5 with a write for an hour, fast, in the United States',
    {
      model: 'claude-opus-5-5',
      speed: 'fast',
      inference_geo: 'us',
      system: [{ type: 'text', text: long.repeat(80), ...hour }],
    },
    ['fast-mode-2026-02-01'],
    (u) =>
      (1.1 *
        (u.input_tokens * 8 +
          u.cache_creation.ephemeral_1h_input_tokens * 16 +
          u.output_tokens * 40)) /
      M,
  ],
  [
    'Haiku 5.5 above 100 000 tokens',
    { model: 'claude-haiku-5-5', system: long.repeat(8000) },
    [],
    (u) => (5 * (u.input_tokens * 0.1 + u.output_tokens * 0.5)) / M,
  ],
  [
    'a summary on demand',
    { compaction: { type: 'summarize' } },
    ['compact-2026-09-04'],
    ({ iterations: [i] }) => (i.input_tokens * 2 + i.output_tokens * 10) / M,
  ],
  [
    'a summary by threshold and the answer behind it',
    {
      context_management: {
        edits: [{ type: 'compact_20260112', trigger: { type: 'input_tokens', value: 10 } }],
      },
    },
    ['compact-2026-01-12'],
    ({ iterations }) =>
      iterations.reduce(
        (sum: number, i: Usage) => sum + i.input_tokens * 2 + i.output_tokens * 10,
        0,
      ) / M,
  ],
  [
    'a fallback of Opus 5.5 after Fable 5.2 had begun',
    { model: 'claude-fable-5-2', fallbacks: 'default' },
    ['server-side-fallback-2026-07-01'],
    ({ iterations: [declined, served] }) =>
      (declined.input_tokens * 8 +
        declined.output_tokens * 40 +
        served.input_tokens * 4 +
        served.output_tokens * 20) /
      M,
  ],
]

test.each(PRICED)('%s costs what is billed', async (_, fields, betas, priced) => {
  const isFallback = 'fallbacks' in fields
  const refuses = (__: unknown, model: string) =>
    isFallback && model === 'claude-fable-5-2' ? ('midway' as const) : undefined
  for (const stream of [false, true]) {
    world = await openWorld({ claude: { refuses } })
    const asked = { max_tokens: 1000, messages: [user(FIRST)], ...fields, stream }
    const { reply, text, headers } = await world.app().request(asked, { betas })
    expect(text).not.toContain('"error"')
    const dollars = priced(reply?.usage)
    expect(world.claude.counts().usd).toBeCloseTo(dollars, 9)
    if (!stream) {
      const told = JSON.parse(headers.get('loreweave-usage') ?? '{}') as { usd?: number }
      expect(told.usd).toBeCloseTo(dollars, 5)
      await world.close()
    }
  }
})
