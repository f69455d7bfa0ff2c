/** What requests with images leave behind: sixty here; `loreweave-eval bench home` sends two thousand. */
import { readFileSync, statSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ChatMessage } from '../../../adapters/formats/choice-log.ts'
import { openStore } from '../../../device/store/store.ts'
import { type ServedHome, servedHome } from '../served-home.ts'

let home: ServedHome
beforeAll(async () => {
  home = await servedHome()
})
afterAll(() => home.close())

const MB = 1e6
const IMAGE_BYTES = 2 * MB
/** Of a database of two thousand such requests: 20 MB, some of which every home has. */
const MOST_A_REQUEST = 8000
const MOST_MEMORY = 400 * MB

const databaseBytes = (): number =>
  ['', '-wal'].reduce(
    (sum, end) => sum + (statSync(home.databasePath + end, { throwIfNoEntry: false })?.size ?? 0),
    0,
  )

/** The most that the process has held; 0 where the system does not say. */
const peakBytes = (pid: number): number => {
  try {
    return 1000 * Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
  } catch {
    return 0
  }
}

/** A conversation of so many turns, with an image in its first one; or as many single requests. */
const turnsOf = (subject: number, count: number): ChatMessage[][] => {
  const data = Buffer.alloc(IMAGE_BYTES, `image ${subject} `).toString('base64')
  const source = { type: 'base64', media_type: 'image/png', data }
  const question = { type: 'text', text: `What does picture ${subject} show, and why?` }
  const messages: ChatMessage[] = [{ role: 'user', content: [{ type: 'image', source }, question] }]
  return Array.from({ length: count }, (_, i) => {
    const until = [...messages]
    messages.push({ role: 'assistant', content: `Answer ${i} on ${subject}.` })
    messages.push({ role: 'user', content: `And what of part ${i} of it?` })
    return until
  })
}

test('sixty requests with two megabytes of image leave some kilobytes each, and no image', async () => {
  const server = await home.served()
  const sizes: number[] = []
  for (let i = 0; i < 12; i++) {
    for (const messages of turnsOf(i, i % 2 === 0 ? 9 : 1)) await server.ask(messages)
    sizes.push(databaseBytes())
  }
  const grown = sizes.at(-1)! - sizes[1]!
  // The journal grows up to four megabytes before it is used again.
  expect(grown).toBeLessThan(50 * MOST_A_REQUEST + 4.5 * MB)
  expect(peakBytes(server.child.pid ?? 0)).toBeLessThan(MOST_MEMORY)
  await server.kill()
  const store = openStore(home.databasePath)
  expect(store.decisions(100)).toHaveLength(60)
  expect(store.keptBytes()).toBeLessThan(60 * MOST_A_REQUEST)
  await store.close()
  for (const end of ['', '-wal']) {
    const bytes = statSync(home.databasePath + end, { throwIfNoEntry: false })
      ? readFileSync(home.databasePath + end)
      : Buffer.alloc(0)
    expect(bytes.includes(Buffer.from('image 3 image 3 ').toString('base64').slice(0, 16))).toBe(
      false,
    )
  }
})
