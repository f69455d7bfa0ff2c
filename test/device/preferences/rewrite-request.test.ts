import { beforeAll, describe, expect, test } from 'vitest'
import type { LocalModel } from '../../../device/engine/model/open.ts'
import { learnFromFeedback } from '../../../device/feedback/learn.ts'
import { DeviceSettings } from '../../../device/home/settings.ts'
import { POLES } from '../../../device/preferences/dimensions.ts'
import { learnedRelevance } from '../../../device/preferences/relevance-head.ts'
import { type RewritingDeps, rewriteRequest } from '../../../device/preferences/rewrite-request.ts'
import {
  changeProfile,
  readProfile,
  saveLearned,
} from '../../../device/preferences/stored-profile.ts'
import { openSuffixes } from '../../../device/preferences/suffixes.ts'
import type { FeedbackEvent } from '../../../device/records/feedback-event.ts'
import type { ProfileChange } from '../../../device/records/preference.ts'
import { featureSpace } from '../../../device/reward/feature-space.ts'
import { openStore } from '../../../device/store/store.ts'
import { tinyModel } from '../device-fixture.ts'

let model: LocalModel
beforeAll(async () => {
  model = await tinyModel()
})

const user = (content: string) => ({ role: 'user' as const, content })
const FIRST = { messages: [user('How does a heat pump warm a house?')] }
const LATER = {
  messages: [...FIRST.messages, { role: 'assistant' as const, content: 'So.' }, user('And ice?')],
}
const state = (dimension: 'length' | 'emoji'): ProfileChange => ({
  op: 'state',
  dimension,
  direction: -1,
  strength: 1,
  scope: 'all',
})

/** A device that keeps a profile of two preferences and finds everything relevant. */
const opened = (settings: Partial<DeviceSettings> = {}) => {
  const store = openStore(':memory:')
  changeProfile(store, [state('length'), state('emoji')])
  let proposed = 0
  const deps: RewritingDeps = {
    store,
    settings: DeviceSettings.parse(settings),
    relevance: { ready: async () => {}, poles: async () => new Set(POLES) },
    clock: () => 5000,
    suffixes: openSuffixes(store, () => 5000),
    model,
    engine: {
      generate: async () => {
        proposed++
        return model.tokenizer.encode('How is it that a heat pump warms a house?')
      },
    },
  }
  const dimensions = async (conversation: typeof FIRST | typeof LATER) =>
    (await rewriteRequest(deps, conversation)).preferences.map((p) => p.dimension)
  const feed = (event: FeedbackEvent) => learnFromFeedback({ ...deps, store }, event)
  return { store, deps, dimensions, feed, proposed: () => proposed }
}

/** The decision's id. */
const rewritten = async (deps: RewritingDeps, conversation: typeof FIRST): Promise<string> =>
  (await rewriteRequest(deps, conversation)).decisionId!

describe('undo', () => {
  test('of one preference leaves the conversation unchanged, and is learned from', async () => {
    const { deps, feed, store } = opened()
    const first = await rewriteRequest(deps, FIRST)
    feed({ kind: 'undo', decisionId: first.decisionId!, dimension: 'length' })
    expect(await rewriteRequest(deps, LATER)).toMatchObject({
      reason: 'frozen',
      block: first.block,
    })
    expect(learnedRelevance(store)).toMatchObject([
      {
        request: FIRST.messages[0]!.content,
        wish: 'length-',
        isRelevant: false,
        weight: 3,
        isUndo: true,
      },
    ])
  })

  test('of the block, twice, teaches it once', async () => {
    const { deps, feed, store } = opened()
    const decisionId = await rewritten(deps, FIRST)
    feed({ kind: 'undo', decisionId })
    feed({ kind: 'undo', decisionId })
    expect((await rewriteRequest(deps, LATER)).block).not.toBeNull()
    expect(learnedRelevance(store).map((l) => l.wish)).toEqual(['length-', 'emoji-', null])
  })

  test('of an absent line teaches nothing', async () => {
    const { deps, feed, store } = opened()
    const decisionId = await rewritten(deps, FIRST)
    feed({ kind: 'undo', decisionId, dimension: 'tables' })
    expect(learnedRelevance(store)).toEqual([])
    expect((await rewriteRequest(deps, LATER)).reason).toBe('frozen')
  })
})

