/** Turns an objective into indivisible items, and the items of one row into the feeds of its step graph. */
import { FedError } from '../../../adapters/errors.ts'
import type { AnswerInput, Objective, RatedAnswer } from '../engine.ts'
import { type Row, trimInput } from '../run/rows.ts'
import { predictedTokens } from '../run/score.ts'
import type { Feed } from '../run/sessions.ts'
import { LOSSES, PREDICTED_CHUNK, predictedParts, type StepGraphSpec } from './step-graph.ts'

/** inputs share a row; the margin is beta·Σ sign·r(input) + offset.  mismatched (kto): another answer after this prompt. */
export type Item = {
  readonly inputs: readonly AnswerInput[]
  /** One per input; none where the loss has no margin. */
  readonly signs: readonly number[]
  readonly weight: number
  readonly offset: number
  readonly mismatched?: AnswerInput
}

export type StepFeeds = {
  readonly sizes: Pick<StepGraphSpec, 'predicted' | 'answers' | 'margins'>
  readonly feeds: Readonly<Record<string, Feed>>
}

type Kind = Objective['kind']
type Of<K extends Kind> = Extract<Objective, { kind: K }>
type Cut = (input: AnswerInput) => AnswerInput

const PAIR = [1, -1]

const ITEMS: { readonly [K in Kind]: (objective: Of<K>, cut: Cut) => Item[] } = {
  completion: ({ examples }, cut) =>
    examples.map((example) => ({ inputs: [cut(example)], signs: [], weight: 1, offset: 0 })),
  reward: ({ pairs }, cut) =>
    pairs.map(({ chosen, rejected, weight, offset }) => ({
      inputs: [cut(chosen), cut(rejected)],
      signs: PAIR,
      weight,
      offset,
    })),
  dpo: ({ pairs }, cut) =>
    pairs.map(({ chosen, rejected, weight }) => ({
      inputs: [cut(chosen), cut(rejected)],
      signs: PAIR,
      weight,
      offset: 0,
    })),
  kto: ({ examples, desirableWeight = 1, undesirableWeight = 1 }, cut) =>
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
}

/** Items of an objective, cut to maxTokens. E_SHAPE when there are none, or a completion has nothing to predict. */
export const itemsOf = <K extends Kind>(objective: Of<K>, maxTokens: number): Item[] => {
  const makeItems = ITEMS[objective.kind as K]
  const items = makeItems(objective, (input) => trimInput(input, maxTokens))
  if (items.length === 0)
    throw new FedError('E_SHAPE', 'training needs at least one example, got none')
  return items
}

/** What multiplies rewards in a margin. */
export const betaOf = (objective: Objective): number => ('beta' in objective ? objective.beta : 1)

/** What a batch's loss is divided by: margins, or predicted tokens. */
export const batchSize = (kind: Kind, items: readonly Item[]): number =>
  LOSSES[kind].link === null
    ? items.reduce((sum, { inputs: [input] }) => sum + predictedCount(input!), 0)
    : items.length

/** Feeds of one row.  items: the batch that the row was packed from; divisor: see batchSize. */
export const stepFeeds = (
  objective: Objective,
  row: Row,
  items: readonly Item[],
  divisor: number,
): StepFeeds => {
  const { reads, link } = LOSSES[objective.kind]
  const held = row.items.map((k) => items[k]!)
  const margins = link === null ? 0 : padded(held.length)
  const answers = link === null ? padded(row.answers.size) : held[0]!.inputs.length * margins
  const { predicted, feeds } =
    reads === 'tokens'
      ? predictionFeeds(row, answers)
      : { predicted: 0, feeds: poolFeeds(row, answers, objective) }
  const combined =
    link === null
      ? { weights: weightsFeed(new Float32Array(answers).fill(1 / divisor)) }
      : marginFeeds(held, { margins, answers }, betaOf(objective), divisor)
  return { sizes: { predicted, answers, margins }, feeds: { ...combined, ...feeds } }
}

