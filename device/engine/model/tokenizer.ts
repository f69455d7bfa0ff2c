/** Text to tokens and back, and the chat template. Plain text never becomes a control token. */
import { FedError } from '../../../adapters/errors.ts'
import type { TokenizerFile } from './tokenizer-file.ts'
import { escapedText } from './tokenizer-regex.ts'
import {
  byteToken,
  decoderOf,
  type Normalize,
  normalizerOf,
  type Piece,
  preTokenizerOf,
  refuseMovedFirst,
} from './tokenizer-steps.ts'
import { type TokenizerParts, tokenizerParts } from './xenova.ts'

export type ChatMessage = { role: 'system' | 'user' | 'assistant'; content: string }
export type Tokenizer = {
  /** SHA-256 over vocabulary, merges and chat template. */
  readonly hash: string
  /** special: control tokens in the text are encoded as such; by default they stay text. */
  encode(text: string, options?: { special?: boolean }): number[]
  /** Control tokens appear as they are written. Ids that name no token are left out. */
  decode(ids: readonly number[]): string
  /** generationPrompt (default true): ends with the opening of an assistant message. Message text
   *  never becomes a control token. E_MODEL_UNSUPPORTED when the template refuses. */
  chat(
    messages: readonly ChatMessage[],
    options?: { generationPrompt?: boolean },
  ): { text: string; ids: number[] }
  /** Tokens that end an answer. */
  readonly eosIds: number[]
}

/** Entries of the word cache before it is emptied; a word costs about 200 bytes. */
const CACHE_WORDS = 20_000

/** Fails with E_MODEL_UNSUPPORTED (a step is not known), E_MODEL_FILE (one is not valid). */
export const createTokenizer = (file: TokenizerFile): Tokenizer => {
  const parts = tokenizerParts(file.vocabulary.merges, {
    ...file.specialTokens,
    chat_template: datedTemplate(file.template),
  })
  const decode = decoderOf(file.steps.decoder)
  const { addedTokens } = file
  const control = addedTokens.filter((token) => token.isControl)
  const plain = addedTokens.filter((token) => !token.isControl && !token.isNormalized)
  const anyAdded = matcherOf([...control, ...plain].map((token) => token.content))
  const plainAdded = matcherOf(plain.map((token) => token.content))
  const anyControl = matcherOf(control.map((token) => token.content))
  const added = new Map(addedTokens.map((token) => [token.content, token.id]))
  const vocab: string[] = []
  for (const [token, id] of file.vocabulary.ids) vocab[id] = token
  const normalize = normalizerOf(file.steps.normalizer)
  const encodePiece = pieceEncoder(file, parts, normalize)
  for (const { content, id, isNormalized } of addedTokens)
    vocab[id] = isNormalized ? normalize(content) : content

  /** Sections at odd places are matches. restore reveals hidden control text in the others. */
  const encodeSections = (text: string, matcher: RegExp | null, restore = (t: string) => t) => {
    const sections = matcher ? text.split(matcher) : [text]
    const all: number[] = []
    for (const [index, section] of sections.entries()) {
      if (index % 2 === 1) all.push(added.get(section)!)
      else encodePiece({ text: restore(section), isFirst: index === 0 }, all)
    }
    return all
  }

  return {
    hash: file.hash,
    eosIds: [...file.eosIds],
    encode: (text, { special = false } = {}) =>
      encodeSections(text, special ? anyAdded : plainAdded),
    decode: (tokens) =>
      decode(tokens.flatMap((id) => (vocab[id] === undefined ? [] : [vocab[id]]))).join(''),
    chat: (messages, { generationPrompt = true } = {}) => {
      const { hide, restore } = controlTextMask(messages, anyControl)
      const hidden = messages.map(({ role, content }) => ({ role, content: hide(content) }))
      const rendered = renderChat(parts, hidden, generationPrompt)
      return { text: restore(rendered), ids: encodeSections(rendered, anyAdded, restore) }
    },
  }
}

