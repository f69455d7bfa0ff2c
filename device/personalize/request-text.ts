/** The text of messages, whose content is a string or an array of blocks. */
import type { ChatMessage, SystemPrompt } from '../../adapters/wire/choice-log.ts'

/** Text blocks joined by blank lines; other blocks are passed over. */
export const textOf = (content: SystemPrompt): string =>
  typeof content === 'string'
    ? content
    : content.flatMap((b) => (b.type === 'text' ? [b.text ?? ''] : [])).join('\n\n')

/** What the user asks now: the text of the last user message, or '' when there is none. */
export const requestText = (messages: readonly ChatMessage[]): string => {
  const last = messages.findLast((m) => m.role === 'user')
  return last ? textOf(last.content) : ''
}
