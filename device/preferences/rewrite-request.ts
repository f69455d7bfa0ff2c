/** Rewrites a request: chooses the block of a conversation, or finds the one it has. */
import type { Engine } from '../engine/engine.ts'
import type { LocalModel } from '../engine/model/open.ts'
import type { DeviceSettings } from '../home/settings.ts'
import type { Profile } from '../records/preference.ts'
import type {
  FreeRewrite,
  RequestMode,
  RewriteDecision,
  RewriteReason,
} from '../records/rewrite-decision.ts'
import { bytesOf, newDecision } from '../store/new-decision.ts'
import type { DeviceStore } from '../store/store.ts'
import type { Conversation } from '../text/conversation.ts'
import { historyOf } from '../text/history.ts'
import { orAborted } from '../text/in-time.ts'
import { requestText } from '../text/request-text.ts'
import { appendBlock, type BlockChoice, chooseSharedSuffix, chooseSuffix } from './block.ts'
import { POLES } from './dimensions.ts'
import { proposeRewrite } from './free-rewrite.ts'
import { EMPTY_PROFILE, editProfile, lineOf, stated } from './profile.ts'
import type { Relevance } from './relevance-head.ts'
import { readProfile } from './stored-profile.ts'
import type { Bound, Suffixes, Trace } from './suffixes.ts'

export type RewriteOptions = {
  /** Default: the setting. */
  readonly mode?: RequestMode | undefined
  /**
   * Whether to propose another wording of the message too, if the settings allow it; it takes
   * seconds.
   */
  readonly mayPropose?: boolean | undefined
  /**
   * For callers with a deadline. If it aborts before a block is chosen, the conversation stays
   * without one, since a later block would change what Claude's answer was signed over. The call
   * then fails with E_UNAVAILABLE, as it does while the model is being prepared.
   */
  readonly signal?: AbortSignal | undefined
  /** The trace of the original request; default: that of the conversation. */
  readonly trace?: Omit<Trace, 'profile'> | undefined
  /** The reason why a conversation that begins with this request gets no block. */
  readonly barrier?: RewriteReason | undefined
  /** Identifies the app. A repeated request says nothing about another app's answers. */
  readonly app?: string | undefined
  /** What is stored: a decision and the suffix (default), only the suffix, or nothing. */
  readonly keeps?: 'decision' | 'suffix' | 'nothing' | undefined
}

/**
 * decisionId: null if nothing was stored, so feedback cannot name it. bound: the conversation's
 * suffix from now on; null: none.
 */
export type RewriteResult = Omit<RewriteDecision, 'decisionId'> & {
  readonly decisionId: string | null
  readonly bound?: Bound | null
}

export type RewritingDeps = {
  readonly store: DeviceStore
  readonly settings: DeviceSettings
  readonly relevance: Relevance
  readonly clock: () => number
  readonly model: Pick<LocalModel, 'tokenizer'>
  readonly engine: Pick<Engine, 'generate'>
  readonly suffixes: Suffixes
  readonly report?: ((event: { what: string; code: string }) => void) | undefined
}

/**
 * Fails as relevance does, or if the suffix cannot be stored. The conversation then continues
 * without a block.
 */
export const rewriteRequest = async (
  deps: RewritingDeps,
  conversation: Conversation,
  options: RewriteOptions = {},
): Promise<RewriteResult> => {
  const { store, settings } = deps
  const choice = await suffixFor(deps, conversation, options)
  const { bound, block, preferences, reason, silenced } = choice
  const lines = preferences.map((p) => ({ dimension: p.dimension, line: lineOf(p) }))
  let decisionId: string | null = null
  if ((options.keeps ?? 'decision') === 'decision' && options.mode !== 'incognito') {
    const why = silenced.length > 0 ? { silenced: [...silenced] } : {}
    const decision = newDecision(store, deps.clock(), conversation, {
      dimensions: preferences.map((p) => p.dimension),
      rewriting: { reason, block, lines, ...why },
      suffix: bound?.conversation,
      app: options.app,
    })
    store.later((tx) => tx.saveDecision(decision), { bytes: bytesOf(decision) })
    decisionId = decision.id
  }
  const free =
    options.mayPropose && settings.rewriteFree ? await propose(deps, conversation) : undefined
  const { system } = conversation
  return {
    decisionId,
    system: (block === null ? system : appendBlock(system, block)) ?? null,
    block,
    bound,
    preferences: [...preferences],
    reason,
    silenced: [...silenced],
    ...(free && { free }),
  }
}

