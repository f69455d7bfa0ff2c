/**
 * The preference block: a few lines appended to `system`. Messages are never changed. It is chosen
 * once, for the first request of a conversation, and remembered (suffixes.ts), because Claude's
 * thinking is signed over it.
 */
import type { SystemPrompt } from '../../adapters/formats/choice-log.ts'
import type { Preference, Profile } from '../records/preference.ts'
import type { Conversation } from '../text/conversation.ts'
import { imitatesBlock } from '../text/imitation.ts'
import { type Chosen, choosePreferences, chooseShared, type Relevant } from './choose-block.ts'
import { constraintsInConversation } from './conversation-constraints.ts'
import { lineOf } from './profile.ts'

export const BLOCK_START = '<reader_preferences>'
export const BLOCK_END = '</reader_preferences>'

/** In UTF-16 units. */
export const MAX_BLOCK_CHARS = 1200

/** The decision for a conversation. block: null if nothing is added. */
export type BlockChoice = Chosen & { readonly block: string | null }

/**
 * Chooses the block of a conversation that begins with this request. relevant is called only if
 * there is something to choose from; without it all preferences matter. Fails as relevant does.
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
 * The common block of an app's conversations that share a cached first message. It depends only on
 * the system prompt, since another block would change the cached prefix.
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
 * Appends the block to a string after a blank line, to an array as another text block. The rest
 * stays unchanged, cache_control included.
 */
export const appendBlock = (system: SystemPrompt | undefined, block: string): SystemPrompt => {
  if (system === undefined || system === '') return block
  if (typeof system === 'string') return `${system}\n\n${block}`
  return [...system, { type: 'text', text: block }]
}

/** Renders fixed sentences only, never text from a user or an app. Lines over the cap are dropped. */
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
