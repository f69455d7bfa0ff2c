import { describe, expect, test } from 'vitest'
import { readMessage, readStream } from '../../../../device/api/messages/answer.ts'
import { plainUsage } from '../../../../device/spending/prices.ts'

const bytesOf = (text: string) => new TextEncoder().encode(text)
const usage = (counts: Parameters<typeof plainUsage>[0]) =>
  plainUsage({ cacheWriteHour: 0, ...counts })
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
      givesWay: false,
      usage: usage({ input: 10, output: 20, cacheWrite: 0, cacheRead: 5 }),
    })
  })

  test('that ended where the app said is whole', () => {
    expect(readMessage(message({ stop_reason: 'stop_sequence' }))).toMatchObject({
      isWhole: true,
      givesWay: false,
    })
  })

  test.each([
    ['max_tokens', true],
    ['model_context_window_exceeded', true],
    [null, true],
    ['refusal', false],
    ['pause_turn', false],
    ['compaction', false],
    ['tool_use', false],
    ['a_reason_of_2027', false],
  ])('does not compete when it ended by %s; gives way to a whole one: %s', (stop_reason, way) => {
    expect(readMessage(message({ stop_reason }))).toMatchObject({ isWhole: false, givesWay: way })
  })

  test('of a fallback model does not compete, and stands', () => {
    const stands = { isWhole: false, givesWay: false }
    const text = { type: 'text', text: 'Twice a day.' }
    expect(readMessage(message({ content: [{ type: 'fallback' }, text] }))).toMatchObject(stands)
    const usage = { iterations: [{ type: 'fallback_message', model: 'claude-opus-5' }] }
    expect(readMessage(message({ usage }))).toMatchObject(stands)
  })

  test('that only thought does not compete', () => {
    const content = [{ type: 'thinking', thinking: 'Hm.', signature: 's' }]
    for (const stop_reason of ['end_turn', 'stop_sequence'])
      expect(readMessage(message({ content, stop_reason }))).toMatchObject({
        isWhole: false,
        givesWay: true,
      })
  })

  test('does not compete without text, and nonsense is none', () => {
    expect(readMessage(message({ content: [] }))?.isWhole).toBe(false)
    const { attempts } = readMessage(message({ usage: { input_tokens: 'x' } }))!.usage
    expect(attempts).toMatchObject([{ input: 0, output: 0 }])
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
      givesWay: false,
      usage: usage({ input: 9, output: 7, cacheWrite: 0, cacheRead: 0 }),
    })
  })

  test('that has no end, or ends with an error, is none', () => {
    expect(streamed(EVENTS.slice(0, -1))).toBeNull()
    expect(streamed([...EVENTS.slice(0, -1), 'data: {"type":"error","error":{}}\n\n'])).toBeNull()
    expect(streamed(EVENTS.slice(1))).toBeNull()
  })
})
