import { describe, expect, test } from 'vitest'
import { readMessage, readStream } from '../../../../device/api/messages/answer.ts'
import { totalUsage } from '../../../../device/api/messages/usage.ts'

const bytesOf = (text: string) => new TextEncoder().encode(text)
const message = (changes: object = {}) =>
  bytesOf(
    JSON.stringify({
      id: 'msg_1',
      content: [
        { type: 'thinking', thinking: 'Hm.', signature: 's' },
        { type: 'text', text: 'Tides' },
        { type: 'text', text: 'rise.' },
      ],
      stop_reason: 'end_turn',
      usage: { input_tokens: 10, output_tokens: 20, cache_read_input_tokens: 5 },
      ...changes,
    }),
  )

describe('a whole answer', () => {
  test('is read by its text, and competes', () => {
    expect(readMessage(message())).toEqual({
      text: 'Tides\nrise.',
      messageId: 'msg_1',
      stop: 'end_turn',
      isWhole: true,
      usage: { input: 10, output: 20, cacheWrite: 0, cacheRead: 5 },
    })
  })

  test.each(['max_tokens', 'refusal', 'stop_sequence', 'pause_turn', 'tool_use', null])(
    'does not compete when it ended by %s',
    (stop_reason) => {
      expect(readMessage(message({ stop_reason }))?.isWhole).toBe(false)
    },
  )

  test('does not compete without text, and nonsense is none', () => {
    expect(readMessage(message({ content: [] }))?.isWhole).toBe(false)
    expect(readMessage(message({ usage: { input_tokens: 'x' } }))?.usage.input).toBe(0)
    expect(readMessage(bytesOf('{"type":"error"}'))).toBeNull()
    expect(readMessage(bytesOf('<html>'))).toBeNull()
  })
})

const EVENTS = [
  'event: message_start\ndata: {"type":"message_start","message":{"id":"msg_1","usage":{"input_tokens":9,"output_tokens":1}}}\n\n',
  ': a comment\n\nevent: ping\ndata: {"type":"ping"}\n\n',
  'data: {"type":"content_block_delta","delta":{"type":"thinking_delta","thinking":"Hm."}}\r\n\r\n',
  'data: {"type":"content_block_delta","delta":{"type":"text_delta","text":"Grüße "}}\n\n',
  'data: {"type":"news","delta":7}\n\n',
  'data: {"type":"content_block_delta","delta":{"type":"text_delta","text":"you"}}\n\n',
  'data: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":7}}\n\n',
  'data: {"type":"message_stop"}\n\n',
]
const streamed = (events: readonly string[], size = 1000) => {
  const reader = readStream()
  const bytes = bytesOf(events.join(''))
  for (let at = 0; at < bytes.length; at += size) reader.push(bytes.slice(at, at + size))
  return reader.end()
}

describe('a streamed answer', () => {
  test.each([1, 3, 7, 1000])('is the same in pieces of %i bytes', (size) => {
    expect(streamed(EVENTS, size)).toEqual({
      text: 'Grüße you',
      messageId: 'msg_1',
      stop: 'end_turn',
      isWhole: true,
      usage: { input: 9, output: 7, cacheWrite: 0, cacheRead: 0 },
    })
  })

  test('that has no end, or ends with an error, is none', () => {
    expect(streamed(EVENTS.slice(0, -1))).toBeNull()
    expect(streamed([...EVENTS.slice(0, -1), 'data: {"type":"error","error":{}}\n\n'])).toBeNull()
    expect(streamed(EVENTS.slice(1))).toBeNull()
  })
})

test('what all answers used is summed, at the prices of the model', () => {
  const usage = { input: 1000, output: 100, cacheWrite: 0, cacheRead: 10 }
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
