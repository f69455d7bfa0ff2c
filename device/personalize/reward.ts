/** The reward model: pooled states and named features, standardized, times the user's head. */

import { FedError } from '../../adapters/errors.ts'
import type { ChatMessage, SystemPrompt } from '../../adapters/wire/choice-log.ts'
import type { Tokenizer } from '../engine/model/tokenizer.ts'
import type { Engine, LoraFeed } from '../engine/run/types.ts'
import { encodeAnswer } from './encode-answer.ts'
import { centred, rawFeatures, standardize } from './feature-space.ts'
import { FEATURE_NAMES, NAMED_FEATURES, namedFeatures } from './features.ts'
import { sigmoid } from './logistic.ts'
import { requestText } from './request-text.ts'

export type Contribution = { readonly name: string; readonly contribution: number }

/**
 * One candidate. features: [D], standardized and centred on the request; reward = w·features, in log-odds, is the sum of
 * pooledContribution and the named contributions, and has mean 0 over the candidates.
 */
export type Score = {
  readonly reward: number
  readonly named: readonly Contribution[]
  readonly pooledContribution: number
  readonly features: Float64Array
}

export type RewardModel = (
  messages: readonly ChatMessage[],
  system: SystemPrompt | undefined,
  candidates: readonly string[],
) => Promise<Score[]>

/** scale, w: [D]. A D of only the named features never calls the engine. Fails with E_SHAPE where sizes do not fit. */
export const rewardModel = ({
  engine,
  tokenizer,
  exitLayer,
  adapters,
  scale,
  head,
  maxTokens = 384,
}: {
  readonly engine: Pick<Engine, 'pooled'>
  readonly tokenizer: Pick<Tokenizer, 'chat' | 'encode' | 'eosIds'>
  readonly exitLayer: number
  readonly adapters: readonly LoraFeed[]
  readonly scale: Float64Array
  readonly head: { readonly w: Float64Array }
  readonly maxTokens?: number
}): RewardModel => {
  const pooledSize = scale.length - FEATURE_NAMES.length
  if (pooledSize < 0 || head.w.length !== scale.length)
    throw new FedError(
      'E_SHAPE',
      `scale and head must both hold the features, got ${scale.length} and ${head.w.length}`,
    )
  return async (messages, system, candidates) => {
    const request = requestText(messages)
    const states =
      pooledSize === 0
        ? candidates.map(() => new Float32Array(0))
        : await engine.pooled(
            candidates.map((c) => encodeAnswer(tokenizer, messages, system, c, maxTokens)),
            { exitLayer, adapters },
          )
    const raw = candidates.map((c, i) => rawFeatures(states[i]!, namedFeatures(c, request)))
    return scoreFeatures(raw, scale, head.w)
  }
}

/** raw: [D] of each candidate of one request. */
export const scoreFeatures = (
  raw: readonly Float64Array[],
  scale: Float64Array,
  w: Float64Array,
): Score[] =>
  centred(raw.map((r) => standardize(r, scale))).map((features) => {
    const parts = features.map((v, j) => v * w[j]!)
    const pooledSize = parts.length - FEATURE_NAMES.length
    const named = FEATURE_NAMES.map((name, j) => ({ name, contribution: parts[pooledSize + j]! }))
    const pooledContribution = parts.subarray(0, pooledSize).reduce((a, b) => a + b, 0)
    const reward = named.reduce((sum, c) => sum + c.contribution, pooledContribution)
    return { reward, named, pooledContribution, features }
  })

/** What speaks for and against a candidate, in words: the largest contributions that are more than a trace. */
export const explain = (score: Score, limit = 3): string => {
  const pooledSize = score.features.length - NAMED_FEATURES.length
  const reasons = score.named
    .map(({ contribution }, j) => {
      const { less, more } = NAMED_FEATURES[j]!
      return { contribution, words: score.features[pooledSize + j]! < 0 ? less : more }
    })
    .concat({ contribution: score.pooledContribution, words: 'its overall wording' })
    .filter((r) => Math.abs(r.contribution) >= 0.05)
    .sort((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution))
    .slice(0, limit)
  const side = (sign: number) =>
    reasons
      .filter((r) => r.contribution * sign > 0)
      .map((r) => r.words)
      .join(', ')
  const parts = [
    { label: 'for it', words: side(1) },
    { label: 'against it', words: side(-1) },
  ].filter((p) => p.words !== '')
  return parts.length === 0
    ? 'nothing in it stands out'
    : parts.map((p) => `${p.label}: ${p.words}`).join('; ')
}

/** A probability in words. */
export const likelihoodWords = (probability: number): string =>
  probability >= 0.9
    ? 'very likely'
    : probability >= 0.75
      ? 'likely'
      : probability >= 0.6
        ? 'somewhat more likely than not'
        : 'about even'

/**
 * One factor for rewards, so that σ(factor·lead) is how often the leader is really chosen: the maximum-likelihood factor on held-back
 * leads (reward of the chosen answer minus another's) under a log-normal prior around 1. Golden-section search in [1/8, 8].
 */
export const calibrate = (leads: readonly number[]): number => {
  const loss = (u: number) =>
    leads.reduce((sum, lead) => sum - Math.log(Math.max(1e-300, sigmoid(Math.exp(u) * lead))), 0) +
    (u * u) / 2
  const golden = (Math.sqrt(5) - 1) / 2
  let low = -Math.log(8)
  let high = Math.log(8)
  for (let i = 0; i < 60; i++) {
    const span = golden * (high - low)
    if (loss(high - span) <= loss(low + span)) high = low + span
    else low = high - span
  }
  return Math.exp((low + high) / 2)
}
