import { describe, expect, test } from 'vitest'
import { openSuffixes, type Trace } from '../../../device/preferences/suffixes.ts'
import { openStore } from '../../../device/store/store.ts'
import type { StoreTx } from '../../../device/store/tables.ts'
import { answerKeys, historyOf, type LooseMessage } from '../../../device/text/history.ts'

const user = (content: unknown) => ({ role: 'user', content })
const assistant = (content: unknown) => ({ role: 'assistant', content })
const thought = (signature: string) => ({ type: 'thinking', thinking: '', signature })
const text = (words: string) => ({ type: 'text', text: words })
const trace = (messages: LooseMessage[], more: Partial<Trace> = {}): Trace => ({
  messages,
  system: 'S',
  history: historyOf(messages, 'S'),
  profile: 'p',
  ...more,
})
const A = { block: 'A', preferences: [] }
const B = { block: 'B', preferences: [] }
const DAY_MS = 24 * 3600 * 1000

const opened = () => {
  const store = openStore(':memory:')
  let now = 1e12
  const reports: string[] = []
  const open = () =>
    openSuffixes(
      store,
      () => now,
      ({ what }) => void reports.push(what),
    )
  let suffixes = open()
  const found = (messages: LooseMessage[], more: Partial<Trace> = {}) => {
    const result = suffixes.find(trace(messages, more))
    return result.kind === 'bound' ? result.bound.block : result.kind
  }
  /** A conversation's first turn: what the app then holds. */
  const begin = (words: string, suffix: typeof A, content: object[], isKept = true) => {
    const asked = [user(words)]
    const bound = suffixes.begin(trace(asked), suffix, isKept)
    suffixes.answered(bound, answerKeys(asked, content))
    return [...asked, assistant(content), user('And?')]
  }
  return {
    store,
    reports,
    found,
    begin,
    get suffixes() {
      return suffixes
    },
    pass: (ms: number) => (now += ms),
    restart: () => (suffixes = open()),
  }
}

describe('a conversation', () => {
  test('has the suffix that its first signature was written under, and another its own', () => {
    const { begin, found } = opened()
    const one = begin('hi', A, [thought('s1'), text('Hello.')])
    const two = begin('hi', B, [thought('s2'), text('Hello.')])
    expect([found(one), found(two)]).toEqual(['A', 'B'])
  })

  test('that began elsewhere has no suffix, even with the same words', () => {
    const { begin, found } = opened()
    begin('hi', A, [thought('s1'), text('Hello.')])
    expect(found([user('hi'), assistant([thought('x'), text('Hello.')]), user('And?')])).toBe(
      'none',
    )
    expect(found([user('hi'), assistant('Good day.'), user('And?')])).toBe('none')
  })

  test('without thinking is known by a question with its answer, wherever it is cut off in front', () => {
    const made = opened()
    const first = made.begin('hi', A, [text('Hello.')])
    const result = made.suffixes.find(trace(first))
    if (result.kind !== 'bound') throw new Error(result.kind)
    made.suffixes.answered(result.bound, answerKeys(first, [text('Indeed.')]))
    const later = [...first, assistant('Indeed.'), user('So?')]
    expect(made.found(later)).toBe('A')
    expect(made.found(later.slice(2))).toBe('A')
    // A clock in the system prompt costs the app its cache already.
    expect(made.found(later, { system: 'It is 14:03.' })).toBe('A')
  })

  test('is known by a tool call', () => {
    const { begin, found } = opened()
    const call = { type: 'tool_use', id: 'toolu_1', name: 'x', input: {} }
    begin('hi', A, [call])
    const result = { type: 'tool_result', tool_use_id: 'toolu_1', content: 'y' }
    expect(found([user('hi'), assistant([call]), user([result])])).toBe('A')
  })

  test('outlasts a restart, and ninety days from its last answer', () => {
    const made = opened()
    const first = made.begin('hi', A, [thought('s1')])
    made.pass(80 * DAY_MS)
    made.restart()
    const result = made.suffixes.find(trace(first))
    if (result.kind !== 'bound') throw new Error(result.kind)
    made.suffixes.answered(result.bound, answerKeys(first, [thought('s2')]))
    made.pass(80 * DAY_MS)
    made.restart()
    expect(made.found([...first, assistant([thought('s2')]), user('So?')])).toBe('A')
    made.pass(20 * DAY_MS)
    made.begin('other', B, [thought('s3')])
    made.restart()
    expect(made.found([...first, assistant([thought('s2')]), user('So?')])).toBe('none')
  })

  test('that nothing is kept of is known until the process ends', () => {
    const made = opened()
    const first = made.begin('hi', A, [thought('s1')], false)
    expect(made.found(first)).toBe('A')
    made.restart()
    expect(made.found(first)).toBe('none')
  })

  test('of which texts are forgotten is still known by its signatures', () => {
    const made = opened()
    const first = made.begin('hi', A, [thought('s1'), text('Hello.')])
    const result = made.suffixes.find(trace(first))
    if (result.kind !== 'bound') throw new Error(result.kind)
    made.store.eraseTextKeys([result.bound.conversation])
    made.restart()
    expect(made.found(first)).toBe('A')
    expect(made.found([user('hi'), assistant('Hello.'), user('And?')])).toBe('none')
    expect(made.suffixes.lastUnder('S')).toBeNull()
  })

  test('can turn out to have another suffix', () => {
    const { begin, found, suffixes } = opened()
    const first = begin('hi', A, [thought('s1')])
    suffixes.correct(trace(first), null, true)
    expect(found(first)).toBe('none')
    suffixes.correct(trace(first), suffixes.lastUnder('S'), true)
    expect(found(first)).toBe('A')
  })
})

