import { expect, test } from 'vitest'
import {
  charactersPerToken,
  isFrom,
  leastCached,
  thinksByItself,
  versionOf,
} from '../../../device/spending/claude-models.ts'

test.each([
  ['claude-opus-5-5', [5, 5]],
  ['claude-fable-5', [5, 0]],
  ['claude-sonnet-4-20250514', [4, 0]],
  ['claude-sonnet-4-5-20250929', [4, 5]],
  ['claude-3-5-haiku-latest', [3, 5]],
  ['claude-3-opus-20240229', [3, 0]],
  ['anthropic/claude-opus-4.8', [4, 8]],
  ['claude-opus-4-5@20251101', [4, 5]],
  ['claude-opus-latest', null],
  ['', null],
])('the version of %s is %o', (model, version) => {
  expect(versionOf(model)).toEqual(version)
})

test('versions are compared as numbers, and a name without one counts as the newest', () => {
  expect(isFrom('claude-opus-4-10', 4, 6)).toBe(true)
  expect(isFrom('claude-opus-4-5', 4, 6)).toBe(false)
  expect(isFrom('claude-opus-latest', 4, 6)).toBe(true)
})

test('tokens are shorter from 4.7 on, and models think from 5 on', () => {
  expect(charactersPerToken('claude-opus-4-7')).toBeLessThan(charactersPerToken('claude-opus-4-6'))
  expect([thinksByItself('claude-opus-4-8'), thinksByItself('claude-haiku-5-5')]).toEqual([
    false,
    true,
  ])
})

test.each([
  ['claude-fable-5-2', 512],
  ['claude-opus-5-5', 512],
  ['claude-sonnet-5-5', 512],
  ['claude-sonnet-5', 1024],
  ['claude-sonnet-4-5-20250929', 1024],
  ['claude-opus-4-8', 1024],
  ['claude-opus-4-7', 2048],
  ['claude-opus-4-6', 4096],
  ['claude-haiku-4-5', 4096],
  ['claude-haiku-5-5', 512],
])('%s caches from %i tokens on', (model, tokens) => {
  expect(leastCached(model)).toBe(tokens)
})