describe('edit and choice', () => {
  const LONG = 'A heat pump moves heat from outside into the house and makes it warmer. '.repeat(5)
  const answered = async (candidates: string[]) => {
    const made = opened()
    const decisionId = await rewritten(made.deps, FIRST)
    made.store.answerDecision(decisionId, {
      at: 5000,
      answers: candidates.map((text) => ({ text })),
      shown: candidates.map((_, i) => i),
      served: 0,
      propensity: 1,
      explored: false,
    })
    return { ...made, decisionId }
  }

  test.each([
    ['an edit against a line of the block says that it has no place here', 'edit', false],
    ['a choice of the shorter answer says weakly that its line has', 'choose', true],
  ] as const)('teaches relevance: %s', async (_, kind, isRelevant) => {
    const short = 'A heat pump moves heat.'
    const { feed, decisionId, store } = await answered(kind === 'edit' ? [short] : [LONG, short])
    feed(kind === 'edit' ? { kind, decisionId, text: LONG } : { kind, decisionId, chosen: 1 })
    expect(learnedRelevance(store)).toMatchObject([{ wish: 'length-', isRelevant, isUndo: false }])
    expect(learnedRelevance(store)[0]!.weight).toBe(kind === 'edit' ? 1 : 0.1)
  })

  test('other events, and edits that hardly change anything, teach nothing', async () => {
    const { feed, decisionId, store } = await answered([LONG])
    feed({ kind: 'keep', decisionId })
    feed({ kind: 'thumbs', decisionId, value: -1 })
    feed({ kind: 'edit', decisionId, text: `${LONG} Yes.` })
    expect(learnedRelevance(store)).toEqual([])
  })
})

test('a learned preference that is undone in several requests is weaker, a stated one is not', async () => {
  const { deps, feed, store } = opened()
  for (const n of [1, 2, 3, 4]) {
    const decisionId = await rewritten(deps, {
      messages: [user(`How does machine ${n} work?`)],
    })
    feed({ kind: 'undo', decisionId, dimension: 'length' })
  }
  const learned = {
    ...readProfile(store).preferences[0]!,
    source: 'learned' as const,
    strength: 0.8,
  }
  saveLearned(store, [learned], [], featureSpace(4))
  expect(readProfile(store).preferences[0]).toMatchObject({ source: 'stated', strength: 1 })
  changeProfile(store, [{ op: 'forget', dimension: 'length' }])
  saveLearned(store, [learned], [], featureSpace(4))
  const { strength, evidence } = readProfile(store).preferences[0]!
  expect(evidence.undone).toBe(4)
  expect(strength).toBeLessThan(0.4)
})

describe('free rewriting', () => {
  test('is off unless both the settings and the caller want it', async () => {
    const off = opened()
    expect((await rewriteRequest(off.deps, FIRST, { mayPropose: true })).free).toBeUndefined()
    const on = opened({ rewriteFree: true })
    expect((await rewriteRequest(on.deps, FIRST)).free).toBeUndefined()
    expect(off.proposed() + on.proposed()).toBe(0)
    const { free } = await rewriteRequest(on.deps, FIRST, { mayPropose: true })
    expect(free).toMatchObject({
      accepted: true,
      text: 'How is it that a heat pump warms a house?',
    })
  })

  test('a model that fails proposes nothing', async () => {
    const { deps } = opened({ rewriteFree: true })
    const engine = { generate: () => Promise.reject(new Error('no memory')) }
    const result = await rewriteRequest({ ...deps, engine }, FIRST, { mayPropose: true })
    expect(result.free).toBeUndefined()
    expect(result.block).not.toBeNull()
  })
})