describe('a first request', () => {
  test('is open, until it comes again soon: a retry, a count, an answer that was begun', () => {
    const made = opened()
    const asked = [user('hi')]
    expect(made.found(asked)).toBe('first')
    made.suffixes.begin(trace(asked), A, true)
    expect(made.found(asked)).toBe('A')
    expect(made.found([...asked, assistant('Hel')])).toBe('A')
    expect(made.found(asked, { profile: 'changed' })).toBe('first')
    made.pass(11 * 60_000)
    expect(made.found(asked)).toBe('first')
  })

  test('under a cached document has the suffix of the hour, whatever the profile says by now', () => {
    const made = opened()
    const isShared = true
    made.suffixes.begin(trace([user('document, one')], { isShared }), A, true)
    expect(made.found([user('document, two')], { isShared, profile: 'changed' })).toBe('A')
    expect(made.found([user('document, two')], { isShared, system: 'T' })).toBe('first')
    expect(made.found([user('two')])).toBe('first')
    made.pass(61 * 60_000)
    expect(made.found([user('document, two')], { isShared })).toBe('first')
  })

  test('of an app whose answers are not seen names its conversation', () => {
    const { found, suffixes } = opened()
    const later = [user('hi'), assistant('Anything.'), user('And?')]
    expect(found(later, { byWords: true })).toBe('first')
    suffixes.begin(trace([user('hi')], { byWords: true }), A, true)
    expect(found(later, { byWords: true })).toBe('A')
    expect(found(later)).toBe('none')
  })
})

test('a refusal is made good, and a thread gone on with, under the suffix that they had', () => {
  const { found, suffixes } = opened()
  const asked = [user('hi')]
  const bound = suffixes.begin(trace(asked), A, true)
  suffixes.answered(bound, { signatures: [], turns: [], credit: 'fct_1', messageId: 'msg_1' })
  suffixes.begin(trace(asked, { profile: 'changed' }), B, true)
  expect(found(asked, { profile: 'changed', credit: 'fct_1' })).toBe('A')
  expect(found([...asked, assistant('Part.')], { profile: 'q', credit: 'fct_1' })).toBe('A')
  expect(found([user('other')], { credit: 'fct_2' })).toBe('none')
  expect(found([user('more')], { continues: 'msg_1' })).toBe('A')
  expect(found([user('more')], { continues: 'msg_2' })).toBe('none')
})

describe('a store that cannot be written', () => {
  test('leaves conversations under the suffix that they began with', () => {
    const made = opened()
    const waiting: ((tx: StoreTx) => void)[] = []
    made.store.later = (work) => void waiting.push(work)
    const asked = [user('hi')]
    const bound = made.suffixes.begin(trace(asked), A, true)
    made.suffixes.answered(bound, answerKeys(asked, [thought('s1')]))
    made.suffixes.begin(trace([user('other')]), B, true)
    const more = [...asked, assistant([thought('s1')]), user('And?')]
    expect([made.found(more), made.found([user('other')])]).toEqual(['A', 'B'])
    expect(openSuffixes(made.store, () => 1).find(trace(more)).kind).toBe('none')
    for (const work of waiting) work(made.store)
    expect(openSuffixes(made.store, () => 1).find(trace(more)).kind).toBe('bound')
  })

  test('or read is reported, and suffixes in memory are still found', () => {
    const made = opened()
    const first = made.begin('hi', A, [thought('s1')])
    made.store.suffixAt = () => {
      throw new Error('SQLITE_IOERR')
    }
    expect(made.found(first)).toBe('A')
    expect(made.found([user('x'), assistant([thought('s9')]), user('y')])).toBe('none')
    expect(made.reports).toEqual(['suffix'])
  })
})

test('no key in the store reveals its text', () => {
  const { store, begin } = opened()
  begin('zanzibarine', A, [thought('sig-zanzibarine'), text('Hello.')])
  const kept = JSON.stringify([store.suffixAt('signature sig-zanzibarine')])
  expect(kept).toBe('[null]')
  const again = openStore(':memory:')
  const other = openSuffixes(again, () => 1)
  other.begin(trace([user('zanzibarine')]), A, true)
  expect(store.get('hashKey')).not.toEqual(again.get('hashKey'))
})
