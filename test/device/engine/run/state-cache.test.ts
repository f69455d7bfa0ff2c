import { expect, test } from 'vitest'
import { stateCache } from '../../../../device/engine/run/state-cache.ts'
import type { StateFolder } from '../../../../device/engine/run/state-folder.ts'

const states = (n: number) => new Float32Array(n)
const key = (text: string) => ({ generation: 'g', text })

test('drops the least recently used states beyond its bytes', async () => {
  const cache = stateCache(40)
  await cache.set(key('a'), states(4))
  await cache.set(key('b'), states(4))
  cache.get(key('a'), 4)
  await cache.set(key('c'), states(4))
  const held = ['a', 'b', 'c'].map((text) => Boolean(cache.get(key(text), 4)))
  expect(held).toEqual([true, false, true])
})

test('counts a replaced entry once', async () => {
  const cache = stateCache(40)
  for (let i = 0; i < 5; i++) await cache.set(key('a'), states(4))
  await cache.set(key('b'), states(4))
  expect(cache.get(key('a'), 4)).toBeDefined()
})

test('holds nothing when it has no room', async () => {
  const cache = stateCache(0)
  await cache.set(key('a'), states(1))
  expect(cache.get(key('a'), 1)).toBeUndefined()
})

test('the same text of another generation is another entry', async () => {
  const cache = stateCache(40)
  await cache.set(key('a'), states(1))
  expect(cache.get({ generation: 'h', text: 'a' }, 1)).toBeUndefined()
})

test('only persistent states are written to the folder, which is read once a text', async () => {
  const written = new Map<string, Float32Array>()
  const reads: string[] = []
  const folder: StateFolder = {
    read: ({ text }) => {
      reads.push(text)
      return written.get(text)
    },
    write: async ({ text }, data) => void written.set(text, data),
    begin: async () => {},
    flush: async () => {},
  }
  const cache = stateCache(1000, folder)
  await cache.set(key('passing'), states(2))
  await cache.set(key('kept'), states(3), true)
  expect([...written.keys()]).toEqual(['kept'])
  const next = stateCache(1000, folder)
  expect(next.get(key('kept'), 3)).toEqual(states(3))
  next.get(key('kept'), 3)
  expect(reads).toEqual(['kept'])
})
