/** Encodes messages and answers as token ids for the local model. */
import type { ChatMessage, SystemPrompt } from '../../adapters/formats/choice-log.ts'
import type { AnswerInput } from '../engine/engine.ts'
import type { Tokenizer, ChatMessage as TokenizerMessage } from '../engine/model/tokenizer.ts'
import { textOf } from './request-text.ts'

/**
 * The chat template up to the answer, then the answer, at most maxTokens. The front of the prompt
 * is cut first, down to half of maxTokens, then the end of the answer. The prompt does not depend
 * on the answer, so that the candidates of a request share it. An empty answer is one end token.
 * Text never becomes a control token.
 */
export const encodeAnswer = (
  tokenizer: Pick<Tokenizer, 'chat' | 'encode' | 'eosIds'>,
  messages: readonly ChatMessage[],
  system: SystemPrompt | undefined,
  answer: string,
  maxTokens: number,
): AnswerInput => {
  if (!(maxTokens >= 2)) throw new RangeError(`maxTokens must be at least 2, got ${maxTokens}`)
  const promptTokens = maxTokens >> 1
  const chat = lastChars(messages, promptTokens * MAX_CHARS_A_TOKEN)
  const systemText = system === undefined ? '' : clean(textOf(system))
  if (systemText !== '' && chat.length === messages.length)
    chat.unshift({ role: 'system', content: systemText.slice(-promptTokens * MAX_CHARS_A_TOKEN) })
  const prompt = tokenizer.chat(chat, { generationPrompt: true }).ids.slice(-promptTokens)
  const encoded = tokenizer.encode(clean(answer.slice(0, maxTokens * MAX_CHARS_A_TOKEN)))
  const ids = encoded.length > 0 ? encoded : tokenizer.eosIds.slice(0, 1)
  return {
    ids: [...prompt, ...ids.slice(0, maxTokens - prompt.length)],
    answerStart: prompt.length,
  }
}

/**
 * A request inside the chat template. answerStart: where the user's words begin, so that pooling
 * skips the template. Of more than maxTokens the middle is cut, because requests are stated at the
 * beginning or at the end.
 */
export const encodeRequest = (
  tokenizer: Pick<Tokenizer, 'chat'>,
  request: string,
  maxTokens: number,
): AnswerInput => {
  const content = clean(endsOf(request, maxTokens * MAX_CHARS_A_TOKEN))
  const idsOf = (text: string) =>
    tokenizer.chat([{ role: 'user', content: text }], { generationPrompt: false }).ids
  const ids = idsOf(content)
  const empty = idsOf('')
  let start = 0
  while (start < empty.length && start < ids.length - 1 && ids[start] === empty[start]) start++
  const kept = [...ids.slice(0, start), ...endsOf(ids.slice(start), maxTokens)]
  return { ids: kept, answerStart: Math.min(start, kept.length - 1) }
}

/** The first and the last half of `most` elements; all if there are no more. */
const endsOf = <T extends string | number[]>(all: T, most: number): T => {
  if (all.length <= most) return all
  const front = all.slice(0, Math.ceil(most / 2))
  const back = all.slice(all.length - Math.floor(most / 2))
  return (typeof front === 'string' ? `${front}${back}` : [...front, ...back]) as T
}

/** Longer tokens are rare. Cutting texts before encoding bounds the work on hostile input. */
const MAX_CHARS_A_TOKEN = 16

/** The last messages with `limit` characters in all. The earliest is cut at its front. */
const lastChars = (messages: readonly ChatMessage[], limit: number): TokenizerMessage[] => {
  const kept: TokenizerMessage[] = []
  let left = limit
  for (const { role, content } of messages.toReversed()) {
    if (left <= 0) break
    const text = textOf(content)
    kept.unshift({ role, content: clean(text.slice(-left)) })
    left -= text.length + 1
  }
  return kept
}

/** Replaces halves of surrogate pairs, which tokenizers do not accept. */
const clean = (text: string): string => text.replace(/\p{Surrogate}/gu, '\ufffd')
