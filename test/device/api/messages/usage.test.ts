import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type ReadAnswer, readMessage, readStream } from '../../../../device/api/messages/answer.ts'
import { totalUsage } from '../../../../device/api/messages/usage.ts'
import { plainUsage, type Usage } from '../../../../device/spending/prices.ts'
import { PRICED_ANSWERS, type PricedAnswer } from './priced-answers.ts'

const TEXT = [{ type: 'text', text: 'Twice a day.' }]
const bytesOf = (text: string) => new TextEncoder().encode(text)

const whole = ({ model, answeredBy = model, usage, stop, content = TEXT }: PricedAnswer) =>
  readMessage(
    bytesOf(
      JSON.stringify({
        id: 'msg_1',
        model: answeredBy,
        content,
        stop_reason: stop ?? 'end_turn',
        usage,
      }),
    ),
  )!

/** The same as events: the start tells the prompt and how it is billed, the end everything else. */
const streamed = ({ model, answeredBy = model, usage, stop, content = TEXT }: PricedAnswer) => {
  const { output_tokens, iterations, server_tool_use, ...start } = usage as Record<string, unknown>
  const events = [
    {
      type: 'message_start',
      message: { id: 'msg_1', model: answeredBy, usage: { ...start, output_tokens: 1 } },
    },
    ...(content as readonly { type: string; text?: string }[]).flatMap((block, index) => [
      { type: 'content_block_start', index, content_block: { ...block, text: '' } },
      { type: 'content_block_delta', index, delta: { type: 'text_delta', text: block.text ?? '' } },
    ]),
    {
      type: 'message_delta',
      delta: { stop_reason: stop ?? 'end_turn' },
      usage: { output_tokens, iterations: iterations ?? null, server_tool_use, input_tokens: null },
    },
    { type: 'message_stop' },
  ]
  const reader = readStream()
  for (const event of events) reader.push(bytesOf(`data: ${JSON.stringify(event)}\n\n`))
  return reader.end()!
}

const usdOf = (priced: PricedAnswer, { usage }: ReadAnswer) =>
  totalUsage(priced.model, [usage], {}).usd

test('there are answers of every kind, and each costs something to the cent', () => {
  expect(PRICED_ANSWERS.length).toBeGreaterThanOrEqual(30)
  expect(PRICED_ANSWERS.filter(({ usd }) => usd < 0.01).length).toBeLessThanOrEqual(1)
})

describe.each(PRICED_ANSWERS.map((priced) => [priced.about, priced] as const))(
  '%s',
  (_, priced) => {
    test('costs as the price pages say, whole', () => {
      expect(usdOf(priced, whole(priced))).toBeCloseTo(priced.usd, 5)
    })
    test('and streamed', () => {
      expect(usdOf(priced, streamed(priced))).toBeCloseTo(priced.usd, 5)
    })
  },
)

test('what all answers used is summed, at the prices of the model', () => {
  const usage = plainUsage({ input: 1000, output: 100, cacheWrite: 0, cacheRead: 10 })
  const price = { input: 1, output: 10, cacheWrite: 0, cacheRead: 0.1 }
  expect(totalUsage('mine-1', [usage, usage], { mine: price })).toEqual({
    candidates: 2,
    input_tokens: 2000,
    output_tokens: 200,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 20,
    usd: 0.004002,
  })
})

describe('in a stream', () => {
  const cumulative = (...told: object[]) => {
    const reader = readStream()
    const [start, ...later] = told
    const message = { id: 'msg_1', model: 'claude-opus-5-5', usage: start }
    const events = [
      { type: 'message_start', message },
      ...later.map((usage) => ({ type: 'message_delta', delta: {}, usage })),
      { type: 'message_stop' },
    ]
    for (const event of events) reader.push(bytesOf(`data: ${JSON.stringify(event)}\n\n`))
    return reader.end()!.usage.attempts
  }

  test('later counts hold, what is not told again stays, and writes keep their lifetime', () => {
    const [attempt] = cumulative(
      {
        input_tokens: 100,
        output_tokens: 1,
        cache_read_input_tokens: 5,
        cache_creation_input_tokens: 40,
        cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 40 },
      },
      { output_tokens: 20 },
      { input_tokens: 160, output_tokens: 90, cache_creation_input_tokens: 70 },
    )
    expect(attempt).toEqual({
      model: 'claude-opus-5-5',
      input: 160,
      output: 90,
      cacheRead: 5,
      cacheWrite: 70,
      cacheWriteHour: 70,
    })
  })
})

test('no usage is read as more or less than it says, whatever else it holds', () => {
  const count = fc.integer({ min: 0, max: 1e6 })
  const nonsense = fc.oneof(fc.string(), fc.constant(null), fc.constant({ a: 1 }), fc.constant([]))
  fc.assert(
    fc.property(count, count, nonsense, nonsense, (input, output, a, b) => {
      const priced: PricedAnswer = {
        about: '',
        model: 'claude-sonnet-5-5',
        usage: {
          input_tokens: input,
          output_tokens: output,
          cache_creation: a,
          server_tool_use: b,
          iterations: b,
          speed: a,
          [String(a)]: b,
        },
        usd: 0,
      }
      const expected: Usage = { input, output, cacheRead: 0, cacheWrite: 0, cacheWriteHour: 0 }
      expect(whole(priced).usage.attempts).toEqual([{ ...expected, model: 'claude-sonnet-5-5' }])
    }),
  )
})
