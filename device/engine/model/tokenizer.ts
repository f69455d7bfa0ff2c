/** Text to tokens and back, and the chat template. Control tokens come from the template or on request, never from text. */
import { FedError } from '../../../adapters/errors.ts'
import type { TokenizerFile } from './tokenizer-file.ts'
import { type TokenizerParts, tokenizerParts } from './xenova.ts'

export type ChatMessage = { role: 'system' | 'user' | 'assistant'; content: string }
export type Tokenizer = {
  /** SHA-256 over vocabulary, merges and chat template. */
  readonly hash: string
  /** special: control tokens written in the text become those tokens; default false, they stay text. */
  encode(text: string, options?: { special?: boolean }): number[]
  /** Control tokens appear as they are written. Ids that name no token are left out. */
  decode(ids: readonly number[]): string
  /** generationPrompt (default true): ends with the opening of an assistant message.
   *  Text inside a message never becomes a control token. Fails with E_MODEL_UNSUPPORTED when the template refuses. */
  chat(
    messages: readonly ChatMessage[],
    options?: { generationPrompt?: boolean },
  ): { text: string; ids: number[] }
  /** Tokens that end an answer. */
  readonly eosIds: number[]
}

/** Entries of the word cache before it is emptied; a word costs about 200 bytes. */
const CACHE_WORDS = 20_000

/** Fails with E_MODEL_UNSUPPORTED when the file has a step that is not known. */
export const createTokenizer = (file: TokenizerFile): Tokenizer => {
  const parts = buildParts(file)
  const { tokens_to_ids: ids, vocab, cache } = parts.model
  const unknownId = file.unknownToken === null ? undefined : ids.get(file.unknownToken)
  const added = new Map(file.addedTokens.map((token) => [token.content, token.id]))
  const control = file.addedTokens.filter((token) => token.isControl).map((t) => t.content)
  const plain = file.addedTokens.filter((token) => !token.isControl).map((t) => t.content)
  const anyAdded = matcherOf([...control, ...plain])
  const plainAdded = matcherOf(plain)
  const anyControl = matcherOf(control)
  // The model itself cannot produce a control token from text any more; decoding needs only `vocab`.
  for (const content of control) ids.delete(content)

  const encodePiece = (text: string, index: number): number[] => {
    const normal = parts.normalizer ? parts.normalizer(text) : text
    if (normal.length === 0) return []
    const words = parts.pre_tokenizer
      ? parts.pre_tokenizer(normal, { section_index: index })
      : [normal]
    if (cache && cache.size > CACHE_WORDS) cache.clear()
    const found: number[] = []
    for (const token of parts.model(words)) {
      const id = token === undefined ? unknownId : (ids.get(token) ?? unknownId)
      if (id !== undefined) found.push(id)
    }
    // A long word never comes again, and its entry would keep the text.
    if (cache) for (const word of words) if (word.length > 64) cache.delete(word)
    return found
  }
  /** Sections at odd places are matches of the matcher. restore undoes the hiding of control text in the others. */
  const encodeSections = (text: string, matcher: RegExp | null, restore = (t: string) => t) => {
    const sections = matcher ? text.split(matcher) : [text]
    const all: number[] = []
    for (const [index, section] of sections.entries()) {
      if (index % 2 === 1) all.push(added.get(section)!)
      else for (const id of encodePiece(restore(section), index)) all.push(id)
    }
    return all
  }

  return {
    hash: file.hash,
    eosIds: [...file.eosIds],
    encode: (text, { special = false } = {}) =>
      encodeSections(text, special ? anyAdded : plainAdded),
    decode: (tokens) => {
      const known = tokens.filter((id) => vocab[id] !== undefined)
      return known.length === 0 ? '' : parts.decode(known, { clean_up_tokenization_spaces: false })
    },
    chat: (messages, { generationPrompt = true } = {}) => {
      const { hide, restore } = controlTextMask(messages, anyControl)
      const hidden = messages.map(({ role, content }) => ({ role, content: hide(content) }))
      const rendered = renderChat(parts, hidden, generationPrompt)
      return { text: restore(rendered), ids: encodeSections(rendered, anyAdded, restore) }
    },
  }
}

/**
 * Control text inside a message is replaced by a number between two marks before the template sees it, and put back after
 * the template's own control tokens have been cut out. The mark is a private-use character that no message holds.
 */
const controlTextMask = (messages: readonly ChatMessage[], anyControl: RegExp | null) => {
  const same = (text: string) => text
  if (!anyControl || !messages.some((m) => m.content.search(anyControl) >= 0))
    return { hide: same, restore: same }
  const used = new Set<number>()
  for (const { content } of messages)
    for (const character of content) used.add(character.codePointAt(0)!)
  let point = 0xe000
  while (used.has(point)) point = point === 0xf8ff ? 0xf0000 : point + 1
  const mark = String.fromCodePoint(point)
  const texts: string[] = []
  const every = new RegExp(anyControl.source, 'gu')
  const marked = new RegExp(`${mark}(\\d+)${mark}`, 'gu')
  return {
    hide: (text: string) => text.replace(every, (t) => `${mark}${texts.push(t) - 1}${mark}`),
    restore: (text: string) => text.replace(marked, (_, index) => texts[Number(index)]!),
  }
}

/** For templates that name the day, as Llama 3's does (this is its own fallback): always the same, since a choice must be read
 *  tomorrow, and by others in a round, as it is read today. */
const SAME_DAY = '{% macro strftime_now(format) %}26 Jul 2024{% endmacro %}'

const datedTemplate = (template: string): string =>
  template.includes('strftime_now') ? SAME_DAY + template : template

const renderChat = (
  parts: TokenizerParts,
  messages: { role: string; content: string }[],
  generationPrompt: boolean,
): string => {
  try {
    return parts.apply_chat_template(messages, {
      tokenize: false,
      add_generation_prompt: generationPrompt,
    })
  } catch (cause) {
    // The template's own message could quote the conversation, so only the roles are named.
    const roles = messages.map((m) => m.role).join(', ')
    throw new FedError('E_MODEL_UNSUPPORTED', `the chat template fails for messages of ${roles}`, {
      cause,
    })
  }
}

const buildParts = (file: TokenizerFile): TokenizerParts => {
  try {
    return tokenizerParts(file.json, {
      ...file.specialTokens,
      chat_template: datedTemplate(file.template),
    })
  } catch (cause) {
    const reason = (cause as Error).message.slice(0, 200)
    throw new FedError('E_MODEL_UNSUPPORTED', `tokenizer: ${reason}`, { cause })
  }
}

/** One capturing group of all texts, the longest first, so that a token is preferred to its own beginning. */
const matcherOf = (texts: readonly string[]): RegExp | null => {
  if (texts.length === 0) return null
  const escaped = [...texts]
    .sort((a, b) => b.length - a.length)
    .map((text) => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'))
  return new RegExp(`(${escaped.join('|')})`, 'u')
}
