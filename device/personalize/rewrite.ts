/**
 * The preference block: a few lines added to `system`, after what is there. Messages are never touched. A conversation keeps the
 * block (or the absence of one) of its first request, so that Claude's prompt cache goes on matching, until the user demands
 * something that a line of it contradicts: that line goes, from then on.
 */
import { sha256Hex } from '../../adapters/codec/digest.ts'
import type { ChatMessage, SystemPrompt } from '../../adapters/wire/choice-log.ts'
import type { Preference, Profile, RewriteReason } from '../../adapters/wire/personalization.ts'
import { type Constraints, constraintsOf } from './constraints.ts'
import { rowOf, type Wish, wishOf } from './dimensions.ts'
import { imitatesBlock } from './imitation.ts'
import { lineOf } from './profile.ts'
import { asksForProse, isPlain } from './relevance-rules.ts'
import { requestInContext, requestText, textOf } from './request-text.ts'
import { type AnalyzedText, analyze } from './text-analysis.ts'

export const BLOCK_START = '<reader_preferences>'
export const BLOCK_END = '</reader_preferences>'

/** Most preferences, and most UTF-16 units, of a block. */
export const MAX_PREFERENCES = 6
export const MAX_BLOCK_CHARS = 1200

/** The part of a Messages API request that is read. */
export type Conversation = {
  readonly messages: readonly ChatMessage[]
  readonly system?: SystemPrompt | undefined
  readonly tools?: readonly object[] | undefined
}

/** What was decided for a conversation. block null: nothing is added. */
export type BlockChoice = {
  readonly block: string | null
  readonly preferences: readonly Preference[]
  readonly reason: RewriteReason
}

/** Where a conversation's decision is kept, by conversationKey. */
export type FrozenBlocks = {
  get(key: string): BlockChoice | undefined
  set(key: string, choice: BlockChoice): void
}

export type Rewrite = BlockChoice & { readonly system: SystemPrompt | undefined }

/**
 * relevant: what matters for a request (relevance.ts); asked only where something is left to choose from; without it everything
 * does. Its failure is the caller's.
 */
export const rewrite = async (
  conversation: Conversation,
  profile: Profile,
  frozen: FrozenBlocks,
  relevant?: (request: string) => Promise<ReadonlySet<Wish>>,
): Promise<Rewrite> => {
  const { system } = conversation
  const barrier = barrierOf(conversation)
  if (barrier) return { system, block: null, preferences: [], reason: barrier }
  const key = conversationKey(conversation)
  const kept = frozen.get(key)
  const constraints = constraintsIn(conversation)
  const choice = kept
    ? withinConstraints(kept, constraints)
    : await chooseBlock(conversation, profile, constraints, relevant)
  if (choice !== kept) frozen.set(key, choice)
  if (choice.block === null) return { ...choice, system }
  return {
    ...choice,
    reason: kept ? 'frozen' : 'applied',
    system: appendBlock(system, choice.block),
  }
}

/** A demand of a later turn takes the lines that contradict it away, or the block: the cache misses once, the user never twice. */
const withinConstraints = (kept: BlockChoice, constraints: Constraints): BlockChoice => {
  if (kept.block === null) return kept
  if (constraints.strictOutput) return none('strict_output')
  const preferences = kept.preferences.filter((p) => !constraints.silent.has(wishOf(p)))
  if (preferences.length === kept.preferences.length) return kept
  if (preferences.length === 0) return none('constrained')
  return { ...kept, preferences, block: renderBlock(preferences) }
}

const none = (reason: RewriteReason): BlockChoice => ({ block: null, preferences: [], reason })

const constraintsIn = ({ messages, system }: Conversation): Constraints =>
  constraintsOf([
    ...(system === undefined ? [] : [textOf(system)]),
    ...messages.filter((m) => m.role === 'user').map((m) => textOf(m.content)),
  ])

/**
 * Names a conversation: SHA-256 of its system prompt and first user message. A text and a single block of it are the same, and cache
 * marks do not count: an app that marks its newest message marks another one at each turn.
 */
export const conversationKey = ({ system, messages }: Conversation): string => {
  const first = messages.find((m) => m.role === 'user')
  const parts = [system, first?.content].map((part) => part !== undefined && unmarked(part))
  return sha256Hex(new TextEncoder().encode(JSON.stringify(parts)))
}

const unmarked = (content: SystemPrompt): object[] =>
  typeof content === 'string'
    ? [{ type: 'text', text: content }]
    : content.map(({ cache_control: _, ...rest }) => rest)

/** A string gets the block after a blank line, an array one more text block; what is there stays as it is, cache_control included. */
export const appendBlock = (system: SystemPrompt | undefined, block: string): SystemPrompt => {
  if (system === undefined || system === '') return block
  if (typeof system === 'string') return `${system}\n\n${block}`
  return [...system, { type: 'text', text: block }]
}

