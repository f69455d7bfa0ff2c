/** Turns an objective into indivisible items, and the items of one row into the feeds of its step graph. */
import { FedError } from '../../../adapters/errors.ts'
import { type Row, trimInput } from '../run/rows.ts'
import { predictedTokens } from '../run/score.ts'
import type { Feed } from '../run/sessions.ts'
import type { AnswerInput, Objective } from '../run/types.ts'
import { PREDICTED_CHUNK, type StepGraphSpec } from './step-graph.ts'

/** inputs: one completion, or chosen then rejected. They share a row. */
export type Item = {
  readonly inputs: readonly AnswerInput[]
  readonly weight: number
  readonly offset: number
}

export type StepFeeds = {
  readonly sizes: Pick<StepGraphSpec, 'predicted' | 'answers' | 'pairs'>
  readonly feeds: Readonly<Record<string, Feed>>
}

/** Items of an objective, cut to maxTokens. E_SHAPE when there are none, or a completion has nothing to predict. */
export const itemsOf = (objective: Objective, maxTokens: number): Item[] => {
  const cut = (input: AnswerInput) => trimInput(input, maxTokens)
  const items =
    objective.kind === 'completion'
      ? objective.examples.map((example) => ({ inputs: [cut(example)], weight: 1, offset: 0 }))
      : objective.pairs.map(({ chosen, rejected, weight, offset }) => ({
          inputs: [cut(chosen), cut(rejected)],
          weight,
          offset: objective.kind === 'dpo' ? 0 : offset,
        }))
  if (items.length === 0)
    throw new FedError('E_SHAPE', 'training needs at least one example, got none')
  return items
}

/** What a batch's loss is divided by: pairs, or predicted tokens. */
export const batchSize = (kind: Objective['kind'], items: readonly Item[]): number =>
  kind === 'completion'
    ? items.reduce((sum, { inputs: [input] }) => sum + predictedCount(input!), 0)
    : items.length

/** Feeds of one row.  items: the batch that the row was packed from; divisor: see batchSize. */
export const stepFeeds = (
  objective: Objective,
  row: Row,
  items: readonly Item[],
  divisor: number,
): StepFeeds => {
  if (objective.kind === 'completion') return completionFeeds(row, divisor)
  const pairs = row.items.map((k) => items[k]!)
  const size = { answers: 2 * padded(pairs.length), pairs: padded(pairs.length) }
  const contrast = new Float32Array(size.pairs * size.answers)
  const offset = new Float32Array(size.pairs)
  const weights = new Float32Array(size.pairs)
  const scale = objective.kind === 'dpo' ? objective.beta : 1
  for (const [p, pair] of pairs.entries()) {
    contrast[p * size.answers + 2 * p] = scale
    contrast[p * size.answers + 2 * p + 1] = -scale
    offset[p] = pair.offset
    weights[p] = pair.weight / divisor
  }
  const shared = {
    contrast: { data: contrast, shape: [size.pairs, size.answers] },
    offset: { data: offset, shape: [size.pairs, 1] },
    weights: { data: weights, shape: [1, size.pairs] },
  }
  if (objective.kind === 'dpo') {
    const { predicted, feeds } = predictionFeeds(row, size.answers)
    return { sizes: { ...size, predicted }, feeds: { ...shared, ...feeds } }
  }
  const pool = new Float32Array(size.answers * row.size)
  for (const [s, { start, ids }] of spansInOrder(row).entries())
    pool.fill(1 / ids.length, s * row.size + start, s * row.size + start + ids.length)
  return {
    sizes: { ...size, predicted: 0 },
    feeds: {
      ...shared,
      pool: { data: pool, shape: [size.answers, row.size] },
      head: { data: objective.head, shape: [objective.head.length, 1] },
    },
  }
}

const completionFeeds = (row: Row, divisor: number): StepFeeds => {
  const answers = padded(row.answers.size)
  const { predicted, feeds } = predictionFeeds(row, answers)
  const weights = new Float32Array(answers).fill(1 / divisor)
  return {
    sizes: { predicted, answers, pairs: 0 },
    feeds: { ...feeds, weights: { data: weights, shape: [1, answers] } },
  }
}

/** Feeds per chunk of predicted tokens: which state predicts them, what they are, and whose answer they are of. */
const predictionFeeds = (row: Row, answers: number) => {
  const tokens = spansInOrder(row).flatMap((span, owner) =>
    predictedTokens(span).map((token) => ({ owner, ...token })),
  )
  const chunks = Math.max(1, Math.ceil(tokens.length / PREDICTED_CHUNK))
  const feeds: Record<string, Feed> = {}
  for (let c = 0; c < chunks; c++) {
    const select = new Float32Array(PREDICTED_CHUNK * row.size)
    const labels = new BigInt64Array(PREDICTED_CHUNK)
    const sum = new Float32Array(answers * PREDICTED_CHUNK)
    const part = tokens.slice(c * PREDICTED_CHUNK, (c + 1) * PREDICTED_CHUNK)
    for (const [i, { at, label, owner }] of part.entries()) {
      select[i * row.size + at] = 1
      labels[i] = BigInt(label)
      sum[owner * PREDICTED_CHUNK + i] = 1
    }
    feeds[`select.${c}`] = { data: select, shape: [PREDICTED_CHUNK, row.size] }
    feeds[`labels.${c}`] = { data: labels, shape: [PREDICTED_CHUNK] }
    feeds[`sum.${c}`] = { data: sum, shape: [answers, PREDICTED_CHUNK] }
  }
  return { predicted: chunks * PREDICTED_CHUNK, feeds }
}

/** Spans of the row's answers in the order of its items: chosen, rejected, chosen, … */
const spansInOrder = (row: Row) =>
  [...row.answers].sort(([a], [b]) => a - b).map(([, span]) => span)

const predictedCount = ({ ids, answerStart }: AnswerInput): number =>
  ids.length - Math.max(1, answerStart)

/** Few sizes, since each is a graph of its own. */
const padded = (count: number): number => Math.ceil(count / 8) * 8
