import { describe, expect, test } from 'vitest'
import { nextStep, retryBudget, sendWithRetries } from '../../../device/api/retry.ts'

const NOW = 1_000_000
const budgetOf = (headers: Record<string, string> = {}, retries = 2) =>
  retryBudget(new Headers(headers), retries, NOW)
const answerOf = (status: number, headers: Record<string, string> = {}) => ({
  status,
  headers: new Headers(headers),
})

describe('the budget', () => {
  test.each([
    ['of a caller who says nothing is two retries in ten minutes', {}, 2, 600],
    ['follows x-stainless-timeout, in seconds', { 'x-stainless-timeout': '30' }, 2, 30],
    ["is less by the caller's own retries", { 'x-stainless-retry-count': '1' }, 1, 600],
    ['never is negative', { 'x-stainless-retry-count': '9' }, 0, 600],
    [
      'takes no nonsense',
      { 'x-stainless-timeout': 'soon', 'x-stainless-retry-count': 'x' },
      2,
      600,
    ],
  ])('%s', (_name, headers, left, seconds) => {
    expect(budgetOf(headers as Record<string, string>)).toEqual({
      isOn: true,
      left,
      deadlineAt: NOW + 1000 * seconds,
    })
  })
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
  [504, {}, 'again'],
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
  const send = async (outcomes: (number | 'lost')[], headers: Record<string, string> = {}) => {
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
        if (outcome === undefined || outcome === 'lost') throw new Error('reset')
        return new Response('x', { status: outcome })
      },
    ).catch((error: Error) => error.message)
    return { result, slept, sent }
  }

  test('goes on until an answer comes', async () => {
    const { result, slept } = await send([529, 'lost', 200])
    expect(result).toMatchObject({ isGivenUp: false, response: { status: 200 } })
    expect(slept).toEqual([500, 1000])
  })

  test('gives up after its count, with the last answer', async () => {
    const { result, sent } = await send([529, 500, 503, 200])
    expect(result).toMatchObject({ isGivenUp: true, response: { status: 503 } })
    expect(sent).toBe(3)
  })

  test('fails as the last attempt did', async () => {
    expect((await send(['lost', 'lost', 'lost'])).result).toBe('reset')
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
