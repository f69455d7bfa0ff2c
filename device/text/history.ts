/**
 * What an app sends back of a conversation, as keys that a suffix is remembered by: signatures of
 * thinking first, since Claude checks them against `system`; then whole turns and tool calls. Pure.
 */

/** A message as it came; nothing about it is taken for granted. */
export type LooseMessage = { readonly role: string; readonly content?: unknown }
type Block = { readonly type: string; readonly [field: string]: unknown }

/**
 * isBegun: Claude has answered in it before. isBound: it holds blocks that are signed over
 * everything before them. signatures, turns: keys in the order of the conversation. whole: keys of
 * all of it, computed only when asked for, since it may hold megabytes.
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

/** Keys of one answer in a conversation: what of it an app may send back. content: its blocks. */
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
 * Of a token that a later request must carry: a fallback credit, or the id of the message that a
 * thread goes on from.
 */
export const creditKey = (token: string): string => `credit ${token}`
export const messageKey = (id: string): string => `message ${id}`

/**
 * Of the requests under one system prompt; shared: whose conversations have a cached document in
 * common.
 */
export const systemKey = (system: unknown): string => `system ${jsonOf(system)}`
export const sharedKey = (system: unknown): string => `shared ${jsonOf(system)}`

/** Of the first words of a conversation, where nothing better is to be had. */
export const openingKey = (messages: readonly LooseMessage[], system: unknown): string =>
  `opening ${jsonOf(system)} ${jsonOf(messages.find((m) => m.role === 'user')?.content)}`

const signatureKeys = ({ signature, data, content, encrypted_content }: Block): string[] => {
  const signed = [signature, data, encrypted_content, content].find(
    (value) => typeof value === 'string' && value !== '',
  )
  return signed === undefined ? [] : [`signature ${signed}`]
}

/** A question with its answer's words, spaces aside; and each tool call by its id. */
const turnKeys = (asked: LooseMessage | undefined, content: unknown): string[] => {
  const said = wordsOf(content)
  const calls = blocksOf(content).flatMap((b) =>
    b.type.endsWith('tool_use') && typeof b['id'] === 'string' ? [`call ${b['id']}`] : [],
  )
  const question = wordsOf(asked?.content) || jsonOf(asked?.content)
  return said === '' ? calls : [`turn ${question}\n${said}`, ...calls]
}

/**
 * The same messages, and the same without an answer that was begun: what a retry, a count or a
 * continuation sends.
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
 * JSON in which a text equals a single block of it, nothing equals an empty text, and cache marks
 * do not count.
 */
const jsonOf = (content: unknown): string =>
  JSON.stringify(
    typeof content === 'string' && content !== ''
      ? [{ type: 'text', text: content }]
      : content || null,
    (key, value: unknown) => (key === 'cache_control' ? undefined : value),
  )
