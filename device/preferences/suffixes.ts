/**
 * Remembers the suffix of each conversation. Claude's thinking is signed over `system`, so the
 * suffix must stay unchanged, byte for byte. Conversations are recognized by what the app must send
 * back, never by first words.
 */
import type { Preference } from '../records/preference.ts'
import { conversationName } from '../store/kept-request.ts'
import { newId } from '../store/new-decision.ts'
import type { DeviceStore } from '../store/store.ts'
import type { SuffixKey } from '../store/suffixes.ts'
import type { Conversation } from '../text/conversation.ts'
import {
  creditKey,
  type History,
  type LooseMessage,
  messageKey,
  openingKey,
  sharedKey,
  systemKey,
} from '../text/history.ts'
import { EMPTY_PROFILE, editProfile, poleOfLine, stated } from './profile.ts'

/**
 * What a request shows of its conversation. credit: the token of a refusal that it repays.
 * continues: the message that a thread continues. isShared: the first message contains a cached
 * document, as in other conversations of the app. byWords: the device never sees this app's
 * answers, so that first words must identify a conversation. profile: fingerprint of the present
 * profile.
 */
export type Trace = {
  readonly messages: readonly LooseMessage[]
  readonly system: unknown
  readonly history: History
  readonly profile: string
  readonly credit?: string | undefined
  readonly continues?: string | undefined
  readonly isShared?: boolean | undefined
  readonly byWords?: boolean | undefined
}

/** isKept: whether it may be stored. */
export type Bound = {
  readonly block: string
  readonly preferences: readonly Preference[]
  readonly conversation: string
  readonly isKept: boolean
}

/** none: the conversation has no suffix and never gets one. first: nothing has been chosen yet. */
type Found = { readonly kind: 'bound'; readonly bound: Bound } | { readonly kind: 'none' | 'first' }

/** The parts of an answer that a later request may contain: see history.ts. */
type AnswerTrace = {
  readonly signatures: readonly string[]
  readonly turns: readonly string[]
  readonly credit?: string | undefined
  readonly messageId?: string | undefined
}

export type Suffixes = {
  find(trace: Trace): Found
  /**
   * Called before anything is sent under the suffix. It is in memory at once, and in the store as
   * soon as possible.
   */
  begin(trace: Trace, suffix: Pick<Bound, 'block' | 'preferences'>, isKept: boolean): Bound
  /** Called when an answer has been passed on. */
  answered(bound: Bound, answer: AnswerTrace, isKept?: boolean): void
  /** Sets the suffix that a conversation turned out to have; null: none. */
  correct(
    trace: Pick<Trace, 'history'>,
    suffix: Pick<Bound, 'block' | 'preferences'> | null,
    isKept: boolean,
  ): void
  /** The last suffix that was begun under this system prompt. */
  lastUnder(system: unknown): Bound | null
  /**
   * Suffixes of decisions with the same first words, the newest first: for conversations of an
   * earlier version, which stored no keys.
   */
  decided(conversation: Conversation): Pick<Bound, 'block' | 'preferences'>[]
}

/** Within this time the same request is a retry, a count or a continuation. */
const SAME_MS = 10 * 60_000
/** How long the conversations of an app with a cached document share a suffix. */
const SHARED_MS = 3600_000
const MAX_DECISIONS_READ = 20
/** The oldest keys go first. */
const MAX_KEYS_IN_MEMORY = 20_000
/** Approximate size of a waiting write. Its block is shared with those in memory. */
const SUFFIX_BYTES = 1000

type Recent = Bound & { readonly at: number }

export const openSuffixes = (
  store: DeviceStore,
  clock: () => number,
  report: (event: { what: string; code: string }) => void = () => {},
): Suffixes => {
  const memory = openMemory(store, clock, report)
  const { look, since, remember, forget } = memory
  return {
    find: (trace) => findSuffix(memory, trace),
    begin: (trace, { block, preferences }, isKept) => {
      const bound = { block, preferences, conversation: newId('c_'), isKept }
      const { history, profile, system, messages } = trace
      remember(bound, [
        ...history.whole().map((key) => text(`${profile} ${key}`)),
        ...(trace.byWords ? [text(openingKey(messages, system))] : []),
      ])
      // Keys of many conversations, with the time of the choice.
      remember({ ...bound, conversation: '' }, [
        text(systemKey(system)),
        ...(trace.isShared && !since(sharedKey(system), SHARED_MS)
          ? [text(sharedKey(system))]
          : []),
      ])
      return bound
    },
    answered: (bound, { signatures, turns, credit, messageId }, isKept = true) => {
      const keys = [
        ...[...signatures, ...turns].map((key) => ({ key, isText: key.startsWith('turn ') })),
        ...(credit === undefined ? [] : [token(creditKey(credit))]),
        ...(messageId === undefined ? [] : [token(messageKey(messageId))]),
      ]
      if (keys.length === 0) return
      remember({ ...bound, isKept: bound.isKept && isKept }, keys)
    },
    correct: ({ history: { signatures } }, suffix, isKept) => {
      if (!suffix) return forget(signatures)
      const { block, preferences } = suffix
      const bound = { block, preferences, conversation: newId('c_'), isKept }
      remember(bound, signatures.map(token))
    },
    lastUnder: (system) => look(systemKey(system)) ?? null,
    decided: (conversation) => decidedSuffixes(store, conversation),
  }
}

