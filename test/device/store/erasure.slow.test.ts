/**
 * Any use of a home, any order of forgetting, expiry, retention, restarts and imports: what is in its
 * files is what the store can still tell, and nothing else.
 */
import { beforeAll, expect, test } from 'vitest'
import { seededRng } from '../../../adapters/random.ts'
import type { LocalModel } from '../../../device/engine/model/open.ts'
import { tinyModel } from '../device-fixture.ts'
import { DAY, type MarkedHome, openMarkedHome, use } from './marked-home.ts'
import { wordsOf } from './words.ts'

let model: LocalModel
beforeAll(async () => {
  model = await tinyModel()
})

/** Words of all that the store tells of. */
const told = (marked: MarkedHome): string[] => {
  const store = marked.store()
  const decisions = store
    .decisions(100_000)
    .map((row) => [
      [...store.turnsOf(row)],
      store.answersOf(row.seq),
      store.systemOf(row),
      store.feedbackOn(row.id),
    ])
  const all = [decisions, store.choices(), store.examples(), store.proposals()]
  return [...wordsOf(Buffer.from(JSON.stringify(all)))].sort()
}
const found = (marked: MarkedHome): string[] => [...marked.words().keys()].sort()

const EVENTS: Readonly<Record<string, (marked: MarkedHome) => Promise<unknown>>> = {
  forget: async (marked) => {
    const talks = marked.talks.filter(({ decisions }) => decisions.length > 0)
    // The newest still have all of what was made of them.
    const talk = talks.at(-1 - marked.rng.int(Math.min(8, talks.length)))!
    const words = [...talk.texts]
    const target = [
      { decisionId: talk.decisions[marked.rng.int(talk.decisions.length)] },
      { messageId: talk.answers[marked.rng.int(talk.answers.length)] },
      { containing: words[marked.rng.int(words.length)] },
    ][marked.rng.int(3)]!
    await marked.store().drained()
    const others = found(marked).filter((word) => !talk.texts.has(word))
    try {
      await marked.call('/v1/forget', target)
    } catch (error) {
      // That turn has expired already, and nothing was learned of it.
      if (String(error).includes('E_NO_DECISION')) return
      throw error
    }
    expect(found(marked)).toEqual(others)
  },
  forgetChoice: async (marked) => {
    const choices = marked.store().choices()
    const choice = choices[marked.rng.int(Math.max(1, choices.length))]
    if (choice) await marked.call('/v1/forget', { choiceId: choice.id })
  },
  expire: async (marked) => {
    await marked.server.pass((10 + marked.rng.int(60)) * DAY)
    await marked.device().upkeep()
  },
  retain: async (marked) => {
    await marked.restart({ retentionDays: 20 + marked.rng.int(100) })
    await marked.device().upkeep()
    await marked.restart({})
  },
  restart: (marked) => marked.restart(),
  train: (marked) => marked.train((['reward', 'kto', 'completion'] as const)[marked.rng.int(3)]),
}

test.each(Array.from({ length: 12 }, (_, i) => `seed ${i}`))(
  'nothing is left but what the store tells of: %s',
  async (seed) => {
    const marked = await openMarkedHome(model, { seed })
    try {
      const rng = seededRng(`${seed}/use`)
      await use(marked, rng, 30)
      for (let i = 0; i < 20; i++) {
        const names = Object.keys(EVENTS)
        const name = rng.int(2) === 0 ? 'forget' : names[rng.int(names.length)]!
        await EVENTS[name]!(marked).catch((error) => {
          if (!/E_DATA|E_CANCELLED/.test(String(error?.code ?? error))) throw error
        })
        await marked.store().drained()
        expect([name, found(marked)]).toEqual([name, told(marked)])
        for (const kind of ['plain', 'reranked', 'stated'] as const) {
          const talk = marked.begin(kind)
          await marked.say(talk)
          await marked.feedback(talk, (['choose', 'edit', 'undo'] as const)[rng.int(3)]!)
        }
        await marked.importChoices(1, rng.int(2) === 0 ? marked.server.now() : undefined)
      }
    } finally {
      await marked.close()
    }
  },
)
