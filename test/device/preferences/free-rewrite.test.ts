import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { diffWords, judge, proposeRewrite } from '../../../device/preferences/free-rewrite.ts'

const tokenizer = {
  chat: (messages: readonly { content: string }[]) => ({ text: messages[0]!.content, ids: [1, 2] }),
  encode: (text: string) => [...text].map((c) => c.codePointAt(0)!),
  decode: (ids: readonly number[]) => String.fromCodePoint(...ids),
  eosIds: [0],
}
const saying = (text: string) => ({ generate: async () => tokenizer.encode(text) })

describe('proposeRewrite', () => {
  test('offers what survives, with a diff', async () => {
    const result = await proposeRewrite(
      saying('why is it that Tom likes rain'),
      tokenizer,
      'why does Tom like rain',
    )
    expect(result).toMatchObject({ accepted: true, text: 'why is it that Tom likes rain' })
    expect(
      result.diff
        .filter((p) => p.kind !== 'added')
        .map((p) => p.text)
        .join(''),
    ).toBe('why does Tom like rain')
  })

  test('keeps the message byte for byte where something is lost, and says what', async () => {
    const message = '  Why do 3 of Ann’s cats not purr? '
    const result = await proposeRewrite(saying('Why do cats purr?'), tokenizer, message)
    expect(result).toEqual({
      accepted: false,
      text: message,
      diff: [],
      reason: 'the proposal changes or loses: numbers, names, negations',
    })
  })

  test('asks the model for neither nothing nor a long text', async () => {
    const failing = { generate: () => Promise.reject(new Error('asked')) }
    for (const message of [' ', 'x'.repeat(1001)])
      expect(await proposeRewrite(failing, tokenizer, message)).toMatchObject({
        accepted: false,
        text: message,
      })
  })
})

test('a proposal that changes nothing is none', () => {
  expect(judge('why is it so', ' why is it so ')).toMatchObject({
    accepted: false,
    reason: expect.stringContaining('not change'),
  })
})

describe('diffWords', () => {
  test('both texts can be read from it, and equal texts are one part', () => {
    const text = fc.array(fc.constantFrom('a', 'b', ' ', '\n', 'c d')).map((p) => p.join(''))
    fc.assert(
      fc.property(text, text, (before, after) => {
        const read = (skip: string) =>
          diffWords(before, after)
            .filter((p) => p.kind !== skip)
            .map((p) => p.text)
            .join('')
        expect(read('added')).toBe(before)
        expect(read('removed')).toBe(after)
        if (before !== '')
          expect(diffWords(before, before)).toEqual([{ kind: 'same', text: before }])
      }),
    )
  })
})
