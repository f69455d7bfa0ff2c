import { expect, test } from 'vitest'
import { enforceRetention } from '../../../device/store/forget.ts'
import { openStore } from '../../../device/store/store.ts'
import { shortChoices } from '../device-fixture.ts'

const DAY = 24 * 3600_000
const NOW = 1_800_000_000_000

test('what was measured on choices goes with them, and the preferences of the user stay', async () => {
  const store = openStore(':memory:')
  const evidence = { choices: 9, confidence: 0.9 }
  const learned = {
    dimension: 'length' as const,
    direction: -1 as const,
    strength: 0.5,
    scope: 'all' as const,
    evidence,
    source: 'learned' as const,
    pinned: false,
    enabled: true,
  }
  const own = [
    { ...learned, dimension: 'lists' as const, source: 'stated' as const },
    { ...learned, dimension: 'tables' as const, pinned: true },
    { ...learned, dimension: 'tone' as const, enabled: false },
  ]
  store.set('profile', { preferences: [learned, ...own] })
  store.set('outlook', { certainty: 0.8, spread: 2, slope: 1, halfLifeDays: 30, outputTokens: 200 })
  store.set('calibration', { margin: 0.3, heldBack: 7, trainedAt: 5 })
  for (const choice of shortChoices(3)) store.addChoice({ ...choice, at: NOW - 3 * DAY }, 'import')
  expect(await enforceRetention(store, 2, NOW)).toBe(true)
  expect(store.countChoices()).toBe(0)
  expect(store.get('profile')).toEqual({ preferences: own })
  expect(store.get('outlook')).toBeNull()
  expect(store.get('calibration')).toEqual({ margin: 0, heldBack: 0, trainedAt: 5 })
})
