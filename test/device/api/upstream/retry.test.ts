import { describe, expect, test } from 'vitest'
import {
  nextStep,
  retryBudget,
  sendWithRetries,
  timeLimitMs,
  wasNeverSent,
} from '../../../../device/api/upstream/retry.ts'

const NOW = 1_000_000
/** Of an SDK that has begun to try again. */
const budgetOf = (headers: Record<string, string> = {}, left = 2) =>
  retryBudget(new Headers({ 'x-stainless-retry-count': '1', ...headers }), left + 1, NOW)
const noConnection = (code = 'ECONNREFUSED') =>
  new Error('no answer', { cause: Object.assign(new TypeError('fetch failed'), { code }) })
const answerOf = (status: number, headers: Record<string, string> = {}) => ({
  status,
  headers: new Headers(headers),
})

describe('the budget', () => {
  test.each([
    ['of a caller who says nothing is none', {}, 0],
    ['of an SDK whose first try it is is none: it may have none of its own', { count: '0' }, 0],
    ["is less by the caller's own retries", { count: '1' }, 1],
    ['never is negative', { count: '9' }, 0],
    ['takes no nonsense', { count: 'x' }, 0],
  ])('%s', (_name, { count }: { count?: string }, left) => {
    const headers = new Headers(count === undefined ? {} : { 'x-stainless-retry-count': count })
    expect(retryBudget(headers, 2, NOW)).toEqual({ left, deadlineAt: NOW + 600_000 })
  })

  test.each([
    ['ten minutes where nothing is said', {}, 600],
    ['x-stainless-timeout', { 'x-stainless-timeout': '30' }, 30],
    [
      'x-stainless-read-timeout where that is no number',
      { 'x-stainless-timeout': 'NOT_GIVEN', 'x-stainless-read-timeout': '20' },
      20,
    ],
    ['the first that is', { 'x-stainless-timeout': '30', 'x-stainless-read-timeout': '20' }, 30],
    [
      'ten minutes where neither is',
      { 'x-stainless-timeout': 'NOT_GIVEN', 'x-stainless-read-timeout': 'NOT_GIVEN' },
      600,
    ],
    ['a part of a second', { 'x-stainless-timeout': '2.5' }, 2.5],
  ])('of time is %s', (_name, headers, seconds) => {
    expect(timeLimitMs(new Headers(headers as Record<string, string>))).toBe(1000 * seconds)
  })
})

test.each([
  ['no connection', noConnection(), true],
  ['no such name', noConnection('ENOTFOUND'), true],
  ['a reset, which comes when it comes', noConnection('ECONNRESET'), false],
  ['no headers in time', noConnection('UND_ERR_HEADERS_TIMEOUT'), false],
  ['an error that says nothing', new Error('x'), false],
  ['no error', 'x', false],
])('after %s the request was never sent: %s', (_name, error, never) => {
  expect(wasNeverSent(error)).toBe(never)
})

test.each([
  [400, {}, 'pass'],
  [401, {}, 'pass'],
  [408, {}, 'again'],
  [409, {}, 'again'],
  [413, {}, 'pass'],
  [429, {}, 'again'],
  [500, {}, 'again'],
  [501, {}, 'pass'],
  [502, {}, 'again'],
  [503, {}, 'again'],
  [504, {}, 'pass'],
  [529, {}, 'again'],
  [529, { 'x-should-retry': 'false' }, 'pass'],
  [400, { 'x-should-retry': 'true' }, 'again'],
])('an answer %i with %o: %s', (status, headers, kind) => {
  const answer = answerOf(status, headers as Record<string, string>)
  expect(nextStep(answer, 0, budgetOf(), NOW, 0).kind).toBe(kind)
})

