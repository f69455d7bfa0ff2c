/**
 * What further answers are planned with, what is held back for them, and what is counted in the
 * end.
 */
import { describe, expect, test } from 'vitest'
import { DeviceSettings, type DeviceSettingsInput } from '../../../device/home/settings.ts'
import {
  minCertainty,
  planRequest,
  rankingStatus,
  recordSpending,
  reserveAnswers,
} from '../../../device/spending/plan.ts'
import { plainUsage } from '../../../device/spending/prices.ts'
import { noteUsage, usualUsage } from '../../../device/spending/usual-usage.ts'
import { type OwnStore, openStore } from '../../../device/store/store.ts'

const HOUR_MS = 3600 * 1000
const request = {
  model: 'claude-sonnet-5-5',
  maxTokens: 2000,
  inputTokens: 1000,
  thinks: true,
  effort: 'high',
}
const usage = (output: number, input = 1000) =>
  plainUsage({ input, output, cacheRead: 0, cacheWrite: 0 })

/**
 * Of a user who has a release and a head to which answers differ much: only the budget says how
 * many there are.
 */
const open = (settings: DeviceSettingsInput = {}, store: OwnStore = openStore(':memory:')) => {
  let now = 1_000_000_000
  store.set('outlook', {
    certainty: 1,
    spread: 10,
    slope: 1,
    halfLifeDays: null,
    outputTokens: 200,
  })
  const deps = {
    store,
    settings: DeviceSettings.parse(settings),
    clock: () => now,
    serving: { current: () => Promise.reject(new Error('unused')), releaseHash: () => 'r' },
  }
  return {
    deps,
    store,
    pass: (ms: number) => {
      now += ms
    },
    spent: () => store.spentSince(now - 24 * HOUR_MS),
  }
}

describe('a plan', () => {
  test('goes by what such answers really took, thinking included', () => {
    const { deps, store } = open()
    const before = planRequest(deps, request)
    for (let i = 0; i < 30; i++) noteUsage(store, request, usage(1800))
    const after = planRequest(deps, request)
    const each = after.costTokens / (after.count - 1)
    expect(each).toBeCloseTo(1000 + 1800, 0)
    expect(before.costTokens / (before.count - 1)).toBeCloseTo(1000 + 200 + 1500, 0)
  })

  test('counts prompts as Claude counted such ones', () => {
    const { deps, store } = open()
    for (let i = 0; i < 30; i++) noteUsage(store, request, usage(100, 1400))
    const { costTokens, count } = planRequest(deps, request)
    expect(costTokens / (count - 1)).toBeCloseTo(1400 + 100, -1)
  })

  test('counts cache reads at their price', () => {
    const { deps } = open({ extraUsdPerDay: 0.3 })
    const long = { ...request, inputTokens: 50_000 }
    const plain = planRequest(deps, { ...long, maxTokens: 100 })
    const cached = planRequest(deps, { ...long, maxTokens: 100, cachedTokens: 50_000 })
    expect(plain.count).toBe(1)
    expect(cached.count).toBeGreaterThan(1)
    expect(cached.costUsd / (cached.count - 1)).toBeCloseTo((50_000 * 0.1 + 100 * 10) / 1e6, 8)
  })

  test('demands more certainty of preferences the more choices there are', () => {
    expect([0, 50, 100, 1000].map(minCertainty)).toEqual([0.25, 0.525, 0.8, 0.8])
    const { deps, store } = open()
    const summary = { spread: 1, slope: 1, halfLifeDays: null, outputTokens: null }
    store.set('outlook', { ...summary, certainty: 0.4 })
    const many = {
      ...deps,
      store: Object.assign(Object.create(store), { countChoices: () => 100 }),
    }
    const counts = [deps, many].map((of) => planRequest(of, request).count)
    expect(counts[0]).toBeGreaterThan(1)
    expect(counts[1]).toBe(1)
  })

  test('buys answers to ask about where nothing is known, for somebody who has looked at questions', () => {
    const { deps, store, pass } = open({ rewrite: false })
    store.set('outlook', null)
    expect(planRequest(deps, request).count).toBe(1)
    store.set('questionDimensions', [{ dimension: 'length', askedAt: 0, isDismissed: true }])
    const count = () => planRequest(deps, request).count
    expect([count(), count(), count()]).toEqual([3, 3, 1])
    pass(25 * HOUR_MS)
    expect(count()).toBe(3)
    store.set('outlook', {
      certainty: 0.2,
      spread: 0,
      slope: 1,
      halfLifeDays: null,
      outputTokens: 200,
    })
    expect(count()).toBe(1)
    expect(planRequest(open({ rewrite: false, asksPerDay: 0 }).deps, request).count).not.toBe(1)
  })

  test.each([
    [
      'fast mode',
      { model: 'claude-opus-5-5', terms: { isFast: true, isUs: false, isBatch: false } },
    ],
    ['inference in the United States', { terms: { isFast: false, isUs: true, isBatch: false } }],
  ])('is dearer by %s', (_name, changes) => {
    const { deps } = open({ extraUsdPerDay: 100 })
    const dear = planRequest(deps, { ...request, ...changes })
    const cheap = planRequest(deps, { ...request, ...changes, terms: undefined as never })
    expect(dear.costUsd / (dear.count - 1)).toBeGreaterThan(
      1.09 * (cheap.costUsd / (cheap.count - 1)),
    )
  })

  test('has room for an answer that is much longer than usual', () => {
    const { deps, store } = open({ extraUsdPerDay: 0.1 })
    for (let i = 0; i < 30; i++) noteUsage(store, request, usage(1500))
    const short = planRequest(deps, { ...request, maxTokens: 1600 })
    const endless = planRequest(deps, { ...request, maxTokens: 128_000 })
    expect([short.count > 1, endless.count]).toEqual([true, 1])
  })
})

