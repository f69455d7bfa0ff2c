/**
 * Turns choices into the head's inputs: encoded answers, pooled states and raw features. Each text
 * is encoded once.
 */

import { createHash } from 'node:crypto'
import { shownOf } from '../../adapters/formats/choice-log.ts'
import type { FeatureSpace } from '../../adapters/wire/primitives.ts'
import type { AnswerInput, Engine, LoraFeed } from '../engine/engine.ts'
import type { Tokenizer } from '../engine/model/tokenizer.ts'
import { concat } from '../engine/run/lora-feeds.ts'
import type { StoredChoice } from '../store/choices.ts'
import type { Conversation } from '../text/conversation.ts'
import { encodeAnswer } from '../text/encode-answer.ts'
import { keptAnswer, keptText } from '../text/kept-text.ts'
import { namedFeatures } from '../text/named-features.ts'
import { requestText, textOf } from '../text/request-text.ts'
import { wordShares } from '../text/word-shares.ts'
import { rawFeatures, type TextFeatures } from './feature-space.ts'

/** One candidate as the local model reads it, and the features of its text. */
export type EncodedAnswer = { readonly input: AnswerInput } & TextFeatures

/**
 * Encoded answers by digests of request and answer. One memo can serve a whole fleet that shares a
 * tokenizer.
 */
export type AnswerMemo = Map<string, Map<string, EncodedAnswer>>

/**
 * A choice cut down to what was shown: raw: [D] for each shown candidate, by candidate index;
 * chosen indexes them.
 */
export type ChoiceFeatures = {
  readonly shown: readonly number[]
  readonly chosen: number
  readonly weight: number
  /** When it was made; unknown for some that were imported. */
  readonly at?: number | undefined
  readonly answers: readonly EncodedAnswer[]
  readonly raw: readonly Float64Array[]
}

