/** Each promise of the soak, broken on purpose. */
import { describe, expect, test } from 'vitest'
import { type Found, type Ledger, wrongs } from '../../../eval/soak/ledger.ts'

const BOUNDS = { residentBytes: 400e6, homeBytes: 64e6 }
const put = { at: 50, method: 'PUT', path: '/v1/rounds/r_1/update', bytes: 9, status: 202 }
const ledger: Ledger = {
  acknowledged: [{ decisionId: 'd_1', kind: 'thumbs', word: 'oak' }],
  conversations: [
    { word: 'oak', decisions: ['d_1'], isForgotten: false },
    { word: 'elm', decisions: ['d_2'], isForgotten: true },
  ],
  stated: { emoji: -1 },
  isConsented: true,
  withoutConsent: [{ from: 0, until: 10 }],
  toServer: [put],
}
const found: Found = {
  feedbackOn: () => ['thumbs', 'edit'],
  directions: { emoji: -1, lists: 1 },
  isConsented: true,
  forgottenWords: [],
  residentBytes: 200e6,
  homeBytes: 10e6,
  acceptedRounds: ['r_1'],
}

test('nothing is wrong where all is as it was told', () => {
  expect(wrongs(ledger, found, BOUNDS)).toEqual([])
})

describe('it is wrong', () => {
  test.each<[string, Partial<Ledger>, Partial<Found>, RegExp]>([
    ['to lose feedback', {}, { feedbackOn: () => ['edit'] }, /"thumbs" on d_1 is lost/],
    ['to lose its decision', {}, { feedbackOn: () => null }, /is lost/],
    ['to lose a preference', {}, { directions: { emoji: 1 } }, /preference for emoji/],
    ['to lose a withdrawal', { isConsented: false }, {}, /consent is granted/],
    ['to keep what was forgotten', {}, { forgottenWords: ['elm'] }, /still holds elm/],
    [
      'to send without consent',
      { withoutConsent: [{ from: 50, until: null }] },
      {},
      /PUT .* consent/,
    ],
    ['to count an update that nobody took', { toServer: [{ ...put, status: 500 }] }, {}, /r_1/],
    ['to hold too much memory', {}, { residentBytes: 401e6 }, /401 MB of memory/],
    ['to fill the home', {}, { homeBytes: 65e6 }, /takes 65 MB/],
  ])('%s', (_name, told, seen, sentence) => {
    const wrong = wrongs({ ...ledger, ...told }, { ...found, ...seen }, BOUNDS)
    expect(wrong).toHaveLength(1)
    expect(wrong[0]).toMatch(sentence)
  })
})

test('feedback on a conversation that was forgotten since is not missed', () => {
  const acknowledged = [{ decisionId: 'd_2', kind: 'keep', word: 'elm' }]
  expect(wrongs({ ...ledger, acknowledged }, { ...found, feedbackOn: () => null }, BOUNDS)).toEqual(
    [],
  )
})

test('enrolling needs no consent', () => {
  const enroll = { ...put, at: 5, method: 'POST', path: '/v1/enroll' }
  expect(wrongs({ ...ledger, toServer: [enroll, put] }, found, BOUNDS)).toEqual([])
})