type SuffixChoice = BlockChoice & { readonly bound: Bound | null }

/** The suffix of a conversation: the one it has, or a new one if it begins. */
const suffixFor = async (
  deps: RewritingDeps,
  conversation: Conversation,
  { mode, signal, trace: shown, barrier, keeps = 'decision' }: RewriteOptions,
): Promise<SuffixChoice> => {
  const { store, settings, relevance, suffixes } = deps
  const profile = settings.rewrite ? readProfile(store) : EMPTY_PROFILE
  const trace = { ...(shown ?? traceOf(conversation)), profile: nameOf(profile) }
  const { history, credit } = trace
  if (!settings.rewrite) trace.isShared = false
  // One request's barrier must not cost the others their cached document.
  const isKeptOut = barrier !== undefined && !(barrier === 'program' && trace.isShared)
  if (isKeptOut && !history.isBegun && credit === undefined) return without(barrier)
  const found = suffixes.find(trace)
  if (found.kind === 'bound')
    return found.bound.block === NO_BLOCK
      ? without('frozen')
      : { ...found.bound, bound: found.bound, reason: 'frozen', silenced: [] }
  if (found.kind === 'none') return without('unknown_history')
  if (isKeptOut) return without(barrier)
  if (settings.tools === 'off' && (conversation.tools?.length ?? 0) > 0) return without('tools')
  const choice = trace.isShared
    ? chooseSharedSuffix(conversation, profile)
    : await chooseSuffix(conversation, profile, (request) =>
        orAborted(relevance.poles(request, { signal }), signal),
      )
  if (keeps === 'nothing') return { ...choice, bound: null }
  const { block, preferences } = choice
  const begin = (text: string) =>
    suffixes.begin(trace, { block: text, preferences }, mode !== 'incognito')
  if (block !== null) return { ...choice, bound: begin(block) }
  // A conversation that is identified by its first words must not get a block later.
  if (trace.byWords) begin(NO_BLOCK)
  return { ...choice, bound: null }
}

const NO_BLOCK = ''

const without = (reason: RewriteReason): SuffixChoice => ({
  block: null,
  preferences: [],
  reason,
  silenced: [],
  bound: null,
})

/**
 * The trace for an app that adds the block itself. This device does not see Claude's answers, so
 * the first words must identify the conversation.
 */
const traceOf = ({ messages, system }: Conversation): Omit<Trace, 'profile'> => ({
  messages,
  system,
  history: historyOf(messages, system),
  byWords: true,
})

/** A fingerprint that changes with the lines that may be chosen. */
const nameOf = ({ preferences }: Profile): string =>
  JSON.stringify(preferences.filter((p) => p.enabled).map((p) => [lineOf(p), p.scope]))

/**
 * Runs the local model once, and regular expressions twice (they are compiled at the first use and
 * optimized at the second), so that the first requests do not wait for it. It takes up to a second.
 */
export const warmRewriting = async (relevance: Pick<Relevance, 'poles'>): Promise<void> => {
  const messages = [{ role: 'user' as const, content: 'How do tides work, and what causes them?' }]
  const profile = editProfile(EMPTY_PROFILE, POLES.map(stated))
  for (let time = 0; time < 2; time++)
    await chooseSuffix({ messages }, profile, (request) => relevance.poles(request))
}

/** With tools, a program wrote the message. A failure of the model proposes nothing. */
const propose = async (
  { engine, model }: RewritingDeps,
  { messages, tools }: Conversation,
): Promise<FreeRewrite | undefined> =>
  (tools?.length ?? 0) > 0
    ? undefined
    : proposeRewrite(engine, model.tokenizer, requestText(messages)).catch(() => undefined)