test.each([
  ['retry-after-ms before retry-after', { 'retry-after-ms': '200', 'retry-after': '9' }, 200],
  ['retry-after in seconds', { 'retry-after': '1.5' }, 1500],
  ['retry-after as a date', { 'retry-after': new Date(NOW + 4000).toUTCString() }, 4000],
  ['backoff where a date has passed', { 'retry-after': new Date(0).toUTCString() }, 500],
  ['backoff where it is no number', { 'retry-after': 'later' }, 500],
  ['backoff where it is 0', { 'retry-after': '0' }, 500],
])('waits by %s', (_name, headers, waitMs) => {
  const answer = answerOf(429, headers as Record<string, string>)
  expect(nextStep(answer, 0, budgetOf(), NOW, 0)).toEqual({ kind: 'again', waitMs })
})

test('the backoff doubles, up to eight seconds, less a jitter of up to a quarter', () => {
  const waits = [0, 1, 2, 3, 4, 5].map(
    (n) => (nextStep(null, n, budgetOf({}, 9), NOW, 0) as { waitMs: number }).waitMs,
  )
  expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 8000])
  expect(nextStep(null, 0, budgetOf(), NOW, 1)).toEqual({ kind: 'again', waitMs: 375 })
})

test.each([
  ['its own backoff would end after the deadline: gives up', answerOf(529), 'give-up'],
  ['no answer came and no time is left: gives up', null, 'give-up'],
  [
    'Claude asks for more time than there is: the caller decides',
    answerOf(429, { 'retry-after': '60' }),
    'pass',
  ],
])('where %s', (_name, answer, kind) => {
  const budget = budgetOf({ 'x-stainless-timeout': '30' })
  expect(nextStep(answer, 0, budget, budget.deadlineAt - 100, 0).kind).toBe(kind)
})

test('with retries switched off the caller decides', () => {
  expect(nextStep(answerOf(529), 0, budgetOf({}, 0), NOW, 0).kind).toBe('pass')
})

describe('sending', () => {
  const send = async (
    outcomes: (number | 'lost' | 'refused')[],
    headers: Record<string, string> = {},
  ) => {
    let now = NOW
    const slept: number[] = []
    let sent = 0
    const result = await sendWithRetries(
      {
        clock: () => now,
        random: () => 0,
        sleep: async (ms) => {
          slept.push(ms)
          now += ms
        },
      },
      budgetOf(headers),
      new AbortController().signal,
      async () => {
        const outcome = outcomes[sent++]
        if (outcome === 'lost') throw new Error('reset')
        if (outcome === undefined || outcome === 'refused') throw noConnection()
        return new Response('x', { status: outcome })
      },
    ).catch((error: Error) => error.message)
    return { result, slept, sent }
  }

  test('goes on until an answer comes', async () => {
    const { result, slept } = await send([529, 'refused', 200])
    expect(result).toMatchObject({ isGivenUp: false, response: { status: 200 } })
    expect(slept).toEqual([500, 1000])
  })

  test('gives up after its count, with the last answer', async () => {
    const { result, sent } = await send([529, 500, 503, 200])
    expect(result).toMatchObject({ isGivenUp: true, response: { status: 503 } })
    expect(sent).toBe(3)
  })

  test('fails as the last attempt did', async () => {
    expect((await send(['refused', 'refused', 'refused'])).result).toBe('no answer')
  })

  test('never asks again for an answer that may have been made', async () => {
    expect(await send(['lost', 200])).toMatchObject({ result: 'reset', sent: 1, slept: [] })
    expect(await send([529, 'lost', 200])).toMatchObject({ result: 'reset', sent: 2 })
  })

  test('does not begin what the deadline has no room for', async () => {
    const { sent, slept } = await send([529, 529, 200], { 'x-stainless-timeout': '1' })
    expect(sent).toBe(2)
    expect(slept).toEqual([500])
  })

  test('ends with its caller', async () => {
    const abort = new AbortController()
    abort.abort()
    let sent = 0
    const sending = sendWithRetries(
      { clock: () => NOW, random: () => 0, sleep: async () => {} },
      budgetOf(),
      abort.signal,
      async () => {
        sent++
        throw new Error('gone')
      },
    )
    await expect(sending).rejects.toThrow('gone')
    expect(sent).toBe(1)
  })
})
