/**
 * The preference block: a few lines added to `system`, after what is there. Messages are never touched. A conversation keeps the
 * block (or the absence of one) of its first request, so that Claude's prompt cache goes on matching, until the user demands
 * something that a line of it contradicts: that line goes, from then on.
 */
import { sha256Hex } from '../../adapters/codec/digest.ts'
import type { ChatMessage, SystemPrompt } from '../../adapters/wire/choice-log.ts'
import type { Preference, Profile, RewriteReason } from '../../adapters/wire/personalization.ts'
import { choosePreferences, constraintsIn, type Relevant } from './choose-block.ts'
import type { Constraints } from './constraints.ts'
import { wishOf } from './dimensions.ts'
import { imitatesBlock } from './imitation.ts'
import { lineOf } from './profile.ts'

export const BLOCK_START = '<reader_preferences>'
export const BLOCK_END = '</reader_preferences>'

/** Most UTF-16 units of a block. */
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
  relevant?: Relevant,
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
  relevant: Relevant | undefined,
): Promise<BlockChoice> => {
  const { preferences, reason } = await choosePreferences(
    conversation,
    profile,
    constraints,
    relevant,
  )
  return { preferences, reason, block: preferences.length > 0 ? renderBlock(preferences) : null }
}
