import { expect, test } from 'vitest'
import {
  EMPTY_LOG,
  follows,
  LogEntry,
  type Logged,
  nextEntry,
} from '../../../adapters/wire/release-log.ts'
import { newKeyPair } from '../../../adapters/wire/signature.ts'

const key = newKeyPair()
const logged: Logged = {
  at: 5,
  lineage: 'line',
  version: 0,
  release: 'a'.repeat(64),
  parent: null,
  cohort: 0,
}
const first = nextEntry(EMPTY_LOG, logged, key)
const second = nextEntry(first, { ...logged, version: 1, release: 'b'.repeat(64) }, key)

test('an entry follows the one before it, and that one alone', () => {
  expect(LogEntry.parse(second)).toEqual(second)
  expect([follows(first, EMPTY_LOG), follows(second, first)]).toEqual([true, true])
  expect([follows(second, EMPTY_LOG), follows(first, second)]).toEqual([false, false])
})

test.each<[string, Partial<LogEntry>]>([
  ['number', { number: 3 }],
  ['time', { at: 6 }],
  ['lineage', { lineage: 'other' }],
  ['version', { version: 2 }],
  ['release', { release: 'c'.repeat(64) }],
  ['parent', { parent: 'c'.repeat(64) }],
  ['cohort', { cohort: 20 }],
  ['hash', { hash: 'c'.repeat(64) }],
  ['previous hash', { previous: 'c'.repeat(64) }],
  ['key', { key: newKeyPair().publicKey }],
])('an entry whose %s was changed follows nothing', (_, change) => {
  expect(follows({ ...second, ...change }, first)).toBe(false)
})
