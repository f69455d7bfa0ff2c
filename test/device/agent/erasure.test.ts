/** After forget, expiry, retention and remove: the words of what went are nowhere in the home, and all others are where they were. */
import { beforeAll, expect, test } from 'vitest'
import { seededRng } from '../../../adapters/random.ts'
import type { LocalModel } from '../../../device/engine/model/open.ts'
import { tinyModel } from './fixture.ts'
import { type MarkedHome, openMarkedHome, use } from './marked-home.ts'

let model: LocalModel
beforeAll(async () => {
  model = await tinyModel()
})

const usedHome = async (seed: string, work: (marked: MarkedHome) => Promise<void>, steps = 60) => {
  const marked = await openMarkedHome(model, { seed })
  try {
    await use(marked, seededRng(seed), steps)
    await work(marked)
  } finally {
    await marked.close()
  }
}

const textsOf = (parts: readonly { readonly texts: ReadonlySet<string> }[]): Set<string> =>
  new Set(parts.flatMap(({ texts }) => [...texts]))

/** Of the words given, those that are there. */
const there = ({ words }: Pick<MarkedHome, 'words'>, given: Iterable<string>): string[] => {
  const found = words()
  return [...given].filter((word) => found.has(word)).sort()
}

const forget = (marked: MarkedHome, target: object) => marked.call('/v1/forget', target)

test('each conversation that is forgotten is gone, and the others stay as they were', () =>
  usedHome('forget', async (marked) => {
    const kept = marked.talks.filter(({ decisions }) => decisions.length > 0)
    expect(there(marked, textsOf(kept))).toEqual([...textsOf(kept)].sort())
    for (const [i, talk] of kept.entries()) {
      const others = [...kept.slice(i + 1), ...marked.imported]
      const before = there(marked, textsOf(others))
      const id =
        marked.rng.int(2) === 0
          ? { decisionId: talk.decisions[0] }
          : { messageId: talk.answers.at(-1) }
      await forget(marked, id)
      expect(there(marked, talk.texts)).toEqual([])
      expect(there(marked, textsOf(others))).toEqual(before)
    }
  }))
