import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { forgetConversation } from '../../../device/store/forget.ts'
import { newDecision } from '../../../device/store/new-decision.ts'
import { openStore } from '../../../device/store/store.ts'
import { temporaryFolder } from '../device-fixture.ts'

const SECOND = 1000
/** A hundred thousand in the ninety days that they are kept. */
const APART_MS = 78 * SECOND
const START = 1_700_000_000_000

/** Decisions of a conversation each, with what a request leaves beside them. */
const filled = async (count: number, folder: string) => {
  const store = openStore(join(folder, 'db'))
  store.limitTo(1e10)
  for (let from = 0; from < count; from += 1000)
    await store.durably((tx) => {
      for (let i = from; i < Math.min(count, from + 1000); i++) {
        const [at, suffix] = [START + i * APART_MS, `c_${i}`]
        const messages = [{ role: 'user' as const, content: `Question ${i}, ${'on '.repeat(100)}` }]
        tx.saveDecision(newDecision(store, at, { messages }, { id: `d${i}`, suffix, app: 'a' }))
        tx.answerDecision(`d${i}`, {
          at,
          answers: [{ text: `Answer ${i}, ${'so '.repeat(150)}`, messageId: `msg_${i}` }],
          shown: [0],
          served: 0,
          propensity: 1,
          explored: false,
        })
        if (i % 10 === 0) tx.addFeedback(`f${i}`, `d${i}`, at, { kind: 'thumbs', value: 1 })
        const keys = [{ key: `key of the turn ${i}`.padEnd(22), isText: true }]
        tx.saveSuffix({ block: 'block', preferences: [], conversation: suffix, at }, keys)
        const entry = { recipient: 'claude' as const, what: 'messages', bytes: 1 }
        tx.log({ ...entry, at, digest: i.toString(16).padStart(64, 'a') })
      }
    })
  return store
}

/** Milliseconds, the median of many. */
const forgetting = async (count: number): Promise<number> => {
  const folder = temporaryFolder()
  const store = await filled(count, folder)
  try {
    const times: number[] = []
    for (let i = 0; i < 25; i++) {
      const at = performance.now()
      await forgetConversation(store, { messageId: `msg_${Math.floor(((i + 0.5) * count) / 25)}` })
      times.push(performance.now() - at)
    }
    return times.sort((a, b) => a - b)[12]!
  } finally {
    await store.close()
    rmSync(folder, { recursive: true })
  }
}

test('forgetting one of a hundred thousand conversations takes at most twice as long as one of a hundred', async () => {
  const few = await forgetting(100)
  const many = await forgetting(100_000)
  expect(many, `${few.toFixed(1)} ms for one of 100`).toBeLessThan(2 * few)
}, 600_000)
