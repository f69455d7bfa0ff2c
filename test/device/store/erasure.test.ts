/**
 * After forget, expiry, retention and remove the words of what went are in no file of the home, and
 * all others are where they were.
 */
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { openSqlite } from '../../../adapters/node/sqlite.ts'
import { seededRng } from '../../../adapters/random.ts'
import type { LocalModel } from '../../../device/engine/model/open.ts'
import { homeFiles } from '../../../device/home/files.ts'
import type { StoredChoice } from '../../../device/store/choices.ts'
import { BLOBS, TABLES, VALUES } from '../../../device/store/erasure.ts'
import { tinyModel } from '../device-fixture.ts'
import { DAY, type MarkedHome, openMarkedHome, use } from './marked-home.ts'
import { wordsOf } from './words.ts'

let model: LocalModel
beforeAll(async () => {
  model = await tinyModel()
})

const homes: MarkedHome[] = []
afterEach(async () => {
  for (const home of homes.splice(0)) await home.close()
})

const usedHome = async (seed: string, steps = 40): Promise<MarkedHome> => {
  const marked = await openMarkedHome(model, { seed })
  homes.push(marked)
  await use(marked, seededRng(seed), steps)
  return marked
}

const textsOf = (parts: readonly { readonly texts: ReadonlySet<string> }[]): string[] =>
  parts.flatMap(({ texts }) => [...texts]).sort()

/** Of the words given, those that are there. */
const there = ({ words }: Pick<MarkedHome, 'words'>, given: Iterable<string>): string[] => {
  const found = words()
  return [...given].filter((word) => found.has(word)).sort()
}

const wordsOfText = (text: string): string[] => [...wordsOf(Buffer.from(text))]
const wordsOfChoices = (choices: readonly StoredChoice[]): string[] =>
  choices.flatMap((choice) => wordsOfText(JSON.stringify(choice)))

const forget = (marked: MarkedHome, target: object) => marked.call('/v1/forget', target)
const kept = ({ talks }: MarkedHome) => talks.filter(({ decisions }) => decisions.length > 0)

/** A talk of two turns that something was learned of, and its last answer's id. */
const learned = async (marked: MarkedHome) => {
  const talk = marked.begin('reranked')
  await marked.say(talk)
  await marked.say(talk)
  await marked.feedback(talk, 'choose')
  return talk
}

test('images, tools and what is not to be kept leave no words', async () => {
  const marked = await usedHome('bytes')
  expect(
    there(
      marked,
      marked.talks.flatMap(({ bytes }) => [...bytes]),
    ),
  ).toEqual([])
  for (const mode of ['off', 'incognito']) {
    const talks = marked.talks.filter(({ kind }) => kind === mode)
    expect(talks.length).toBeGreaterThan(0)
    expect(there(marked, textsOf(talks))).toEqual([])
  }
  expect(there(marked, textsOf(kept(marked)))).toEqual(textsOf(kept(marked)))
})

test('each conversation that is forgotten is gone, and the others stay as they were', async () => {
  const marked = await usedHome('forget')
  for (const [i, talk] of kept(marked).entries()) {
    const others = textsOf([...kept(marked).slice(i + 1), ...marked.imported])
    const before = there(marked, others)
    const byDecision = marked.rng.int(2) === 0
    await forget(
      marked,
      byDecision ? { decisionId: talk.decisions[0] } : { messageId: talk.answers.at(-1) },
    )
    expect(there(marked, talk.texts)).toEqual([])
    expect(there(marked, others)).toEqual(before)
  }
  expect(there(marked, textsOf(marked.imported))).toEqual(textsOf(marked.imported))
})

describe('after ninety days', () => {
  test('a decision is gone with what hangs on it, and what was learned of it stays', async () => {
    const marked = await usedHome('expiry')
    const talk = await learned(marked)
    const stated = marked.talks.find(({ kind }) => kind === 'stated')!
    expect(marked.store().proposals()).toHaveLength(1)
    await marked.server.pass(91 * DAY)
    await marked.device().upkeep()
    const choices = marked.store().choices()
    const left = there(marked, textsOf(marked.talks))
    // Words of choices, and no others.
    const chosen = new Set(wordsOfChoices(choices))
    const examples = new Set(
      marked
        .store()
        .examples()
        .flatMap((e) => wordsOfText(e.request)),
    )
    expect(left.filter((word) => !chosen.has(word) && !examples.has(word))).toEqual([])
    expect(left).toEqual(expect.arrayContaining([talk.texts.values().next().value]))
    expect(there(marked, stated.texts).filter((w) => !chosen.has(w))).toEqual([])
    expect(marked.store().proposals()).toEqual([])
    expect(marked.store().feedback()).toEqual([])
  })

  test('what was learned of a conversation is forgotten by any of its ids', async () => {
    for (const by of ['decision', 'message'] as const) {
      const marked = await usedHome(`late ${by}`, 10)
      const talk = await learned(marked)
      await marked.server.pass(91 * DAY)
      await marked.device().upkeep()
      expect(there(marked, talk.texts).length).toBeGreaterThan(0)
      const target =
        by === 'decision' ? { decisionId: talk.decisions[1] } : { messageId: talk.answers[1] }
      await forget(marked, target)
      expect(there(marked, talk.texts)).toEqual([])
      await expect(forget(marked, target)).rejects.toThrow('E_NO_DECISION')
    }
  })

  test('so is what was only undone in it', async () => {
    const marked = await usedHome('undone', 0)
    const talk = marked.begin('plain')
    marked
      .device()
      .editProfile([{ op: 'state', dimension: 'lists', direction: 1, strength: 1, scope: 'all' }])
    await marked.say(talk)
    await marked.feedback(talk, 'undo')
    await marked.server.pass(91 * DAY)
    await marked.device().upkeep()
    expect(there(marked, talk.texts)).toHaveLength(1)
    await forget(marked, { messageId: talk.answers[0] })
    expect(there(marked, talk.texts)).toEqual([])
  })
})

