import { expect, test } from 'vitest'
import {
  isSignedAnswer,
  type KeyRotation,
  replacedKey,
  signAnswer,
  signRotation,
} from '../../../adapters/wire/server-key.ts'
import { type KeyPair, newKeyPair } from '../../../adapters/wire/signature.ts'
import { isStatement, signStatement } from '../../../adapters/wire/statement.ts'

const [first, second, third, other] = [newKeyPair(), newKeyPair(), newKeyPair(), newKeyPair()]

test('a statement holds for its key, its kind and its text alone', () => {
  const signature = signStatement('release', 'text', first.secretKey)
  expect(isStatement('release', 'text', signature, first.publicKey)).toBe(true)
  expect(isStatement('rotation', 'text', signature, first.publicKey)).toBe(false)
  expect(isStatement('release', 'texts', signature, first.publicKey)).toBe(false)
  expect(isStatement('release', 'text', signature, second.publicKey)).toBe(false)
  expect(isStatement('release', 'text', 'none', first.publicKey)).toBe(false)
})

const turn = (from: KeyPair, to: KeyPair, by = from): KeyRotation =>
  signRotation({ from: from.publicKey, to: to.publicKey, at: 1 }, by.secretKey)

const CHAINS: [string, KeyRotation[], string | null][] = [
  ['by the key before it, each time', [turn(first, second), turn(second, third)], third.publicKey],
  ['by its own key', [turn(first, third, third)], null],
  ['in another order', [turn(second, third), turn(first, second)], null],
  ['to another key than the one in force', [turn(first, second)], null],
  ['with a step left out', [turn(second, third)], null],
]
test.each(CHAINS)('a key that is replaced %s', (_, rotations, expected) => {
  expect(replacedKey(first.publicKey, { publicKey: third.publicKey, rotations })).toBe(expected)
})

test('a key that was pinned in between is followed from there on', () => {
  const rotations = [turn(first, second), turn(second, third)]
  expect(replacedKey(second.publicKey, { publicKey: third.publicKey, rotations })).toBe(
    third.publicKey,
  )
  expect(replacedKey(other.publicKey, { publicKey: third.publicKey, rotations })).toBeNull()
})

const answer = { asked: 'loreweave=:abc:', status: 200, body: new Uint8Array([1, 2, 3]) }

test.each([
  ['request', { asked: 'loreweave=:abd:' }],
  ['status', { status: 202 }],
  ['body', { body: new Uint8Array([1, 2]) }],
])('an answer is signed with its %s', (_, change) => {
  const signature = signAnswer(answer, first.secretKey)
  expect(isSignedAnswer(answer, signature, first.publicKey)).toBe(true)
  expect(isSignedAnswer({ ...answer, ...change }, signature, first.publicKey)).toBe(false)
  expect(isSignedAnswer(answer, null, first.publicKey)).toBe(false)
})
