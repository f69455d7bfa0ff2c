/** The text of messages, whose content is a string or an array of blocks. */
import type { ChatMessage, SystemPrompt } from '../../adapters/formats/choice-log.ts'

/** Text blocks joined by blank lines; other blocks (images, documents) are passed over. */
export const textOf = (content: SystemPrompt): string =>
  typeof content === 'string'
    ? content
    : content.flatMap((b) => (b.type === 'text' ? [b.text ?? ''] : [])).join('\n\n')

/** The text of the last user message, or '' if there is none. */
export const requestText = (messages: readonly ChatMessage[]): string => {
  const last = messages.findLast((m) => m.role === 'user')
  return last ? textOf(last.content) : ''
}

/** A message with fewer words needs context. */
const ENOUGH_WORDS = 8

/** The same, behind the user's previous message where the last one is too short to stand alone. */
export const requestInContext = (messages: readonly ChatMessage[]): string => {
  const [last = '', before] = messages
    .filter((m) => m.role === 'user')
    .map((m) => textOf(m.content))
    .toReversed()
  const isShort = last.split(/\s+/, ENOUGH_WORDS).length < ENOUGH_WORDS
  return isShort && before ? `${before}\n${last}` : last
}
