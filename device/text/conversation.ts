/** A conversation with Claude, as far as personalization reads it. */
import type { ChatMessage, SystemPrompt } from '../../adapters/formats/choice-log.ts'

/** instructions: texts of the system messages, in order. */
export type Conversation = {
  readonly messages: readonly ChatMessage[]
  readonly system?: SystemPrompt | undefined
  readonly instructions?: readonly string[] | undefined
  readonly tools?: readonly object[] | undefined
}

/** One of Claude's answers. messageId: Claude's own id of it. */
export type Answer = { readonly text: string; readonly messageId?: string | undefined }
