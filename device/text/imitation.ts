/**
 * Detects text that looks like the preference block. It is never taken for the device's own: such a
 * conversation gets no block, and nothing is learned from it.
 */
import type { ChatMessage, SystemPrompt } from '../../adapters/formats/choice-log.ts'

/** Whether any text in the conversation contains the block's delimiter. */
export const imitatesBlock = ({
  messages,
  system,
}: {
  readonly messages: readonly ChatMessage[]
  readonly system?: SystemPrompt | undefined
}): boolean => someText([system, messages.map((m) => m.content)], holdsDelimiter)

/** The delimiter, also in other case, width or with invisible characters in between. */
export const holdsDelimiter = (text: string): boolean =>
  text
    .normalize('NFKC')
    .replace(/[\p{Cf}\s_-]/gu, '')
    .toLowerCase()
    .includes('readerpreferences')

const someText = (value: unknown, is: (text: string) => boolean): boolean => {
  if (typeof value === 'string') return is(value)
  if (typeof value !== 'object' || value === null) return false
  // Images and files are megabytes without text.
  const isCoded = 'type' in value && value.type === 'base64'
  return Object.entries(value).some(([key, v]) => !(isCoded && key === 'data') && someText(v, is))
}