/** The suffixes by their keys: those in memory, then those in the store. */
const openMemory = (
  store: DeviceStore,
  clock: () => number,
  report: (event: { what: string; code: string }) => void,
) => {
  const { hash } = store
  const recent = new Map<string, Recent>()
  const stored = (key: string): Recent | undefined => {
    try {
      const found = store.suffixAt(key)
      return found && { ...found, isKept: true }
    } catch {
      report({ what: 'suffix', code: 'E_HOME' })
      return undefined
    }
  }
  const look = (key: string): Recent | undefined => recent.get(hash(key)) ?? stored(hash(key))
  const remember = (bound: Bound, keys: readonly SuffixKey[]): void => {
    const hashed = keys.map(({ key, isText }) => ({ key: hash(key), isText }))
    const { block, preferences, conversation, isKept } = bound
    const row = { block, preferences, conversation, at: clock() }
    if (isKept) store.later((tx) => tx.saveSuffix(row, hashed), { bytes: SUFFIX_BYTES })
    for (const { key } of hashed) {
      recent.delete(key)
      recent.set(key, { ...row, isKept })
    }
    for (const key of recent.keys()) {
      if (recent.size <= MAX_KEYS_IN_MEMORY) break
      recent.delete(key)
    }
  }
  const since = (key: string, ms: number): Recent | undefined => {
    const found = look(key)
    return found && found.at > clock() - ms ? found : undefined
  }
  const sameRequest = ({ history, profile }: Trace): Recent | undefined =>
    firstOf(history.whole(), (key) => since(`${profile} ${key}`, SAME_MS))
  const forget = (keys: readonly string[]): void => {
    const hashed = keys.map(hash)
    for (const key of hashed) recent.delete(key)
    store.later((tx) => tx.removeSuffixKeys(hashed))
  }
  return { look, since, sameRequest, remember, forget }
}
type Memory = ReturnType<typeof openMemory>

const findSuffix = ({ look, since, sameRequest }: Memory, trace: Trace): Found => {
  const { history, credit, continues, system, messages } = trace
  const found = (bound: Bound | undefined, otherwise: 'none' | 'first' = 'none'): Found =>
    bound ? { kind: 'bound', bound } : { kind: otherwise }
  if (continues !== undefined) return found(look(messageKey(continues)))
  const credited = credit === undefined ? undefined : look(creditKey(credit))
  if (credited) return found(credited)
  if (history.isBound) return found(firstOf(history.signatures, look))
  // A refused request was sent without a suffix, whatever the same words got at another time.
  if (credit !== undefined) return found(undefined)
  if (history.isBegun) {
    const begun = firstOf(history.turns, look) ?? sameRequest(trace)
    if (begun || !trace.byWords) return found(begun)
    return found(look(openingKey(messages, system)), 'first')
  }
  const same = sameRequest(trace)
  if (same) return found(same)
  const shared = trace.isShared ? since(sharedKey(system), SHARED_MS) : undefined
  return shared ? found({ ...shared, conversation: newId('c_') }) : { kind: 'first' }
}

const decidedSuffixes = (
  store: DeviceStore,
  conversation: Conversation,
): Pick<Bound, 'block' | 'preferences'>[] => {
  const rows = store.decisionsOf(conversationName(store.hash, conversation), MAX_DECISIONS_READ)
  const found = new Map<string, readonly Preference[]>()
  for (const { info } of rows) {
    const { block, lines = [] } = info.rewriting ?? {}
    if (block && !found.has(block)) found.set(block, preferencesOf(lines))
  }
  return [...found].map(([block, preferences]) => ({ block, preferences }))
}

/** The preferences of a block's lines, as if they had just been stated. */
const preferencesOf = (lines: readonly { readonly line: string }[]): readonly Preference[] =>
  editProfile(EMPTY_PROFILE, lines.flatMap(({ line }) => poleOfLine(line) ?? []).map(stated))
    .preferences

const text = (key: string): SuffixKey => ({ key, isText: true })
const token = (key: string): SuffixKey => ({ key, isText: false })

const firstOf = <T>(
  keys: readonly string[],
  look: (key: string) => T | undefined,
): T | undefined => {
  for (const key of keys) {
    const found = look(key)
    if (found) return found
  }
  return undefined
}
