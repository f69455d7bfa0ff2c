/** Bills, reckoned by hand from the price pages. */
import { expect, test } from 'vitest'
import { billOf } from '../../../eval/claude/billing.ts'
import type { Message } from '../../../eval/claude/message.ts'

const input = (plain: number, read = 0, short = 0, long = 0) => ({
  input_tokens: plain,
  cache_read_input_tokens: read,
  cache_creation_input_tokens: short + long,
  cache_creation: { ephemeral_5m_input_tokens: short, ephemeral_1h_input_tokens: long },
})
const message = (model: string, usage: object, changes: object = {}) =>
  ({
    model,
    stop_reason: 'end_turn',
    usage: { service_tier: 'standard', speed: 'standard', inference_geo: 'global', ...usage },
    ...changes,
  }) as Message

const M = 1_000_000
const DOLLARS: [string, Message, number][] = [
  ['plain Fable 5.2', message('claude-fable-5-2', { ...input(M), output_tokens: M }), 48],
  [
    'cache reads of Opus 5.5',
    message('claude-opus-5-5', { ...input(0, M), output_tokens: 0 }),
    0.2,
  ],
  [
    'writes for five minutes and for an hour',
    message('claude-opus-5-5', { ...input(0, 0, M, M), output_tokens: 1 }),
    4 * 1.25 + 4 * 2 + 20 / M,
  ],
  [
    'fast mode in the United States',
    message('claude-opus-5-5', {
      ...input(M),
      output_tokens: M,
      speed: 'fast',
      inference_geo: 'us',
    }),
    (8 + 40) * 1.1,
  ],
  [
    'a batch',
    message('claude-haiku-4-5', { ...input(M), output_tokens: M, service_tier: 'batch' }),
    3,
  ],
  [
    'Haiku 5.5 above 100 000 tokens',
    message('claude-haiku-5-5', { ...input(M), output_tokens: M }),
    3,
  ],
  ['Haiku 5.5 below', message('claude-haiku-5-5', { ...input(100_000), output_tokens: M }), 0.51],
  [
    'a search',
    message('claude-sonnet-5-5', {
      ...input(0),
      output_tokens: 0,
      server_tool_use: { web_search_requests: 2 },
    }),
    0.02,
  ],
  [
    'a summary and an answer',
    message('claude-sonnet-5-5', {
      ...input(M),
      output_tokens: M,
      iterations: [
        { type: 'compaction', ...input(M), output_tokens: M },
        { type: 'message', model: 'claude-sonnet-5-5', ...input(M), output_tokens: M },
      ],
    }),
    24,
  ],
  [
    'a fallback after something was said, and after nothing was',
    message('claude-opus-5-5', {
      ...input(M),
      output_tokens: M,
      iterations: [
        { type: 'message', model: 'claude-fable-5-2', ...input(M), output_tokens: M },
        { type: 'message', model: 'claude-fable-5-1', ...input(M), output_tokens: 0 },
        { type: 'fallback_message', model: 'claude-opus-5-5', ...input(M), output_tokens: M },
      ],
    }),
    48 + 24,
  ],
  [
    'a refusal before a word',
    message('claude-fable-5-2', { ...input(M), output_tokens: 0 }, { stop_reason: 'refusal' }),
    0,
  ],
]

test.each(DOLLARS)('%s', (_, answered, dollars) => {
  expect(billOf(answered)).toBeCloseTo(dollars, 9)
})
