/**
 * What the device counts against what Claude bills, over every multiplier there is, before a Claude
 * that prices by its own table.
 */
import { expect, test } from 'vitest'
import { type ClaudeOptions, createClaude } from '../../../eval/claude/claude.ts'
import { buildApi, fakeDevice, planOf } from './fakes.ts'

const MARK = { type: 'ephemeral' }
const HOUR = { type: 'ephemeral', ttl: '1h' }
const LONG_TEXT = 'The tide tables of the harbour, one line for each day. '.repeat(900)
const marked = (mark: object) => [{ type: 'text', text: LONG_TEXT, cache_control: mark }]
const question = (content: string) => [{ role: 'user', content }]
const request = (changes: object = {}) => ({
  model: 'claude-opus-5-5',
  max_tokens: 3000,
  messages: question('Why do the tides rise and fall?'),
  ...changes,
})

const openBoth = (options: Omit<ClaudeOptions, 'seed'>, answers: number) => {
  const claude = createClaude({ seed: 1, ...options })
  const fake = fakeDevice({ planCandidates: () => planOf(answers) })
  const logged: { usd?: number }[] = []
  const api = buildApi(
    {
      transport: async (asked) =>
        claude.request(asked.url.replace('https://claude.test/base', 'http://claude'), asked),
      log: (event) => void logged.push(event),
    },
    fake,
  )
  const ask = async (body: object, betas = '', headers: Record<string, string> = {}) => {
    const response = await api.post('/v1/messages', body, {
      'anthropic-version': '2023-06-01',
      ...(betas && { 'anthropic-beta': betas }),
      ...headers,
    })
    const text = await response.text()
    expect(response.status, text).toBe(200)
    return text
  }
  return { claude, ask, counted: () => logged.reduce((sum, { usd = 0 }) => sum + usd, 0) }
}

type Scenario = {
  readonly name: string
  readonly body: object
  readonly betas?: string
  readonly refuses?: ClaudeOptions['refuses']
  readonly answers?: number
}
const FALLBACK = 'server-side-fallback-2026-07-01'

const SCENARIOS: readonly Scenario[] = [
  { name: 'a plain request', body: request() },
  { name: 'three answers to one', body: request(), answers: 3 },
  { name: 'five minutes of cache', body: request({ system: marked(MARK) }) },
  { name: 'an hour of cache', body: request({ system: marked(HOUR) }) },
  { name: 'fast mode', body: request({ speed: 'fast' }), betas: 'fast-mode-2026-02-01' },
  { name: 'the United States', body: request({ inference_geo: 'us', system: marked(HOUR) }) },
  { name: 'Fable 5.2', body: request({ model: 'claude-fable-5-2', system: marked(MARK) }) },
  {
    name: 'a long prompt to Haiku 5.5',
    body: request({ model: 'claude-haiku-5-5', messages: question(LONG_TEXT.repeat(9)) }),
  },
  {
    name: 'a summary on demand',
    body: request({
      messages: [
        ...question('Why do the tides rise and fall?'),
        { role: 'assistant', content: 'The moon pulls the water.' },
      ],
      compaction: { type: 'summarize' },
    }),
    betas: 'compact-2026-09-04',
  },
  ...(['before', 'midway'] as const).map((when) => ({
    name: `a fallback ${when}`,
    body: request({ model: 'claude-fable-5-2', fallbacks: [{ model: 'claude-opus-5' }] }),
    betas: FALLBACK,
    refuses: (_: unknown, model: string) => (model === 'claude-fable-5-2' ? when : undefined),
  })),
  ...(['before', 'midway'] as const).map((when) => ({
    name: `a refusal ${when}`,
    body: request(),
    refuses: () => when,
  })),
]

test.each(SCENARIOS.flatMap((s) => [false, true].map((stream) => ({ ...s, stream }))))(
  '$name (stream: $stream) is counted as Claude bills it',
  async ({ body, betas, refuses, answers = 1, stream }) => {
    const { claude, ask, counted } = openBoth(refuses ? { refuses } : {}, answers)
    const compare = stream ? { 'loreweave-stream': 'compare' } : {}
    await ask({ ...body, stream }, betas, compare as Record<string, string>)
    expect(claude.counts().requests).toBe(answers)
    expect(counted()).toBeCloseTo(claude.counts().usd, 5)
  },
)

test.each([false, true])(
  'of four answers (stream: %s) over a marked prompt one writes the cache, however long it takes to begin',
  async (stream) => {
    const { claude, ask } = openBoth({ latencyMs: 40 }, 4)
    const compare = stream ? { 'loreweave-stream': 'compare' } : {}
    await ask(request({ system: marked(MARK), stream }), '', compare as Record<string, string>)
    expect(claude.counts()).toMatchObject({ requests: 4, cacheWrites: 1 })
  },
)