/** How the rewards of a row's answers become margins: line m of `contrast` holds the signed beta of item m's answers. */
const marginFeeds = (
  items: readonly Item[],
  { margins, answers }: { readonly margins: number; readonly answers: number },
  beta: number,
  divisor: number,
): Record<string, Feed> => {
  const contrast = new Float32Array(margins * answers)
  const offset = new Float32Array(margins)
  const weights = new Float32Array(margins)
  let answer = 0
  for (const [m, item] of items.entries()) {
    for (const sign of item.signs) contrast[m * answers + answer++] = beta * sign
    offset[m] = item.offset
    weights[m] = item.weight / divisor
  }
  return {
    contrast: { data: contrast, shape: [margins, answers] },
    offset: { data: offset, shape: [margins, 1] },
    weights: weightsFeed(weights),
  }
}

const weightsFeed = (data: Float32Array): Feed => ({ data, shape: [1, data.length] })

const poolFeeds = (row: Row, answers: number, objective: Objective): Record<string, Feed> => {
  const head = objective.kind === 'reward' ? objective.head : new Float32Array()
  const pool = new Float32Array(answers * row.size)
  for (const [s, { start, ids }] of spansInOrder(row).entries())
    pool.fill(1 / ids.length, s * row.size + start, s * row.size + start + ids.length)
  return {
    pool: { data: pool, shape: [answers, row.size] },
    head: { data: head, shape: [head.length, 1] },
  }
}

/** The next example's answer after this one's prompt, the prompts different where any are; none for a single example. */
const mismatchOf = (examples: readonly RatedAnswer[], k: number): AnswerInput | undefined => {
  if (examples.length < 2) return undefined
  const { ids, answerStart } = examples[k]!.answer
  const prompt = ids.slice(0, answerStart)
  const others = examples.map((_, i) => examples[(k + 1 + i) % examples.length]!.answer)
  const other =
    others.find((o) => o.ids.slice(0, o.answerStart).join() !== prompt.join()) ?? others[0]!
  return { ids: [...prompt, ...other.ids.slice(other.answerStart)], answerStart }
}

/** Feeds per part of the predicted tokens: which state predicts them, what they are, and whose answer they are of. */
const predictionFeeds = (
  row: Row,
  answers: number,
): { readonly predicted: number; readonly feeds: Record<string, Feed> } => {
  const tokens = spansInOrder(row).flatMap((span, owner) =>
    predictedTokens(span).map((token) => ({ owner, ...token })),
  )
  const predicted = Math.max(1, Math.ceil(tokens.length / PREDICTED_CHUNK)) * PREDICTED_CHUNK
  const feeds: Record<string, Feed> = {}
  for (const [part, { start, size }] of predictedParts(predicted).entries()) {
    const select = new Float32Array(size * row.size)
    const labels = new BigInt64Array(size)
    const sum = new Float32Array(answers * size)
    for (const [i, { at, label, owner }] of tokens.slice(start, start + size).entries()) {
      select[i * row.size + at] = 1
      labels[i] = BigInt(label)
      sum[owner * size + i] = 1
    }
    feeds[`select.${part}`] = { data: select, shape: [size, row.size] }
    feeds[`labels.${part}`] = { data: labels, shape: [size] }
    feeds[`sum.${part}`] = { data: sum, shape: [answers, size] }
  }
  return { predicted, feeds }
}

/** Spans of the row's answers in the order of its items: chosen, rejected, chosen, … */
const spansInOrder = (row: Row) =>
  [...row.answers].sort(([a], [b]) => a - b).map(([, span]) => span)

const predictedCount = ({ ids, answerStart }: AnswerInput): number =>
  ids.length - Math.max(1, answerStart)

/** Few sizes, since each is a graph of its own. */
const padded = (count: number): number => Math.ceil(count / 8) * 8
