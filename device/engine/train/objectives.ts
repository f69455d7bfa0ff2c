/** The training objectives, one row each, and the indivisible items that their examples become. */
import { FedError } from '../../../adapters/errors.ts'
import type { ModelShape } from '../../../adapters/lora/spec.ts'
import type { AnswerInput, Objective, RatedAnswer, RewardPair } from '../engine.ts'
import { trimInput } from '../run/rows.ts'
import type { Loss } from './step-graph.ts'

/** inputs share a row; the margin is beta·Σ sign·r(input) + offset. */
export type Item = {
  readonly inputs: readonly AnswerInput[]
  /** One per input; none where the loss has no margin. */
  readonly signs: readonly number[]
  readonly weight: number
  readonly offset: number
  /** Another answer after this item's prompt: the batch's mean log-ratio of these is KTO's z0. */
  readonly mismatched?: AnswerInput
}

export type Kind = Objective['kind']
type Of<K extends Kind> = Extract<Objective, { kind: K }>
type Cut = (input: AnswerInput) => AnswerInput
/** What does not fit, or false. */
type Problem = string | false

type ObjectiveRow<O extends Objective> = {
  readonly loss: Loss
  /** Rewards are log-ratios to the adapters without the trainable one. */
  readonly isRelative: boolean
  items(objective: O, cut: Cut): Item[]
  /** Layers that the loss reads; all of the model's without it. */
  exitLayer?(objective: O): number
  /** What reading states multiplies them with, [hidden]. */
  head?(objective: O): Float32Array
  problems?(objective: O, shape: ModelShape): Problem[]
}

export const OBJECTIVES: { readonly [K in Kind]: ObjectiveRow<Of<K>> } = {
  completion: {
    loss: { reads: 'tokens', link: null },
    isRelative: false,
    items: ({ examples }, cut) =>
      examples.map((example) => ({ inputs: [cut(example)], signs: [], weight: 1, offset: 0 })),
  },
  reward: {
    loss: { reads: 'states', link: 'Softplus' },
    isRelative: false,
    items: ({ pairs }, cut) => pairs.map((pair) => pairItem(pair, pair.offset, cut)),
    exitLayer: ({ exitLayer }) => exitLayer,
    head: ({ head }) => head,
    problems: ({ exitLayer, head }, { layers, hidden }) => [
      !(exitLayer >= 1 && exitLayer <= layers) &&
        `the exit layer must be 1 to ${layers}, got ${exitLayer}`,
      head.length !== hidden && `the head needs ${hidden} numbers, got ${head.length}`,
    ],
  },
  dpo: {
    loss: { reads: 'tokens', link: 'Softplus' },
    isRelative: true,
    items: ({ pairs }, cut) => pairs.map((pair) => pairItem(pair, 0, cut)),
    problems: ({ beta }) => [betaProblem(beta)],
  },
  kto: {
    loss: { reads: 'tokens', link: 'Sigmoid' },
    isRelative: true,
    items: ({ examples, desirableWeight = 1, undesirableWeight = 1 }, cut) =>
      examples.map(({ answer, isDesirable, weight }, k) => {
        const mismatched = mismatchOf(examples, k)
        return {
          inputs: [cut(answer)],
          signs: [isDesirable ? 1 : -1],
          weight: weight * (isDesirable ? desirableWeight : undesirableWeight),
          offset: 0,
          ...(mismatched && { mismatched: cut(mismatched) }),
        }
      }),
    problems: ({ beta }) => [betaProblem(beta)],
  },
}

const rowOf = (objective: Objective): ObjectiveRow<Objective> => OBJECTIVES[objective.kind]

/** Items of an objective, cut to maxTokens. E_SHAPE when there are none. */
export const itemsOf = (objective: Objective, maxTokens: number): Item[] => {
  const items = rowOf(objective).items(objective, (input) => trimInput(input, maxTokens))
  if (items.length === 0)
    throw new FedError('E_SHAPE', 'training needs at least one example, got none')
  return items
}

/** Layers that the loss reads. */
export const exitLayerOf = (objective: Objective, { layers }: ModelShape): number =>
  rowOf(objective).exitLayer?.(objective) ?? layers

export const headOf = (objective: Objective): Float32Array =>
  rowOf(objective).head?.(objective) ?? new Float32Array()

/** What multiplies rewards in a margin. */
export const betaOf = (objective: Objective): number => ('beta' in objective ? objective.beta : 1)

export const problemsOf = (objective: Objective, shape: ModelShape): Problem[] =>
  rowOf(objective).problems?.(objective, shape) ?? []

/** What a batch's loss is divided by: margins, or predicted tokens. */
export const batchSize = (kind: Kind, items: readonly Item[]): number =>
  OBJECTIVES[kind].loss.link === null
    ? items.reduce((sum, { inputs: [input] }) => sum + predictedCount(input!), 0)
    : items.length

const predictedCount = ({ ids, answerStart }: AnswerInput): number =>
  ids.length - Math.max(1, answerStart)

const pairItem = ({ chosen, rejected, weight }: RewardPair, offset: number, cut: Cut): Item => ({
  inputs: [cut(chosen), cut(rejected)],
  signs: [1, -1],
  weight,
  offset,
})

const betaProblem = (beta: number): Problem => !(beta > 0) && `beta must be above 0, got ${beta}`

/** The next example's answer after this one's prompt, preferably of another prompt, if any. */
const mismatchOf = (examples: readonly RatedAnswer[], k: number): AnswerInput | undefined => {
  if (examples.length < 2) return undefined
  const { ids, answerStart } = examples[k]!.answer
  const prompt = ids.slice(0, answerStart)
  const others = examples.map((_, i) => examples[(k + 1 + i) % examples.length]!.answer)
  const other =
    others.find((o) => o.ids.slice(0, o.answerStart).join() !== prompt.join()) ?? others[0]!
  return { ids: [...prompt, ...other.ids.slice(other.answerStart)], answerStart }
}
