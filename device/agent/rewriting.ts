/** The rewriting half of serving a request: the profile as kept, the block of a conversation, and what feedback says of both. */
import {
  DIMENSIONS,
  type FeedbackEvent,
  type FreeRewrite,
  type Preference,
  Profile,
} from '../../adapters/wire/personalization.ts'
import type { FeatureSpace } from '../../adapters/wire/primitives.ts'
import type { LocalModel } from '../engine/model/open.ts'
import type { Engine } from '../engine/run/types.ts'
import { wishOf } from '../personalize/dimensions.ts'
import { proposeRewrite } from '../personalize/free-rewrite.ts'
import {
  EMPTY_PROFILE,
  editProfile,
  lineOf,
  updateProfile,
  votesOn,
  withEvidence,
} from '../personalize/profile.ts'
import { movedPreferences } from '../personalize/relevance-feedback.ts'
import { requestInContext, requestText } from '../personalize/request-text.ts'
import {
  type BlockChoice,
  conversationKey,
  type FrozenBlocks,
  type Rewrite,
  rewrite,
} from '../personalize/rewrite.ts'
import { blankDecision, decisionBody, newId, saveDecision } from './decisions.ts'
import { orAborted } from './in-time.ts'
import {
  type Learned,
  learnedRelevance,
  learnRelevance,
  type Relevance,
  undoneRequests,
} from './relevant.ts'
import type { DeviceSettings } from './settings.ts'
import type { DeviceStore } from './store.ts'
import type { Conversation, RewriteOptions, RewriteResult } from './types.ts'

export type RewritingDeps = {
  readonly store: DeviceStore
  readonly settings: DeviceSettings
  readonly relevance: Relevance
  readonly clock: () => number
  readonly model: Pick<LocalModel, 'tokenizer'>
  readonly engine: Pick<Engine, 'generate'>
  /** Blocks of conversations of which nothing is kept; lost with the process. */
  readonly unkept: Map<string, FrozenChoice>
}

/** The profile as it is kept; needs no model. */
export const readProfile = (store: DeviceStore): Profile =>
  Profile.parse(store.get('profile') ?? EMPTY_PROFILE)

/** What a conversation keeps. undone: dimensions that the user took out of its block; isOpen: the rest is to be chosen anew. */
export type FrozenChoice = BlockChoice & {
  readonly undone?: readonly string[]
  readonly isOpen?: boolean
}
const frozenChoice = (store: DeviceStore, key: string): FrozenChoice | undefined =>
  (store.frozen(key) as FrozenChoice | undefined) ?? undefined

/** Fails as the relevance of a request does; the conversation then goes on without a block. */
export const rewriteRequest = async (
  deps: RewritingDeps,
  conversation: Conversation,
  { mode, mayPropose, signal }: RewriteOptions = {},
): Promise<RewriteResult> => {
  const { store, settings, clock } = deps
  const isKept = mode !== 'incognito'
  const { system, block, preferences, reason } = await chooseFor(
    deps,
    conversation,
    isKept ? 'store' : 'memory',
    signal,
  )
  const decisionId = isKept ? newId('d_') : null
  const dimensions = preferences.map((p) => p.dimension)
  const lines = preferences.map((p) => ({ dimension: p.dimension, line: lineOf(p) }))
  if (decisionId)
    saveDecision(store, decisionId, clock(), {
      ...blankDecision(conversation, dimensions),
      rewriting: { reason, block, lines },
    })
  const free = mayPropose && settings.rewriteFree ? await propose(deps, conversation) : undefined
  return {
    decisionId,
    system: system ?? null,
    block,
    preferences: [...preferences],
    reason,
    ...(free && { free }),
  }
}

/**
 * What the first requests would have to wait for: the local model starts with its first pass, and regular expressions are compiled at
 * their first use and better at their second, most of a second in all.
 */
export const warmRewriting = async (relevance: Pick<Relevance, 'wishes'>): Promise<void> => {
  const messages = [{ role: 'user' as const, content: 'How do tides work, and what causes them?' }]
  const everything = DIMENSIONS.map((dimension) => ({
    op: 'state' as const,
    dimension,
    direction: 1 as const,
    strength: 1,
    scope: 'all' as const,
  }))
  const profile = editProfile(EMPTY_PROFILE, everything)
  const nothing = { get: () => undefined, set: () => {} }
  for (let time = 0; time < 2; time++)
    await rewrite({ messages }, profile, nothing, (request) =>
      relevance.wishes(request, { keep: false }),
    )
}

/** What rewriteRequest would do; nothing is kept. */
export const previewRequest = async (
  deps: RewritingDeps,
  conversation: Conversation,
  signal?: AbortSignal,
): Promise<Pick<RewriteResult, 'system' | 'block'>> => {
  const { system, block } = await chooseFor(deps, conversation, 'nowhere', signal)
  return { system: system ?? null, block }
}

const LATE: BlockChoice = { block: null, preferences: [], reason: 'late' }
/** Conversations that are remembered in memory; the oldest goes first. */
const MOST_UNKEPT = 1000

