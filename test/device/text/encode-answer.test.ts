import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ChatMessage } from '../../../adapters/formats/choice-log.ts'
import { encodeAnswer, encodeRequest } from '../../../device/text/encode-answer.ts'

/** One token a character; a chat template with one token for each turn's head and foot. */
const toy = {
  eosIds: [9],
  encode: (text: string) => [...text].map((c) => 100 + c.codePointAt(0)!),
  chat: (
    messages: readonly { role: string; content: string }[],
    options?: { generationPrompt?: boolean },
  ) => ({
    text: '',
    ids: [
      ...messages.flatMap((m) => [
        m.role === 'user' ? 1 : m.role === 'system' ? 3 : 2,
        ...toy.encode(m.content),
        8,
      ]),
      ...(options?.generationPrompt === false ? [] : [2]),
    ],
  }),
}
const user = (content: ChatMessage['content']): ChatMessage => ({ role: 'user', content })

describe('encodeAnswer', () => {
  test('is the chat template with the system prompt, then the answer', () => {
    const input = encodeAnswer(toy, [user('hi')], 'S', 'yo', 50)
    expect(input.ids).toEqual([
      3,
      ...toy.encode('S'),
      8,
      1,
      ...toy.encode('hi'),
      8,
      2,
      ...toy.encode('yo'),
    ])
    expect(input.answerStart).toBe(8)
  })

  test('reads text blocks and passes over others', () => {
    const blocks = [{ type: 'text', text: 'h' }, { type: 'image' }, { type: 'text', text: 'i' }]
    expect(encodeAnswer(toy, [user(blocks)], undefined, 'x', 50)).toEqual(
      encodeAnswer(toy, [user('h\n\ni')], undefined, 'x', 50),
    )
  })

  test('cuts the front of the prompt, then the end of the answer', () => {
    const { ids, answerStart } = encodeAnswer(
      toy,
      [user('a'.repeat(90))],
      undefined,
      'bcdefghijklmnop',
      20,
    )
    expect(answerStart).toBe(10)
    expect(ids.slice(0, 10)).toEqual([...toy.encode('a'.repeat(8)), 8, 2])
    expect(ids.slice(10)).toEqual(toy.encode('bcdefghijk'))
  })

  test('gives every candidate of a request the same prompt', () => {
    const prompts = ['', 'short', 'x'.repeat(500)].map((answer) => {
      const { ids, answerStart } = encodeAnswer(toy, [user('q'.repeat(300))], 'sys', answer, 64)
      return ids.slice(0, answerStart)
    })
    expect(prompts[1]).toEqual(prompts[0])
    expect(prompts[2]).toEqual(prompts[0])
  })

  test('an empty answer is one end token', () => {
    const { ids, answerStart } = encodeAnswer(toy, [user('q')], undefined, '', 10)
    expect(ids.slice(answerStart)).toEqual([9])
  })

  test('fits any text into maxTokens with at least one token of answer', () => {
    const text = fc.string({ unit: 'binary' })
    fc.assert(
      fc.property(
        fc.array(text, { minLength: 1 }),
        text,
        text,
        fc.integer({ min: 2, max: 40 }),
        (turns, system, answer, max) => {
          const messages = turns.map(
            (content, i): ChatMessage => ({ role: i % 2 ? 'assistant' : 'user', content }),
          )
          const { ids, answerStart } = encodeAnswer(toy, messages, system, answer, max)
          expect(ids.length).toBeLessThanOrEqual(max)
          expect(answerStart).toBeLessThan(ids.length)
        },
      ),
    )
    expect(() => encodeAnswer(toy, [user('q')], undefined, 'a', 1)).toThrow(RangeError)
  })

  test('replaces half surrogate pairs and does not read all of a huge text', () => {
    const seen: string[] = []
    const watching = { ...toy, encode: (text: string) => toy.encode(seen[seen.push(text) - 1]!) }
    encodeAnswer(watching, [user('q')], undefined, `\ud800${'x'.repeat(1_000_000)}`, 32)
    expect(seen[0]!.length).toBeLessThan(1000)
    expect(seen[0]!.codePointAt(0)).toBe(0xfffd)
  })
})

describe('encodeRequest', () => {
  test('pools over the words of the request, not the template', () => {
    const { ids, answerStart } = encodeRequest(toy, 'hi', 10)
    expect(answerStart).toBe(1)
    expect(ids.slice(1)).toEqual([...toy.encode('hi'), 8])
  })

  test('keeps both ends of a long request and something of an empty one', () => {
    const { ids } = encodeRequest(toy, `ab${'x'.repeat(100)}yz`, 5)
    expect(ids).toEqual([1, ...toy.encode('abx'), ...toy.encode('z'), 8])
    const empty = encodeRequest(toy, '', 5)
    expect(empty.answerStart).toBeLessThan(empty.ids.length)
  })
})