export type FeatureDeps = {
  readonly engine: Pick<Engine, 'pooled'>
  readonly tokenizer: Tokenizer
  readonly space: FeatureSpace
  readonly exitLayer: number
  readonly maxTokens: number
  readonly memo: AnswerMemo
  /**
   * First layer of the adapter that these texts are, or will be, read under: what enters it is
   * computed once.
   */
  readonly keepFrom?: number | undefined
  /** See PooledOptions: for many texts at once. */
  readonly packed?: boolean | undefined
  /** Aborts: what has not been read is not read any more. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Under the given adapters; choices of which one candidate was shown say nothing and are left out.
 */
export const featurizeChoices = async (
  deps: FeatureDeps,
  choices: readonly StoredChoice[],
  adapters: readonly LoraFeed[],
  onProgress?: (done: number, of: number) => void,
): Promise<ChoiceFeatures[]> => {
  const useful = usefulChoices(choices)
  const encoded = useful.map((choice) => encodeChoice(deps, choice))
  const states = await pooledStates(
    deps,
    encoded.flat().map((a) => a.input),
    adapters,
    onProgress,
  )
  let at = 0
  return useful.map((choice, i) => {
    const answers = encoded[i]!
    const shown = shownInOrder(choice)
    return {
      shown: shown.map((_, j) => j),
      chosen: shown.indexOf(choice.chosen),
      weight: choice.weight ?? 1,
      at: choice.at,
      answers,
      raw: answers.map((answer) => rawFeatures(deps.space, states[at++]!, answer)),
    }
  })
}

/** The same choice in another space with the same pooled states. */
export const inSpace = (choice: ChoiceFeatures, space: FeatureSpace): ChoiceFeatures => ({
  ...choice,
  raw: choice.answers.map((answer, i) =>
    rawFeatures(space, choice.raw[i]!.subarray(0, space.pooled), answer),
  ),
})

/** Those of which more than one candidate was shown. */
export const usefulChoices = (choices: readonly StoredChoice[]): StoredChoice[] =>
  choices.filter((choice) => shownOf(choice).length > 1)

/** The shown answers, by candidate index. */
export const encodeChoice = (
  deps: Pick<FeatureDeps, 'tokenizer' | 'maxTokens' | 'memo'>,
  choice: StoredChoice,
): EncodedAnswer[] =>
  encodeAnswers(
    deps,
    choice,
    shownInOrder(choice).map((i) => choice.candidates[i] ?? ''),
  )

/** Numbers that a memo holds, of eight bytes each; the oldest requests go first. */
const MEMO_NUMBERS = 8_000_000
const numbersIn = new WeakMap<AnswerMemo, number>()

/** By index, so that Claude's own first answer is at 0 where it was shown. */
const shownInOrder = (choice: StoredChoice): number[] => shownOf(choice).toSorted((a, b) => a - b)

/** Encoded answers to one request, from the memo where they are. */
export const encodeAnswers = (
  { tokenizer, maxTokens, memo }: Pick<FeatureDeps, 'tokenizer' | 'maxTokens' | 'memo'>,
  { messages, system }: Conversation,
  texts: readonly string[],
): EncodedAnswer[] => {
  const prompt = [system ?? '', ...messages.flatMap((m) => [m.role, m.content])].map(textOf)
  const known = requestIn(memo, digestOf([`${maxTokens}`, ...prompt]))
  // Cut as the store cuts it, so that a decision and its choice have the same features.
  const asked = keptText(requestText(messages))
  return texts.map(keptAnswer).map((text) => {
    const key = digestOf([text])
    const cached = known.get(key)
    if (cached) return cached
    const made = {
      input: encodeAnswer(tokenizer, messages, system, text, maxTokens),
      words: wordShares(text),
      named: namedFeatures(text, asked),
    }
    known.set(key, made)
    noteNumbers(memo, numbersOf(made))
    return made
  })
}

const requestIn = (memo: AnswerMemo, key: string): Map<string, EncodedAnswer> => {
  const known = memo.get(key) ?? new Map<string, EncodedAnswer>()
  memo.set(key, known)
  return known
}

const noteNumbers = (memo: AnswerMemo, added: number): void => {
  // Forgetting clears the whole memo.
  let numbers = added + (memo.size > 1 ? (numbersIn.get(memo) ?? 0) : 0)
  for (const [oldest, answers] of memo) {
    if (numbers <= MEMO_NUMBERS || memo.size === 1) break
    memo.delete(oldest)
    for (const answer of answers.values()) numbers -= numbersOf(answer)
  }
  numbersIn.set(memo, numbers)
}

const numbersOf = ({ input, words, named }: EncodedAnswer): number =>
  input.ids.length + words.length + named.length

/** Digest of the parts. Their lengths are hashed too, so that the boundaries count. */
const digestOf = (parts: readonly string[]): string => {
  const hash = createHash('sha256').update(JSON.stringify(parts.map(({ length }) => length)))
  for (const part of parts) hash.update(part)
  return hash.digest('base64url')
}

/** Stores pooled states between processes. */
export type PooledCache = {
  pooled(key: string): Float32Array | undefined
  savePooled(key: string, state: Float32Array, at?: number): void
  /** Grows when texts are forgotten. States that are being computed at that time are not stored. */
  forgottenTimes?(): number
}

/**
 * Answers that are pooled before their states are stored, which bounds what an interruption loses.
 */
const POOLED_PER_CALL = 96

/**
 * An engine that looks up pooled states by weights, adapters, exit layer and token ids before it
 * computes them. With `keep: false` it stores none.
 */
export const cachePooled = (
  engine: Engine,
  weights: string,
  cache: PooledCache,
  clock?: () => number,
): Engine => ({
  ...engine,
  async pooled(inputs, options) {
    const forgotten = cache.forgottenTimes?.()
    const adapters = options.adapters.map(feedKey).join('+')
    const layers = [...(options.through ?? []), options.exitLayer]
    const keysOf = (input: AnswerInput) =>
      layers.map((layer) => stateKey(`${weights}/${layer}/${adapters}`, input))
    const found = new Map<string, Float32Array>()
    const missing = new Map<string, AnswerInput>()
    const keys = inputs.map((input) => {
      const own = keysOf(input)
      for (const key of own) {
        const state = found.get(key) ?? cache.pooled(key)
        if (state) found.set(key, state)
        else missing.set(own.at(-1)!, input)
      }
      return own
    })
    const wanted = [...missing]
    for (let at = 0; at < wanted.length; at += POOLED_PER_CALL) {
      const part = wanted.slice(at, at + POOLED_PER_CALL)
      const states = await engine.pooled(
        part.map(([, input]) => input),
        {
          ...options,
          onProgress: (done) => options.onProgress?.(at + done, wanted.length),
        },
      )
      for (const [i, [, input]] of part.entries())
        for (const [j, key] of keysOf(input).entries()) {
          const size = states[i]!.length / layers.length
          const state = states[i]!.slice(j * size, (j + 1) * size)
          found.set(key, state)
          if (options.keep !== false && cache.forgottenTimes?.() === forgotten)
            cache.savePooled(key, state, clock?.())
        }
    }
    return keys.map((own) => concat(own.map((key) => found.get(key)!)))
  },
})

/** Identifies an adapter by its shape and numbers. */
export const feedKey = ({ spec, flat }: LoraFeed): string => {
  const known = feedKeys.get(flat)
  if (known) return known
  const bytes = new Uint8Array(flat.buffer, flat.byteOffset, flat.byteLength)
  const key = `${JSON.stringify(spec)}${sha256(bytes)}`
  feedKeys.set(flat, key)
  return key
}
const feedKeys = new WeakMap<Float32Array, string>()

const pooledStates = async (
  { engine, space, exitLayer, keepFrom, packed, signal }: FeatureDeps,
  inputs: AnswerInput[],
  adapters: readonly LoraFeed[],
  onProgress?: (done: number, of: number) => void,
): Promise<Float32Array[]> => {
  if (inputs.length === 0) return []
  if (space.pooled === 0) return inputs.map(() => new Float32Array())
  return engine.pooled(inputs, {
    exitLayer,
    adapters: [...adapters],
    keepFrom,
    packed,
    signal,
    ...(onProgress && { onProgress }),
  })
}

const stateKey = (prefix: string, { ids, answerStart }: AnswerInput): string => {
  const name = new TextEncoder().encode(`${prefix}/${answerStart}/`)
  const numbers = new Uint8Array(Int32Array.from(ids).buffer)
  const bytes = new Uint8Array(name.length + numbers.length)
  bytes.set(name)
  bytes.set(numbers, name.length)
  return sha256(bytes)
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
