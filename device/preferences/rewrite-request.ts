/**
 * The rewriting half of serving a request: the profile as kept, the block of a conversation, and
 * what feedback says of both.
 */

import type { Engine } from '../engine/engine.ts'
import type { LocalModel } from '../engine/model/open.ts'
import type { DeviceSettings } from '../home/settings.ts'
import { DIMENSIONS, type Profile } from '../records/preference.ts'
import type {
  FreeRewrite,
  RequestMode,
  RewriteDecision,
  RewriteReason,
} from '../records/rewrite-decision.ts'
import type { NewDecision } from '../store/decisions.ts'
import { bytesOf, newDecision } from '../store/new-decision.ts'
import type { DeviceStore } from '../store/store.ts'
import type { Conversation } from '../text/conversation.ts'
import { historyOf } from '../text/history.ts'
import { orAborted } from '../text/in-time.ts'
import { requestText } from '../text/request-text.ts'
import { appendBlock, type BlockChoice, chooseSharedSuffix, chooseSuffix } from './block.ts'
import { proposeRewrite } from './free-rewrite.ts'
import { EMPTY_PROFILE, editProfile, lineOf } from './profile.ts'
import type { Relevance } from './relevance-head.ts'
import { readProfile } from './stored-profile.ts'
import type { Bound, Suffixes, Trace } from './suffixes.ts'

export type RewriteOptions = {
  /** Default: as the settings have it. */
  readonly mode?: RequestMode | undefined
  /** Other words for the message as well, where the settings say so; it takes seconds. */
  readonly mayPropose?: boolean | undefined
  /**
   * Of a caller who cannot wait: a block that is not chosen when it aborts is left out for good, since a later one would change what
   * Claude's answer was signed over, and the call fails with E_UNAVAILABLE. So it does where the model has first to be made ready.
   */
  readonly signal?: AbortSignal | undefined
  /** Of the request as it came; by default what the conversation itself shows. */
  readonly trace?: Omit<Trace, 'profile'> | undefined
  /** Why a conversation that begins with this request gets no block. */
  readonly barrier?: RewriteReason | undefined
  /** Names the program that asks: what one asks again says nothing of what another was answered. */
  readonly app?: string | undefined
  /** What is kept: a decision and the suffix (default), the suffix alone, or nothing. */
  readonly keeps?: 'decision' | 'suffix' | 'nothing' | undefined
}

/** decisionId null: nothing of the request was kept, so no feedback can name it. bound: the suffix
 * under which the conversation goes on; null: it has none. */
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
 * Fails as the relevance of a request does, or where the suffix cannot be kept; the conversation
 * then goes on without a block.
 */
export const rewriteRequest = async (
  deps: RewritingDeps,
  conversation: Conversation,
  options: RewriteOptions = {},
): Promise<RewriteResult> => {
  const { settings } = deps
  const { bound, block, preferences, reason, silenced } = await suffixFor(
    deps,
    conversation,
    options,
  )
  const lines = preferences.map((p) => ({ dimension: p.dimension, line: lineOf(p) }))
  const isDecision = (options.keeps ?? 'decision') === 'decision' && options.mode !== 'incognito'
  const decisionId = isDecision
    ? keepDecision(
        deps,
        newDecision(deps.store, deps.clock(), conversation, {
          dimensions: preferences.map((p) => p.dimension),
          rewriting: {
            reason,
            block,
            lines,
            ...(silenced.length > 0 && { silenced: [...silenced] }),
          },
          suffix: bound?.conversation,
          app: options.app,
        }),
      )
    : null
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

const keepDecision = ({ store }: RewritingDeps, decision: NewDecision): string => {
  store.later((tx) => tx.saveDecision(decision), { bytes: bytesOf(decision) })
  return decision.id
}

type SuffixChoice = BlockChoice & { readonly bound: Bound | null }

/** The suffix that the conversation has; where it begins, the one that it gets. */
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
  // What one request asks for must not cost the others their cached document.
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
  // A conversation that is known by its first words alone must not get a block later.
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
 * Of an app that adds the block itself: Claude's answers go past this device, so that first words
 * must do.
 */
const traceOf = ({ messages, system }: Conversation): Omit<Trace, 'profile'> => ({
  messages,
  system,
  history: historyOf(messages, system),
  byWords: true,
})

/** Changes whenever other lines may be chosen. */
const nameOf = ({ preferences }: Profile): string =>
  JSON.stringify(preferences.filter((p) => p.enabled).map((p) => [lineOf(p), p.scope]))

/**
 * What the first requests would have to wait for: the local model starts with its first pass, and
 * regular expressions are compiled at their first use and better at their second, most of a second
 * in all.
 */
export const warmRewriting = async (relevance: Pick<Relevance, 'poles'>): Promise<void> => {
  const messages = [{ role: 'user' as const, content: 'How do tides work, and what causes them?' }]
  const everything = DIMENSIONS.map((dimension) => ({
    op: 'state' as const,
    dimension,
    direction: 1 as const,
    strength: 1,
    scope: 'all' as const,
  }))
  const profile = editProfile(EMPTY_PROFILE, everything)
  for (let time = 0; time < 2; time++)
    await chooseSuffix({ messages }, profile, (request) => relevance.poles(request))
}

/** Where tools are in play, a program wrote the message. A model that fails proposes nothing. */
const propose = async (
  { engine, model }: RewritingDeps,
  { messages, tools }: Conversation,
): Promise<FreeRewrite | undefined> =>
  (tools?.length ?? 0) > 0
    ? undefined
    : proposeRewrite(engine, model.tokenizer, requestText(messages)).catch(() => undefined)
