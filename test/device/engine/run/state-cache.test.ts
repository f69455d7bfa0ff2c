import { expect, test } from 'vitest'
import { stateCache } from '../../../../device/engine/run/state-cache.ts'

const states = (n: number) => new Float32Array(n)

test('drops the least recently used states beyond its bytes', () => {
  const cache = stateCache(40)
  cache.set('a', states(4))
  cache.set('b', states(4))
  cache.get('a')
  cache.set('c', states(4))
  expect([cache.get('a'), cache.get('b'), cache.get('c')].map(Boolean)).toEqual([true, false, true])
})

test('counts a replaced entry once', () => {
  const cache = stateCache(40)
  for (let i = 0; i < 5; i++) cache.set('a', states(4))
  cache.set('b', states(4))
  expect(cache.get('a')).toBeDefined()
})

test('holds nothing when it has no room', () => {
  const cache = stateCache(0)
  cache.set('a', states(1))
  expect(cache.get('a')).toBeUndefined()
})
