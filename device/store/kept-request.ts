/**
 * What the store keeps of a request: the texts that learning reads, and keyed hashes of the whole,
 * which tell which request continues which. Images, documents, tool results and thinking leave only
 * their type and size.
 */
import type { ChatMessage, SystemPrompt } from '../../adapters/formats/choice-log.ts'
import { keptText } from '../text/kept-text.ts'
import { requestInContext, textOf } from '../text/request-text.ts'

/** See keyed-hash.ts. */
export type Hash = (text: string) => string

/** A block that is not text. bytes: of the texts in it. */
export type OtherBlock = { readonly type: string; readonly bytes: number }

/**
 * One message. key: a hash of it and every message before it, so that requests share the turns they
 * have in common.
 */
export type KeptTurn = {
  readonly key: string
  readonly role: ChatMessage['role']
  readonly text: string
  readonly other: readonly OtherBlock[]
}

/**
 * All names are hashes. conversation: of the system prompt and first message; request: of the
 * whole; thread: of the messages; before: of the thread that it continues, an answer and a message
 * earlier; answered: of that answer; asked: of the question as relevance reads it; opening: of a
 * first message without an answer yet; openings: of a first message with its answer.
 */
export type KeptRequest = {
  readonly system: string | null
  readonly turns: readonly KeptTurn[]
  readonly conversation: string
  readonly request: string
  readonly thread: string
  readonly before: string | null
  readonly answered: string | null
  readonly asked: string
  readonly opening: string | null
  readonly openings: readonly string[]
}

/** The parts of a request that are kept. */
type Parts = {
  readonly messages: readonly ChatMessage[]
  readonly system?: SystemPrompt | undefined
}

export const keptRequest = (of: Hash, { messages, system }: Parts): KeptRequest => {
  const hash = hashedOnce(of)
  const turns: KeptTurn[] = []
  for (const { role, content } of messages)
    turns.push({
      key: hash(`turn ${turns.at(-1)?.key ?? ''} ${role} ${plain(hash, content)}`),
      role,
      text: keptText(textOf(content)),
      other: otherBlocks(content),
    })
  const thread = turns.at(-1)?.key ?? ''
  const answer = messages.at(-2)
  const goesOn = answer?.role === 'assistant' && messages.length > 2
  const opening = openingKey(hash, messages)
  const [, second] = messages
  const isAnswered = second?.role === 'assistant'
  return {
    system: system === undefined ? null : keptText(textOf(system)),
    turns,
    conversation: conversationName(hash, { messages, system }),
    request: hash(`request ${plain(hash, system ?? null)} ${thread}`),
    thread,
    before: goesOn ? turns.at(-3)!.key : null,
    answered: goesOn ? saidKey(hash, textOf(answer.content)) : null,
    asked: askedName(hash, keptAsked(messages)),
    opening: isAnswered ? null : opening,
    openings: isAnswered ? openingKeys(hash, opening, [textOf(second.content)]) : [],
  }
}

/** Names a conversation by its system prompt and first user message. */
export const conversationName = (hash: Hash, { messages, system }: Parts): string => {
  const first = messages.find((m) => m.role === 'user')
  const parts = [system, first?.content].map((part) => plain(hash, part ?? null))
  return hash(`conversation ${parts.join('\n')}`)
}

/** Names an answer by its words. */
export const saidKey = (hash: Hash, text: string): string => hash(`said ${text.trim()}`)

/** Names a question. asked: as keptAsked returns it. */
export const askedName = (hash: Hash, asked: string): string => hash(`asked ${asked}`)

/** Messages that make up the question: at least two of the user's, if roles alternate. */
export const ASKED_MESSAGES = 8
const ASKED_END = 1000

/** The question as relevance learns from it: of long messages, the beginning and the end. */
export const keptAsked = (messages: readonly ChatMessage[]): string =>
  requestInContext(
    messages.slice(-ASKED_MESSAGES).map(({ role, content }) => {
      const text = textOf(content)
      const isLong = text.length > 2 * ASKED_END
      return { role, content: isLong ? text.slice(0, ASKED_END) + text.slice(-ASKED_END) : text }
    }),
  )

/** Names the first message of a conversation. */
export const openingKey = (hash: Hash, [first]: readonly ChatMessage[]): string =>
  hash(`opening ${first ? textOf(first.content) : ''}`)

/** Name a first message together with each possible answer. */
export const openingKeys = (hash: Hash, opening: string, answers: readonly string[]): string[] =>
  answers.filter((a) => a.trim() !== '').map((a) => hash(`${opening} ${saidKey(hash, a)}`))

const otherBlocks = (content: SystemPrompt): OtherBlock[] =>
  typeof content === 'string'
    ? []
    : content
        .filter(({ type }) => type !== 'text')
        .map((block) => ({ type: block.type, bytes: charactersIn(block) }))

/** Sums the texts inside without making JSON, which would copy an image. */
const charactersIn = (value: unknown): number =>
  typeof value === 'string'
    ? value.length
    : typeof value === 'object' && value !== null
      ? Object.values(value).reduce((sum: number, part) => sum + charactersIn(part), 0)
      : 0

/** Hashes each long text once: an image is part of several names. */
const hashedOnce = (hash: Hash): Hash => {
  const known = new Map<string, string>()
  return (text) => {
    if (text.length <= LONG_TEXT) return hash(text)
    const name = known.get(text) ?? hash(text)
    known.set(text, name)
    return name
  }
}

/** Longer texts, above all images, enter JSON as their hash, so that they are not copied. */
const LONG_TEXT = 10_000

/**
 * JSON in which a text equals one block with that text, without the cache marks that move each
 * turn.
 */
const plain = (hash: Hash, content: SystemPrompt | null): string =>
  JSON.stringify(
    typeof content === 'string' ? [{ type: 'text', text: content }] : content,
    (key, part) =>
      key === 'cache_control'
        ? undefined
        : typeof part === 'string' && part.length > LONG_TEXT
          ? { hash: hash(part) }
          : part,
  )