describe('what was imported', () => {
  test('is forgotten by the id of its line, or of the choice', async () => {
    const marked = await usedHome('imported', 10)
    const [first, second, ...others] = marked.imported
    const before = there(marked, textsOf(others))
    await forget(marked, { choiceId: first!.id })
    const { json } = await marked.call('/v1/choices')
    const listed = json.choices.find((c: { id: string }) => c.id.startsWith(second!.id))
    expect(listed).toMatchObject({ source: 'import', at: null, candidates: 2 })
    await forget(marked, { choiceId: listed.id })
    expect(there(marked, textsOf([first!, second!]))).toEqual([])
    expect(there(marked, textsOf(others))).toEqual(before)
  })

  test('is forgotten at once, with the conversations that go on from it', async () => {
    const marked = await usedHome('all imported', 10)
    const before = there(marked, textsOf(kept(marked)))
    const report = await forget(marked, { imported: true })
    expect(report.json).toMatchObject({ decisions: 0, choices: marked.imported.length })
    expect(there(marked, textsOf(marked.imported))).toEqual([])
    expect(there(marked, textsOf(kept(marked)))).toEqual(before)
    await expect(forget(marked, { imported: true })).rejects.toThrow('was imported')
  })
})

test('conversations are forgotten by words of any of their texts', async () => {
  const marked = await usedHome('words', 30)
  const talks = kept(marked)
  const [talk, ...others] = [marked.rng.shuffle(talks)[0]!, ...talks].filter(
    (one, i, all) => all.indexOf(one) === i,
  )
  for (const word of talk!.texts) {
    const { json } = await forget(marked, { containing: word.toUpperCase(), preview: true })
    expect(json.decisions + json.choices).toBeGreaterThan(0)
  }
  expect(there(marked, talk!.texts)).toEqual([...talk!.texts].sort())
  const [word] = talk!.texts
  const before = there(marked, textsOf([...others, ...marked.imported]))
  await forget(marked, { containing: word })
  expect(there(marked, talk!.texts)).toEqual([])
  expect(there(marked, textsOf([...others, ...marked.imported]))).toEqual(before)
  await expect(forget(marked, { containing: word })).rejects.toThrow('holds this')
  await expect(forget(marked, { containing: '%_%' })).rejects.toThrow('holds this')
})

test('the retention setting has all that is older, imported choices too, and leaves the rest', async () => {
  const marked = await usedHome('retention')
  const old = [...marked.talks, ...marked.imported]
  await marked.server.pass(40 * DAY)
  await marked.restart({ retentionDays: 30 })
  const young = await learned(marked)
  await marked.importChoices(1)
  await marked.device().upkeep()
  expect(there(marked, textsOf(old))).toEqual([])
  expect(there(marked, young.texts)).toEqual([...young.texts].sort())
  expect(there(marked, marked.imported.at(-1)!.texts)).toEqual([...marked.imported.at(-1)!.texts])
})

test('every table, value, blob and file of a home in use says whose it is and how it goes', async () => {
  const marked = await usedHome('places')
  const db = openSqlite(marked.home.databasePath, { readonly: true })
  const names = (sql: string): string[] => db.prepare<[], string>(sql).pluck().all()
  try {
    expect(
      names(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
      ).sort(),
    ).toEqual(Object.keys(TABLES).sort())
    expect(Object.keys(VALUES)).toEqual(expect.arrayContaining(names('SELECT key FROM state')))
    const isKnown = (name: string) => Object.keys(BLOBS).some((begin) => name.startsWith(begin))
    expect(names('SELECT name FROM blobs').filter((name) => !isKnown(name))).toEqual([])
  } finally {
    db.close()
  }
  expect(homeFiles(marked.folder).others).toEqual([])
})