/** keeps: where the choice stays for the conversation's later requests. */
const chooseFor = async (
  deps: RewritingDeps,
  conversation: Conversation,
  keeps: 'store' | 'memory' | 'nowhere',
  signal: AbortSignal | undefined,
): Promise<Rewrite> => {
  const { store, settings, relevance, clock, unkept } = deps
  const key = conversationKey(conversation)
  const known = frozenChoice(store, key) ?? unkept.get(key)
  const undone = known?.undone
  const all = settings.rewrite ? readProfile(store).preferences : []
  const profile = { preferences: all.filter((p) => !undone?.includes(p.dimension)) }
  // A first request is the moment to choose: the same words a week later begin another conversation. An undo stands.
  const isFirst = conversation.messages.length === 1
  const isSettled = known !== undefined && !known.isOpen && (!isFirst || known.reason === 'undone')
  const keep = (choice: BlockChoice): void => {
    const frozen = { ...choice, ...(undone && { undone }) }
    if (keeps === 'store') store.freeze(key, frozen, clock())
    if (keeps !== 'memory') return
    unkept.delete(key)
    unkept.set(key, frozen)
    if (unkept.size > MOST_UNKEPT) unkept.delete(unkept.keys().next().value ?? '')
  }
  const frozen: FrozenBlocks = {
    get: () => (isSettled ? known : undefined),
    set: (_, choice) => keep(choice),
  }
  const wishes = (request: string) =>
    orAborted(relevance.wishes(request, { keep: keeps === 'store', signal }), signal)
  try {
    return await rewrite(conversation, profile, frozen, wishes)
  } catch (error) {
    // A block in a later turn would cost Claude's prompt cache.
    keep(LATE)
    throw error
  }
}

/** Where tools are in play, a program wrote the message. A model that fails proposes nothing. */
const propose = async (
  { engine, model }: RewritingDeps,
  { messages, tools }: Conversation,
): Promise<FreeRewrite | undefined> =>
  (tools?.length ?? 0) > 0
    ? undefined
    : proposeRewrite(engine, model.tokenizer, requestText(messages)).catch(() => undefined)

/** The profile says what has been learned by now. choices: those that it was learned from. */
export const saveLearned = (
  store: DeviceStore,
  learned: readonly Preference[],
  choices: Parameters<typeof votesOn>[1],
  space: FeatureSpace,
): void => {
  const undone = undoneRequests(learnedRelevance(store))
  const weighed = withEvidence(learned, votesOn(learned, choices, space), undone)
  store.atomically(() => store.set('profile', updateProfile(readProfile(store), weighed)))
}

/** How much an event says about what matters for its request: an undo is about nothing else, a choice is mostly about other things. */
const WEIGHTS = { undo: 3, edit: 1, choose: 0.1 } as const

/** What an event says about the preferences for its request; after an undo the conversation goes on without them. */
export const learnFromFeedback = (
  { store, clock }: Pick<RewritingDeps, 'store' | 'clock'>,
  event: FeedbackEvent,
): void => {
  const body = decisionBody(store, event.decisionId ?? event.messageId ?? '')
  if (!body) return
  const key = conversationKey(body)
  const known = frozenChoice(store, key)
  const request = requestInContext(body.messages)
  const learn = (weight: number, examples: readonly Pick<Learned, 'wish' | 'isRelevant'>[]) =>
    learnRelevance(
      store,
      examples.map((e) => ({
        request,
        weight,
        isUndo: event.kind === 'undo',
        at: clock(),
        conversation: key,
        ...e,
      })),
    )
  if (event.kind === 'undo') {
    if (!known || known.block === null) return
    const gone = known.preferences.filter((p) => p.dimension === (event.dimension ?? p.dimension))
    if (gone.length === 0) return
    learn(
      event.dimension ? WEIGHTS.undo : WEIGHTS.undo / gone.length,
      gone.map((p) => ({ wish: wishOf(p), isRelevant: false })),
    )
    if (!event.dimension) learn(WEIGHTS.undo, [{ wish: null, isRelevant: false }])
    const undone = [...(known.undone ?? []), ...gone.map((p) => p.dimension)]
    const empty = { block: null, preferences: [], reason: 'undone' as const, undone }
    store.freeze(key, event.dimension ? { ...empty, isOpen: true } : empty, clock())
    return
  }
  const answer = body.candidates[event.kind === 'choose' ? event.chosen : body.served]
  const inBlock = known?.preferences ?? []
  if (answer === undefined || (event.kind !== 'edit' && event.kind !== 'choose')) return
  const isEdit = event.kind === 'edit'
  const before = isEdit
    ? [answer]
    : (event.shown ?? body.shown)
        .filter((i) => i !== event.chosen)
        .flatMap((i) => body.candidates[i] ?? [])
  const enabled = readProfile(store).preferences.filter((p) => p.enabled)
  const moved = movedPreferences(request, before, isEdit ? event.text : answer, enabled)
  // Against a line that was not there says nothing: the answers were not asked to follow it.
  const told = moved.filter((m) => m.isWithIt || inBlock.some((p) => wishOf(p) === m.wish))
  learn(
    WEIGHTS[event.kind],
    told.map(({ wish, isWithIt }) => ({ wish, isRelevant: isWithIt })),
  )
}
