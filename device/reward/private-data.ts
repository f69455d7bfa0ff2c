/**
 * Training data of the private adapter, by objective: the user's choices, thumbs or edits. The most
 * recent fifth of the choices judges the result, the next fifth of the data decides when to stop.
 */
import { FedError } from '../../adapters/errors.ts'
import { DAY_MS } from '../../adapters/time.ts'
import type { AnswerInput, Objective, RatedAnswer } from '../engine/engine.ts'
import { recordedFeedback } from '../feedback/decisions.ts'
import { editedAnswers, type JudgedAnswer, thumbedAnswers } from '../feedback/derive-choices.ts'
import { DECISION_MS } from '../store/decisions.ts'
import { lastMessages } from '../store/new-decision.ts'
import type { Oldest, PrivateObjective } from '../store/private-adapter.ts'
import { type ChoiceFeatures, encodeAnswers } from './choice-features.ts'
import { fitHeadToChoices, heldBackCount, pooledHead, rewardPairs } from './head-fit.ts'
import type { RankingState, ServingDeps } from './ranking-state.ts'

/**
 * heldBack: decides when to stop; null if there is too little data. judging: how many of the most
 * recent choices are in neither. oldest: the oldest record in the data.
 */
export type PrivateData = {
  readonly objective: Objective
  readonly heldBack: Objective | null
  readonly judging: number
  readonly oldest: Oldest
}

/**
 * The ranking state without the private adapter. Its head is refitted to the choices that train.
 */
type Base = Pick<RankingState, 'features' | 'prior' | 'head' | 'exitLayer'>

/**
 * reward: pairs of choices, through the head that rerank reads. dpo: the same pairs by likelihood.
 * kto: thumbs, and each answer of a choice on its own, chosen or not. completion: the user's edits.
 * Fails with E_DATA if there are none.
 */
export const privateData = (deps: ServingDeps, base: Base, kind: PrivateObjective): PrivateData => {
  const { choices, decisions } = lastingSince(deps)
  const judging = heldBackCount(base.features.length)
  const features = base.features.slice(judging).filter(({ at = -Infinity }) => at >= choices)
  const judges = new Set(base.features.slice(0, judging).map(({ id }) => id))
  const recorded = without(
    recordedFeedback(deps.store, deps.settings.maxChoices, decisions),
    (id) => judges.has(id),
  )
  const data = DATA[kind](deps, { ...base, features }, recorded)
  if (!data) throw new FedError('E_DATA', `there is no data to train ${kind}: ${NEEDS[kind]}`)
  const reads = READS[kind]
  return {
    ...data,
    judging,
    oldest: {
      choices: reads.includes('choices') ? oldestOf(features.map(({ at }) => at ?? 0)) : null,
      decisions: reads.includes('decisions')
        ? oldestOf(recorded.decisions.map(({ at }) => at))
        : null,
    },
  }
}

const READS: Readonly<Record<PrivateObjective, readonly (keyof Oldest)[]>> = {
  reward: ['choices'],
  dpo: ['choices'],
  kto: ['choices', 'decisions'],
  completion: ['decisions'],
}

const oldestOf = (times: readonly number[]): number | null =>
  times.length === 0 ? null : Math.min(...times)

/**
 * An adapter is erased with the oldest record it learned from. It therefore learns only from
 * records with half of their time left, so that it can serve as long. Records of unknown time are
 * left out if they can expire.
 */
const lastingSince = ({ settings, clock }: ServingDeps): Record<keyof Oldest, number> => {
  const kept = settings.retentionDays === null ? Infinity : settings.retentionDays * DAY_MS
  const now = clock()
  return { choices: now - kept / 2, decisions: now - Math.min(kept, DECISION_MS) / 2 }
}

const NEEDS: Readonly<Record<PrivateObjective, string>> = {
  reward: 'it needs choices among two or more answers',
  dpo: 'it needs choices among two or more answers',
  kto: 'it needs thumbs or choices',
  completion: 'it needs answers that were edited',
}