describe('what is usual', () => {
  test('is by model and effort, else by the model', () => {
    const store = openStore(':memory:')
    expect(usualUsage(store, request)).toEqual({ output: null, prompt: 1 })
    noteUsage(store, request, usage(1000))
    noteUsage(store, { ...request, effort: 'low' }, usage(100))
    expect(usualUsage(store, request).output).toBe(1000)
    expect(usualUsage(store, { ...request, effort: 'max' }).output).toBe(100)
    expect(usualUsage(store, { ...request, model: 'claude-opus-5' }).output).toBeNull()
  })

  test('is a mean at first, then follows what comes; a few kinds are remembered', () => {
    const store = openStore(':memory:')
    for (const output of [100, 200, 300]) noteUsage(store, request, usage(output))
    expect(usualUsage(store, request).output).toBeCloseTo(200, 9)
    for (let i = 0; i < 200; i++) noteUsage(store, request, usage(900))
    expect(usualUsage(store, request).output).toBeCloseTo(900, 0)
    for (let i = 0; i < 60; i++) noteUsage(store, { ...request, model: `m${i}` }, usage(1))
    expect(Object.keys(store.get('outputs') as object)).toHaveLength(50)
    noteUsage(store, request, usage(0))
    expect(usualUsage(store, request).output).toBeNull()
  })
})

describe('what is held back', () => {
  /** A day with money for one further answer at its worst: $0.02 and a little. */
  const poor = { extraUsdPerDay: 0.09, extraTokensPerDay: 1_000_000 }

  test('is not there for another request, in this process or another', () => {
    const store = openStore(':memory:')
    const [here, there] = [open(poor, store), open(poor, store)]
    for (let i = 0; i < 30; i++) noteUsage(store, request, usage(500))
    const one = reserveAnswers(here.deps, request, 1)
    expect(one?.further).toBe(1)
    expect(reserveAnswers(there.deps, request, 3)).toBeNull()
    expect(planRequest(there.deps, request).count).toBe(1)
    recordSpending(here.deps, request.model, [usage(100)], { reservation: one })
    expect(reserveAnswers(there.deps, request, 1)).not.toBeNull()
  })

  test('reserves the worst case, and finally counts the real cost', () => {
    const { deps, store, spent } = open()
    const reservation = reserveAnswers(deps, request, 2)
    expect(store.ledger.heldBack().usd).toBeCloseTo((2 * (1000 * 2 + 2000 * 10)) / 1e6, 9)
    recordSpending(deps, request.model, [usage(100), usage(300)], { reservation })
    expect(store.ledger.heldBack()).toEqual({ tokens: 0, usd: 0 })
    expect(spent()).toEqual({ tokens: 2400, usd: expect.closeTo(0.008, 9) })
  })

  test('counts the likely cost if an answer reports none', () => {
    const { deps, store, spent } = open()
    for (let i = 0; i < 30; i++) noteUsage(store, request, usage(500))
    const reservation = reserveAnswers(deps, request, 2)
    recordSpending(deps, request.model, [usage(100)], { reservation, unread: 1 })
    expect(spent().tokens).toBeCloseTo(1100 + 1500, 6)
  })

  test('is reported in whole tokens, even if the means are fractional', () => {
    const { deps, store, spent } = open()
    store.set('outlook', {
      certainty: 1,
      spread: 10,
      slope: 1,
      halfLifeDays: null,
      outputTokens: 123.4,
    })
    const reservation = reserveAnswers(deps, { ...request, inputTokens: 1000.7 }, 2)!
    recordSpending(deps, request.model, [], { reservation, unread: 2 })
    expect(spent().tokens).toBeGreaterThan(2000)
    expect(Number.isInteger(spent().tokens)).toBe(true)
    store.spend(deps.clock(), { tokens: 0.5, usd: 0 })
    expect(Number.isInteger(rankingStatus(deps).spentToday.tokens)).toBe(true)
  })

  test('does not outlive its process: the likely cost counts, once', () => {
    const { deps, store, pass, spent } = open()
    for (let i = 0; i < 30; i++) noteUsage(store, request, usage(500))
    const reservation = reserveAnswers(deps, request, 2)
    pass(HOUR_MS + 1)
    planRequest(deps, request)
    expect(store.ledger.heldBack()).toEqual({ tokens: 0, usd: 0 })
    expect(spent().tokens).toBeCloseTo(3000, 6)
    // Were it only slow, what it really took counts instead.
    recordSpending(deps, request.model, [usage(700), usage(700)], { reservation })
    expect(spent().tokens).toBeCloseTo(3400, 6)
  })

  test('is less where the budget has no room for all', () => {
    const { deps, store } = open({ extraTokensPerDay: 30_000 })
    for (let i = 0; i < 30; i++) noteUsage(store, request, usage(1000))
    expect(reserveAnswers(deps, request, 10)?.further).toBe(3)
  })

  test('for many requests at once never lets more be spent than the day has', () => {
    const { deps, store, spent } = open({ extraUsdPerDay: 0.5 })
    for (let i = 0; i < 30; i++) noteUsage(store, request, usage(1500))
    const given = Array.from({ length: 200 }, () => reserveAnswers(deps, request, 3))
    for (const reservation of given) {
      if (!reservation) continue
      const usages = Array.from({ length: reservation.further }, () => usage(2000))
      recordSpending(deps, request.model, usages, { reservation })
    }
    expect(given.some((one) => one !== null)).toBe(true)
    expect(spent().usd).toBeLessThanOrEqual(0.5)
  })
})