/** From a piece of text without control tokens to ids, which are added to a list. */
const pieceEncoder = (file: TokenizerFile, parts: TokenizerParts, normalize: Normalize) => {
  refuseMovedFirst(file.steps)
  const cut = preTokenizerOf(file.steps.preTokenizer)
  const encodeWord = wordEncoder(file, parts)
  const late = new Map(
    file.addedTokens.filter((t) => t.isNormalized).map((t) => [normalize(t.content), t.id]),
  )
  late.delete('')
  const lateAdded = matcherOf([...late.keys()])
  return ({ text, isFirst }: Piece, found: number[]): void => {
    const normal = normalize(text)
    const sections = lateAdded ? normal.split(lateAdded) : [normal]
    for (const [index, section] of sections.entries()) {
      if (index % 2 === 1) found.push(late.get(section)!)
      else if (section !== '')
        for (const word of cut({ text: section, isFirst: isFirst && index === 0 }))
          encodeWord(word.text, found)
    }
  }
}

/** As in the original, an unknown token waits for the next known token, or the end. */
const wordEncoder = ({ vocabulary, addedTokens }: TokenizerFile, parts: TokenizerParts) => {
  const { unknownToken, fusesUnknown, hasByteTokens, isWholeFirst, dropsUnknownFirst } = vocabulary
  const { cache } = parts.model
  const unknownId = unknownToken === null ? undefined : vocabulary.ids.get(unknownToken)
  const byteIds = Array.from({ length: 256 }, (_, byte) => vocabulary.ids.get(byteToken(byte)))
  // Merges never produce a control token.
  const ids = new Map(vocabulary.ids)
  for (const { content, isControl } of addedTokens) if (isControl) ids.delete(content)
  const idsOfBytes = (text: string): number[] | undefined => {
    const found = Array.from(UTF8.encode(text), (byte) => byteIds[byte])
    return hasByteTokens && !found.includes(undefined) ? (found as number[]) : undefined
  }

  const isKnown = (token: string) => ids.has(token) || idsOfBytes(token) !== undefined
  const tokensOf = (word: string): readonly string[] => {
    const tokens = parts.model.bpe(word)
    if (!dropsUnknownFirst || unknownId !== undefined || tokens.every(isKnown)) return tokens
    return parts.model.bpe([...word].filter(isKnown).join(''))
  }

  return (word: string, found: number[]): void => {
    const whole = isWholeFirst ? ids.get(word) : undefined
    if (whole !== undefined) {
      found.push(whole)
      return
    }
    if (cache.size > CACHE_WORDS) cache.clear()
    let isUnknownWaiting = false
    const flush = () => {
      if (isUnknownWaiting && unknownId !== undefined) found.push(unknownId)
      isUnknownWaiting = false
    }
    for (const token of tokensOf(word)) {
      const id = ids.get(token)
      const bytes = id === undefined ? idsOfBytes(token) : undefined
      if (id !== undefined) flush()
      if (id !== undefined) found.push(id)
      else if (bytes) found.push(...bytes)
      else {
        if (!fusesUnknown) flush()
        isUnknownWaiting = true
      }
    }
    flush()
    // A long word hardly ever comes again, and its entry would keep the text.
    if (word.length > 64) cache.delete(word)
  }
}
const UTF8 = new TextEncoder()

/**
 * Control text inside a message is replaced by a number between two marks before the template sees
 * it, and put back after the template's own control tokens have been cut out. The mark is a
 * private-use character that no message holds.
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

/** For templates that name the day, as Llama 3's does (this is its own fallback): always the same,
 *  since a choice must be read tomorrow, and by others in a round, as it is read today. */
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

/** One capturing group of all texts, longest first: a token wins over its own beginning. */
const matcherOf = (texts: readonly string[]): RegExp | null => {
  if (texts.length === 0) return null
  const escaped = [...texts].sort((a, b) => b.length - a.length).map(escapedText)
  return new RegExp(`(${escaped.join('|')})`, 'u')
}
