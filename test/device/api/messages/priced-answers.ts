/**
 * Answers and what each costs, worked out by hand from the price pages of November 2026 (dollars a
 * million tokens). usd is written as the arithmetic: tokens × price, one term a kind of token.
 */
export type PricedAnswer = {
  readonly about: string
  /** Of the request. */
  readonly model: string
  /** Of the answer; default: the request's. */
  readonly answeredBy?: string
  readonly usage: object
  readonly usd: number
  readonly stop?: string
  readonly content?: readonly object[]
}

const M = 1_000_000
const tokens = (input_tokens: number, output_tokens: number, more: object = {}) => ({
  input_tokens,
  output_tokens,
  ...more,
})
const read = (cache_read_input_tokens: number) => ({ cache_read_input_tokens })
const written = (fiveMinutes: number, hour: number) => ({
  cache_creation_input_tokens: fiveMinutes + hour,
  cache_creation: {
    ephemeral_5m_input_tokens: fiveMinutes,
    ephemeral_1h_input_tokens: hour,
  },
})
const us = { inference_geo: 'us' }
const fast = { speed: 'fast' }
const batch = { service_tier: 'batch' }
const searches = (n: number) => ({ server_tool_use: { web_search_requests: n } })
const attempt = (type: string, model: string | null, usage: object) => ({ type, model, ...usage })

