import { expect, test } from 'vitest'
import { wordOf, wordsOf } from './words.ts'

const word = wordOf(123_456)

test.each([
  ['text', Buffer.from(`so ${word}.`)],
  ['JSON in JSON', Buffer.from(JSON.stringify({ a: JSON.stringify([`"${word}"\n`]) }))],
  ['UTF-16, its low byte first', Buffer.from(`.${word}.`, 'utf16le')],
  ['UTF-16, its high byte first', Buffer.from(`.${word}.`, 'utf16le').swap16()],
  ['UTF-16 at an odd place', Buffer.concat([Buffer.from('x'), Buffer.from(word, 'utf16le')])],
  ...[0, 1, 2].map((n): [string, Buffer] => [
    `base64 after ${n} bytes`,
    Buffer.from(`data:${Buffer.from(`${'.'.repeat(n)}${word}, and more`).toString('base64')}"`),
  ]),
  ['base64 for addresses', Buffer.from(Buffer.from(`???${word}>>>`).toString('base64url'))],
  ['hexadecimal digits', Buffer.from(`0x${Buffer.from(word).toString('hex')}`)],
])('a word is found in %s', (_, bytes) => {
  expect([...wordsOf(bytes)]).toEqual([word])
})

test('another word is not', () => {
  expect(wordsOf(Buffer.from(`${word.slice(1)} and zqABCDEFGHxv`)).size).toBe(0)
})