/** Fixed sentences only: nothing that a user or an app has typed gets into it. Strongest first, within the caps. */
export const renderBlock = (preferences: readonly Preference[]): string => {
  const frame = (lines: readonly string[]) =>
    [BLOCK_START, INTRODUCTION, ...lines, BLOCK_END].join('\n')
  const lines: string[] = []
  for (const preference of preferences) {
    const line = `- ${lineOf(preference)}`
    if (frame([...lines, line]).length <= MAX_BLOCK_CHARS) lines.push(line)
  }
  return frame(lines)
}

const INTRODUCTION =
  'Style preferences of the reader. Explicit instructions in the conversation outrank these preferences, and so does a correct, complete answer.'

/** What forbids a block at any turn. */
const barrierOf = ({ messages, system, tools }: Conversation): RewriteReason | null => {
  const isToolBlock = (type: string) => /(?:^|_)tool_(?:use|result)$|_tool_result$/.test(type)
  if ((tools?.length ?? 0) > 0) return 'tools'
  if (
    messages.some(
      ({ content }) => Array.isArray(content) && content.some((b) => isToolBlock(b.type)),
    )
  )
    return 'tools'
  return imitatesBlock({ messages, system }) ? 'delimiter' : null
}

const chooseBlock = async (
  conversation: Conversation,
  profile: Profile,
  constraints: Constraints,
  relevant: ((request: string) => Promise<ReadonlySet<Wish>>) | undefined,
): Promise<BlockChoice> => {
  const request = requestText(conversation.messages)
  const enabled = profile.preferences.filter((p) => p.enabled && isInScope(p, request))
  if (enabled.length === 0) return none('no_preferences')
  const analyzed = analyze(request)
  if (isCodeOrData(request, analyzed.codeChars)) return none('code_or_data')
  if (constraints.strictOutput) return none('strict_output')
  // An image or a document alone says nothing of what is wanted.
  if (request.trim() === '' || isPlain(request)) return none('none_relevant')
  const inContext = requestInContext(conversation.messages)
  // The local model reads English: elsewhere the wording must tell that more than one right answer is asked for.
  const isRead = isEnglish(analyzed)
  if (!isRead && hasWordLists(analyzed) && !asksForProse(inContext)) return none('none_relevant')
  const isCounted = !constraints.otherLanguage && hasWordLists(analyzed)
  const open = enabled.filter(
    (p) => !constraints.silent.has(wishOf(p)) && (isCounted || rowOf(p.dimension).anyLanguage),
  )
  if (open.length === 0) return none('constrained')
  const found = relevant && isRead ? await relevant(inContext) : null
  const chosen = open
    .filter((p) => !found || found.has(wishOf(p)))
    .toSorted((a, b) => rankOf(b) - rankOf(a))
    .slice(0, MAX_PREFERENCES)
  if (chosen.length === 0) return none('none_relevant')
  return { block: renderBlock(chosen), preferences: chosen, reason: 'applied' }
}

const isEnglish = ({ language }: AnalyzedText): boolean =>
  language === 'en' || language === 'unknown'

/** Whether what a preference asks for can be told in answers of this language. */
const hasWordLists = ({ language }: AnalyzedText): boolean => language !== 'other'

/** Pinned before stated before learned, then by strength. */
const rankOf = (p: Preference): number =>
  (p.pinned ? 4 : 0) + (p.source === 'stated' ? 2 : 0) + p.strength * p.evidence.confidence

const isInScope = ({ scope }: Preference, request: string): boolean => {
  if (scope === 'all') return true
  // "art" is in "arts" but not in "party"; scripts without spaces have no word beginnings.
  return scope.some((word) =>
    new RegExp(`(?<!\\p{Script=Latin})${word.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')}`, 'iu').test(
      request,
    ),
  )
}

const CODE_LINE =
  /[;{}]\s*$|^\s*(?:[{}[\]()<]|import |from \S+ import|def |class |function |const |let |var |return\b|if \(|for \(|#include|SELECT |INSERT |Traceback|\s+at \S+\(|"[^"]+"\s*:)|^\s*\S+(?:,\S*){3,}\s*$/

/** More than half of the request is code, JSON, a log or a table of values. */
const isCodeOrData = (request: string, codeChars: number): boolean => {
  if (codeChars > 0.5 * request.length) return true
  const lines = request
    .slice(0, 60_000)
    .split('\n')
    .filter((l) => l.trim() !== '')
  const coded = lines.filter((l) => CODE_LINE.test(l))
  return coded.reduce((n, l) => n + l.length, 0) > 0.5 * lines.reduce((n, l) => n + l.length, 0)
}