/** Factor of the log-ratio in dpo and kto: the usual value of both papers. */
const BETA = 0.1

type Recorded = ReturnType<typeof recordedFeedback>
type Data = Pick<PrivateData, 'objective' | 'heldBack'>

/** Without the decisions that the judging choices came from. */
const without = (
  { decisions, events }: Recorded,
  isJudging: (id: string) => boolean,
): Recorded => ({
  decisions: decisions.filter(({ id }) => !isJudging(id)),
  events: events.filter(({ decisionId }) => !isJudging(decisionId)),
})

type Make = (deps: ServingDeps, base: Base, recorded: Recorded) => Data | null

const DATA: Readonly<Record<PrivateObjective, Make>> = {
  reward: ({ space: { pooled } }, { features, prior, head, exitLayer }) => {
    const own = fitHeadToChoices(features.slice(heldBackCount(features.length)), prior, head.scale)
    const pooledWeights = pooledHead(own, pooled)
    return split([features], (part) => {
      return {
        kind: 'reward',
        exitLayer,
        head: pooledWeights,
        pairs: rewardPairs(part, pooled, own),
      }
    })
  },
  dpo: ({ space: { pooled } }, { features, head }) =>
    split([features], (part) => {
      return { kind: 'dpo', beta: BETA, pairs: rewardPairs(part, pooled, head) }
    }),
  kto: (deps, { features }, recorded) =>
    split([features.map(choiceRatings), thumbRatings(deps, recorded)], (part) =>
      ktoOf(part.flat()),
    ),
  completion: (deps, _, { decisions, events }) => {
    const edited = editedAnswers(decisions, events).map((answer) => encoded(deps, answer))
    return split([edited], (examples) => ({ kind: 'completion', examples }))
  },
}

/**
 * Holds back the most recent of each source. sources: most recent first. Null if there is nothing.
 */
const split = <T>(
  sources: readonly (readonly T[])[],
  make: (part: readonly T[]) => Objective,
): Data | null => {
  const recent = sources.flatMap((source) => source.slice(0, heldBackCount(source.length)))
  const rest = sources.flatMap((source) => source.slice(heldBackCount(source.length)))
  if (rest.length === 0) return null
  return { objective: make(rest), heldBack: recent.length > 0 ? make(recent) : null }
}

/** The answers of one choice, rated one by one. */
const choiceRatings = ({ answers, shown, chosen, weight }: ChoiceFeatures): RatedAnswer[] =>
  shown.map((i) => ({ answer: answers[i]!.input, isDesirable: i === chosen, weight }))

const thumbRatings = (deps: ServingDeps, { decisions, events }: Recorded): RatedAnswer[][] =>
  thumbedAnswers(decisions, events).map((answer) => [
    { answer: encoded(deps, answer), isDesirable: answer.isLiked, weight: 1 },
  ])

/** Balances the total weight of both sides, as Ethayarajh et al. 2024 advise if one is larger. */
const ktoOf = (examples: readonly RatedAnswer[]): Objective => {
  const total = (isDesirable: boolean) =>
    examples.reduce((sum, e) => sum + (e.isDesirable === isDesirable ? e.weight : 0), 0)
  const [liked, disliked] = [total(true), total(false)]
  const undesirableWeight = liked > 0 && disliked > 0 ? liked / disliked : 1
  return { kind: 'kto', beta: BETA, examples, undesirableWeight }
}

const encoded = (
  { store, model: { tokenizer }, settings: { maxTokens }, memo }: ServingDeps,
  { id, text }: JudgedAnswer,
): AnswerInput => {
  const row = store.decision(id)
  const { messages, isAll } = row ? lastMessages(store, row) : { messages: [], isAll: false }
  const system = row && isAll ? store.systemOf(row) : null
  const conversation = { messages, ...(system !== null && { system }) }
  return encodeAnswers({ tokenizer, maxTokens, memo }, conversation, [text])[0]!.input
}