export const PRICED_ANSWERS: readonly PricedAnswer[] = [
  {
    about: 'Fable 5.2, all kinds of tokens',
    model: 'claude-fable-5-2',
    usage: tokens(120_000, 30_000, { ...read(900_000), ...written(40_000, 0) }),
    usd: (120_000 * 8 + 30_000 * 40 + 900_000 * 0.2 + 40_000 * 10) / M,
  },
  {
    about: 'Mythos 5.2, an hour of cache',
    model: 'claude-mythos-5-2',
    usage: tokens(10_000, 20_000, written(0, 80_000)),
    usd: (10_000 * 8 + 20_000 * 40 + 80_000 * 16) / M,
  },
  {
    about: 'Fable 5.1',
    model: 'claude-fable-5-1',
    usage: tokens(200_000, 10_000, read(1_000_000)),
    usd: (200_000 * 10 + 10_000 * 50 + 1_000_000 * 0.25) / M,
  },
  {
    about: 'Mythos 5.1, from the United States',
    model: 'claude-mythos-5-1',
    usage: tokens(100_000, 10_000, { ...read(200_000), ...us }),
    usd: ((100_000 * 10 + 10_000 * 50 + 200_000 * 0.25) * 1.1) / M,
  },
  {
    about: 'Fable 5, whose cache reads are dearer',
    model: 'claude-fable-5',
    usage: tokens(50_000, 5_000, { ...read(600_000), ...written(60_000, 30_000) }),
    usd: (50_000 * 10 + 5_000 * 50 + 600_000 * 1 + 60_000 * 12.5 + 30_000 * 20) / M,
  },
  {
    about: 'Mythos 5 in a batch',
    model: 'claude-mythos-5',
    usage: tokens(80_000, 40_000, batch),
    usd: ((80_000 * 10 + 40_000 * 50) * 0.5) / M,
  },
  {
    about: 'Opus 5.5',
    model: 'claude-opus-5-5',
    usage: tokens(150_000, 25_000, { ...read(500_000), ...written(100_000, 0) }),
    usd: (150_000 * 4 + 25_000 * 20 + 500_000 * 0.2 + 100_000 * 5) / M,
  },
  {
    about: 'Opus 5.5, fast',
    model: 'claude-opus-5-5',
    usage: tokens(150_000, 25_000, fast),
    usd: (150_000 * 8 + 25_000 * 40) / M,
  },
  {
    about: 'Opus 5.5, fast, from the United States, both lifetimes',
    model: 'claude-opus-5-5',
    usage: tokens(20_000, 5_000, { ...read(300_000), ...written(50_000, 70_000), ...fast, ...us }),
    usd: ((20_000 * 8 + 5_000 * 40 + 300_000 * 0.4 + 50_000 * 10 + 70_000 * 16) * 1.1) / M,
  },
  {
    about: 'Opus 5',
    model: 'claude-opus-5',
    usage: tokens(40_000, 12_000, read(250_000)),
    usd: (40_000 * 5 + 12_000 * 25 + 250_000 * 0.5) / M,
  },
  {
    about: 'Opus 5, fast',
    model: 'claude-opus-5',
    usage: tokens(40_000, 12_000, { ...read(250_000), ...fast }),
    usd: (40_000 * 10 + 12_000 * 50 + 250_000 * 1) / M,
  },
  {
    about: 'Opus 4.8, fast, five minutes of cache',
    model: 'claude-opus-4-8',
    usage: tokens(10_000, 4_000, { ...written(90_000, 0), ...fast }),
    usd: (10_000 * 10 + 4_000 * 50 + 90_000 * 12.5) / M,
  },
  {
    about: 'Opus 4.7, which is billed more for the United States',
    model: 'claude-opus-4-7',
    usage: tokens(70_000, 9_000, us),
    usd: ((70_000 * 5 + 9_000 * 25) * 1.1) / M,
  },
  {
    about: 'Opus 4.6, the first that is',
    model: 'claude-opus-4-6',
    usage: tokens(70_000, 9_000, { ...written(0, 10_000), ...us }),
    usd: ((70_000 * 5 + 9_000 * 25 + 10_000 * 10) * 1.1) / M,
  },
  {
    about: 'Opus 4.5, the last that is not',
    model: 'claude-opus-4-5-20251101',
    usage: tokens(70_000, 9_000, us),
    usd: (70_000 * 5 + 9_000 * 25) / M,
  },
  {
    about: 'Sonnet 5.5',
    model: 'claude-sonnet-5-5',
    usage: tokens(300_000, 60_000, { ...read(400_000), ...written(200_000, 0) }),
    usd: (300_000 * 2 + 60_000 * 10 + 400_000 * 0.1 + 200_000 * 2.5) / M,
  },
  {
    about: 'Sonnet 5.5, whose thinking is output already',
    model: 'claude-sonnet-5-5',
    usage: tokens(30_000, 20_000, { output_tokens_details: { thinking_tokens: 15_000 } }),
    usd: (30_000 * 2 + 20_000 * 10) / M,
  },
  {
    about: 'Sonnet 5, an hour of cache, a batch from the United States',
    model: 'claude-sonnet-5',
    usage: tokens(50_000, 30_000, { ...read(100_000), ...written(0, 60_000), ...us, ...batch }),
    usd: ((50_000 * 2 + 30_000 * 10 + 100_000 * 0.2 + 60_000 * 4) * 1.1 * 0.5) / M,
  },
  {
    about: 'Sonnet 4.6, from the United States',
    model: 'claude-sonnet-4-6',
    usage: tokens(100_000, 10_000, { ...read(100_000), ...us }),
    usd: ((100_000 * 3 + 10_000 * 15 + 100_000 * 0.3) * 1.1) / M,
  },
  {
    about: 'Sonnet 4.5 by its dated name, from the United States',
    model: 'claude-sonnet-4-5-20250929',
    usage: tokens(100_000, 10_000, { ...written(30_000, 20_000), ...us }),
    usd: (100_000 * 3 + 10_000 * 15 + 30_000 * 3.75 + 20_000 * 6) / M,
  },
  {
    about: 'Haiku 5.5 up to 100,000 prompt tokens, read ones among them',
    model: 'claude-haiku-5-5',
    usage: tokens(20_000, 50_000, { ...read(50_000), ...written(30_000, 0) }),
    usd: (20_000 * 0.1 + 50_000 * 0.5 + 50_000 * 0.01 + 30_000 * 0.125) / M,
  },
  {
    about: 'Haiku 5.5 with one prompt token more',
    model: 'claude-haiku-5-5',
    usage: tokens(20_001, 50_000, { ...read(50_000), ...written(30_000, 0) }),
    usd: ((20_001 * 0.1 + 50_000 * 0.5 + 50_000 * 0.01 + 30_000 * 0.125) * 5) / M,
  },
  {
    about: 'Haiku 5.5, long, an hour of cache, from the United States',
    model: 'claude-haiku-5-5',
    usage: tokens(600_000, 100_000, { ...written(0, 200_000), ...us }),
    usd: ((600_000 * 0.5 + 100_000 * 2.5 + 200_000 * 1) * 1.1) / M,
  },
  {
    about: 'Haiku 4.5',
    model: 'claude-haiku-4-5-20251001',
    usage: tokens(400_000, 80_000, { ...read(300_000), ...written(100_000, 0) }),
    usd: (400_000 * 1 + 80_000 * 5 + 300_000 * 0.1 + 100_000 * 1.25) / M,
  },
  {
    about: 'web searches, which no factor changes',
    model: 'claude-opus-5-5',
    usage: tokens(100_000, 10_000, { ...searches(7), ...us }),
    usd: ((100_000 * 4 + 10_000 * 20) * 1.1) / M + (7 * 10) / 1000,
  },
  {
    about: 'cache writes whose lifetimes are not told',
    model: 'claude-sonnet-5-5',
    usage: tokens(10_000, 10_000, { cache_creation_input_tokens: 40_000 }),
    usd: (10_000 * 2 + 10_000 * 10 + 40_000 * 2.5) / M,
  },
  {
    about: 'a compaction on demand, of which the top says nothing',
    model: 'claude-opus-5-5',
    stop: 'compaction',
    content: [{ type: 'compaction', content: 'So far.', signature: 's' }],
    usage: tokens(0, 0, {
      iterations: [attempt('compaction', null, tokens(180_000, 3_500, read(20_000)))],
    }),
    usd: (180_000 * 4 + 3_500 * 20 + 20_000 * 0.2) / M,
  },
  {
    about: 'a compaction by threshold, then the answer, from the United States',
    model: 'claude-sonnet-5-5',
    usage: tokens(23_000, 1_000, {
      ...us,
      iterations: [
        attempt('compaction', null, tokens(180_000, 3_500)),
        attempt('message', 'claude-sonnet-5-5', tokens(23_000, 1_000)),
      ],
    }),
    usd: ((180_000 * 2 + 3_500 * 10 + 23_000 * 2 + 1_000 * 10) * 1.1) / M,
  },
  {
    about: 'turns of a server tool, which the top sums, with searches',
    model: 'claude-sonnet-5',
    usage: tokens(30_000, 5_000, {
      ...read(10_000),
      ...searches(3),
      iterations: [
        attempt('message', 'claude-sonnet-5', tokens(10_000, 2_000)),
        attempt('message', 'claude-sonnet-5', tokens(20_000, 3_000, read(10_000))),
      ],
    }),
    usd: (30_000 * 2 + 5_000 * 10 + 10_000 * 0.2) / M + 3 * 0.01,
  },
  {
    about: 'a fallback after some output: each attempt at its own price',
    model: 'claude-fable-5-2',
    answeredBy: 'claude-opus-5',
    content: [
      { type: 'text', text: 'The tide' },
      { type: 'fallback', from: { model: 'claude-fable-5-2' }, to: { model: 'claude-opus-5' } },
      { type: 'text', text: 'rises twice a day.' },
    ],
    usage: tokens(50_000, 6_000, {
      iterations: [
        attempt('message', 'claude-fable-5-2', tokens(40_000, 900, written(0, 10_000))),
        attempt('fallback_message', 'claude-opus-5', tokens(50_000, 6_000)),
      ],
    }),
    usd: (40_000 * 8 + 900 * 40 + 10_000 * 16 + 50_000 * 5 + 6_000 * 25) / M,
  },
  {
    about: 'a fallback before any output: the refused attempt is free',
    model: 'claude-fable-5-1',
    answeredBy: 'claude-opus-4-8',
    content: [
      { type: 'fallback', from: { model: 'claude-fable-5-1' }, to: { model: 'claude-opus-4-8' } },
      { type: 'text', text: 'The tide rises twice a day.' },
    ],
    usage: tokens(50_000, 6_000, {
      iterations: [
        attempt('message', 'claude-fable-5-1', tokens(50_000, 0)),
        attempt('fallback_message', 'claude-opus-4-8', tokens(50_000, 6_000)),
      ],
    }),
    usd: (50_000 * 5 + 6_000 * 25) / M,
  },
  {
    about: 'a fallback that holds, so that only it was tried',
    model: 'claude-fable-5-2',
    answeredBy: 'claude-opus-5',
    usage: tokens(60_000, 2_000, {
      iterations: [attempt('fallback_message', 'claude-opus-5', tokens(60_000, 2_000))],
    }),
    usd: (60_000 * 5 + 2_000 * 25) / M,
  },
  {
    about: 'a fallback whose first attempt is named by nothing but the request',
    model: 'claude-fable-5-2',
    answeredBy: 'claude-opus-5',
    usage: tokens(60_000, 2_000, {
      iterations: [
        attempt('message', null, tokens(60_000, 500)),
        attempt('fallback_message', 'claude-opus-5', tokens(60_000, 2_000)),
      ],
    }),
    usd: (60_000 * 8 + 500 * 40 + 60_000 * 5 + 2_000 * 25) / M,
  },
  {
    about: 'advice of a dearer model within an answer',
    model: 'claude-haiku-4-5',
    usage: tokens(30_000, 4_000, {
      iterations: [
        attempt('message', 'claude-haiku-4-5', tokens(30_000, 4_000)),
        attempt('advisor_message', 'claude-opus-5-5', tokens(35_000, 2_500)),
      ],
    }),
    usd: (30_000 * 1 + 4_000 * 5 + 35_000 * 4 + 2_500 * 20) / M,
  },
  {
    about: 'a refusal before any output, whose tokens are shown',
    model: 'claude-opus-5-5',
    stop: 'refusal',
    content: [],
    usage: tokens(90_000, 1),
    usd: 0,
  },
  {
    about: 'a refusal in the middle',
    model: 'claude-opus-5-5',
    stop: 'refusal',
    content: [{ type: 'text', text: 'First you' }],
    usage: tokens(90_000, 700),
    usd: (90_000 * 4 + 700 * 20) / M,
  },
  {
    about: 'a refusal of both models, the first after some output',
    model: 'claude-fable-5-2',
    answeredBy: 'claude-opus-5',
    stop: 'refusal',
    content: [{ type: 'text', text: 'First you' }, { type: 'fallback' }],
    usage: tokens(90_000, 0, {
      iterations: [
        attempt('message', 'claude-fable-5-2', tokens(90_000, 700)),
        attempt('fallback_message', 'claude-opus-5', tokens(90_000, 0)),
      ],
    }),
    usd: (90_000 * 8 + 700 * 40) / M,
  },
  {
    about: 'an alias that another model answered',
    model: 'claude-opus-latest',
    answeredBy: 'claude-opus-5-5',
    usage: tokens(100_000, 10_000),
    usd: (100_000 * 4 + 10_000 * 20) / M,
  },
  {
    about: 'a cache that was only warmed',
    model: 'claude-sonnet-5-5',
    stop: 'max_tokens',
    content: [],
    usage: tokens(12, 0, written(0, 70_000)),
    usd: (12 * 2 + 70_000 * 4) / M,
  },
  {
    about: 'a model that nobody knows yet, as the dearest of the table',
    model: 'claude-novel-9',
    usage: tokens(10_000, 1_000, fast),
    usd: (10_000 * 30 + 1_000 * 150) / M,
  },
]
