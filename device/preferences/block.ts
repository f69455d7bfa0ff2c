/**
 * The preference block: a few lines added to `system`, after what is there. Messages are never
 * touched. It is chosen once, for the first request of a conversation; preferences/suffixes.ts remembers
 * it, since what Claude thinks is signed over it.
 */
import type { ChatMessage, SystemPrompt } from '../../adapters/formats/choice-log.ts'
import type { Preference, Profile } from '../records/preference.ts'
import { imitatesBlock } from '../text/imitation.ts'
import { type Chosen, choosePreferences, chooseShared, type Relevant } from './choose-block.ts'
import { constraintsInConversation } from './conversation-constraints.ts'
import { lineOf } from './profile.ts'

export const BLOCK_START = '<reader_preferences>'
export const BLOCK_END = '</reader_preferences>'

/** Most UTF-16 units of a block. */
export const MAX_BLOCK_CHARS = 1200

/**
 * The part of a Messages API request that is read. instructions: of system messages among the
 * others, in their order.
 */
export type Conversation = {
  readonly messages: readonly ChatMessage[]
  readonly system?: SystemPrompt | undefined
  readonly instructions?: readonly string[] | undefined
  readonly tools?: readonly object[] | undefined
}

/** What was decided for a conversation. block null: nothing is added. */
export type BlockChoice = Chosen & { readonly block: string | null }

/**
 * The block of a conversation that begins with this request. relevant: what matters for a request
 * (relevance.ts); asked only where something is left to choose from; without it everything does.
 * Its failure is the caller's.
 */
export const chooseSuffix = async (
  conversation: Conversation,
  profile: Profile,
  relevant?: Relevant,
): Promise<BlockChoice> =>
  imitatesBlock(conversation)
    ? { block: null, preferences: [], reason: 'delimiter', silenced: [] }
    : rendered(
        await choosePreferences(
          conversation,
          profile,
          constraintsInConversation(conversation),
          relevant,
        ),
      )

/**
 * The block of all conversations of an app that caches what they have in common in their first
 * message: another block would be another prefix, so that it depends on the system prompt alone.
 */
export const chooseSharedSuffix = (
  { system }: Pick<Conversation, 'system'>,
  profile: Profile,
): BlockChoice =>
  rendered(
    chooseShared(profile, constraintsInConversation({ ...(system && { system }), messages: [] })),
  )

const rendered = (chosen: Chosen): BlockChoice => ({
  ...chosen,
  block: chosen.reason === 'applied' ? renderBlock(chosen.preferences) : null,
})

/**
 * A string gets the block after a blank line, an array one more text block; what is there stays as
 * it is, cache_control included.
 */
export const appendBlock = (system: SystemPrompt | undefined, block: string): SystemPrompt => {
  if (system === undefined || system === '') return block
  if (typeof system === 'string') return `${system}\n\n${block}`
  return [...system, { type: 'text', text: block }]
}

/**
 * Fixed sentences only: nothing that a user or an app has typed gets into it. Strongest first,
 * within the caps.
 */
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
  'Style preferences of the reader. Explicit instructions in the conversation outrank these ' +
  'preferences, and so does a correct, complete answer.'
