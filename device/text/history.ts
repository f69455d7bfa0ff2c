/**
 * Keys by which a conversation's suffix is found again in what an app sends back: signatures of
 * thinking first, since Claude checks them against `system`, then whole turns and tool calls. Pure.
 */

/** An unvalidated message. */
export type LooseMessage = { readonly role: string; readonly content?: unknown }
type Block = { readonly type: string; readonly [field: string]: unknown }

/**
 * isBegun: Claude has answered before. isBound: it has blocks that are signed over everything
 * before them. signatures, turns: keys in the order of the conversation. whole: keys of all of it,
 * computed on demand, since it may be megabytes.
 */
export type History = {
  readonly isBegun: boolean
  readonly isBound: boolean
  readonly signatures: readonly string[]
  readonly turns: readonly string[]
  readonly whole: () => readonly string[]
}

const SIGNED = ['thinking', 'redacted_thinking', 'compaction']

/** Whether Claude signs such a block over everything before it. */
export const isSigned = (block: { readonly type: string } | undefined): boolean =>
  block !== undefined && SIGNED.includes(block.type)

export const historyOf = (messages: readonly LooseMessage[], system: unknown): History => {
  const signatures: string[] = []
  const turns: string[] = []
  let isBound = false
  let asked: LooseMessage | undefined
  for (const message of messages) {
    for (const block of blocksOf(message.content)) {
      if (!isSigned(block)) continue
      isBound = true
      signatures.push(...signatureKeys(block))
    }
    if (message.role === 'user') asked = message
    if (message.role === 'assistant') turns.push(...turnKeys(asked, message.content))
  }
  return {
    isBegun: isBound || messages.some((m) => m.role === 'assistant'),
    isBound,
    signatures,
    turns,
    whole: () => wholeKeys(messages, system),
  }
}

/** Keys of the parts of an answer that an app may send back. content: its blocks. */
export const answerKeys = (
  messages: readonly LooseMessage[],
  content: readonly unknown[],
): { readonly signatures: string[]; readonly turns: string[] } => ({
  signatures: blocksOf(content).flatMap((b) => (isSigned(b) ? signatureKeys(b) : [])),
  turns: turnKeys(
    messages.findLast((m) => m.role === 'user'),
    content,
  ),
})

/**
 * Keys of tokens that a later request must carry: a fallback credit, or the id of the message that
 * a thread continues.
 */
export const creditKey = (token: string): string => `credit ${token}`
export const messageKey = (id: string): string => `message ${id}`

/** Keys of a system prompt. shared: for conversations with a cached document in common. */
export const systemKey = (system: unknown): string => `system ${jsonOf(system)}`
export const sharedKey = (system: unknown): string => `shared ${jsonOf(system)}`

/** Key of a conversation's first words, for want of a better one. */
export const openingKey = (messages: readonly LooseMessage[], system: unknown): string =>
  `opening ${jsonOf(system)} ${jsonOf(messages.find((m) => m.role === 'user')?.content)}`

const signatureKeys = ({ signature, data, content, encrypted_content }: Block): string[] => {
  const signed = [signature, data, encrypted_content, content].find(
    (value) => typeof value === 'string' && value !== '',
  )
  return signed === undefined ? [] : [`signature ${signed}`]
}

/** A question with its answer, without spaces; and each tool call by its id. */
const turnKeys = (asked: LooseMessage | undefined, content: unknown): string[] => {
  const said = wordsOf(content)
  const calls = blocksOf(content).flatMap((b) =>
    b.type.endsWith('tool_use') && typeof b['id'] === 'string' ? [`call ${b['id']}`] : [],
  )
  const question = wordsOf(asked?.content) || jsonOf(asked?.content)
  return said === '' ? calls : [`turn ${question}\n${said}`, ...calls]
}

/**
 * Keys of all messages, also without a partial answer: the form of a retry, a count or a
 * continuation.
 */
const wholeKeys = (messages: readonly LooseMessage[], system: unknown): string[] => {
  const parts = messages.map(({ role, content }) => `${role} ${jsonOf(content)}`)
  const keyOf = (some: readonly string[]) => `whole ${jsonOf(system)} ${some.join('\n')}`
  return messages.at(-1)?.role === 'assistant'
    ? [keyOf(parts), keyOf(parts.slice(0, -1))]
    : [keyOf(parts)]
}

const wordsOf = (content: unknown): string =>
  (typeof content === 'string'
    ? content
    : blocksOf(content)
        .flatMap((b) => (b.type === 'text' && typeof b['text'] === 'string' ? [b['text']] : []))
        .join('')
  ).replace(/\s+/g, '')

const blocksOf = (content: unknown): Block[] =>
  Array.isArray(content) ? content.filter((b): b is Block => typeof b?.type === 'string') : []

/**
 * Normalized JSON: a text equals a single text block, nothing equals an empty text, and cache marks
 * do not count.
 */
const jsonOf = (content: unknown): string =>
  JSON.stringify(
    typeof content === 'string' && content !== ''
      ? [{ type: 'text', text: content }]
      : content || null,
    (key, value: unknown) => (key === 'cache_control' ? undefined : value),
  )
