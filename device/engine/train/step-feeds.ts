/** The items of one row as the feeds of its step graph. */
import type { Objective } from '../engine.ts'
import type { Row } from '../run/rows.ts'
import { predictedTokens } from '../run/score.ts'
import type { Feed } from '../run/sessions.ts'
import { betaOf, headOf, type Item, OBJECTIVES } from './objectives.ts'
import { PREDICTED_CHUNK, predictedParts, type StepGraphSpec } from './step-graph.ts'

export type StepFeeds = {
  readonly sizes: Pick<StepGraphSpec, 'predicted' | 'answers' | 'margins'>
  readonly feeds: Readonly<Record<string, Feed>>
}

/** Feeds of one row.  items: the batch that the row was packed from; divisor: see batchSize. */
export const stepFeeds = (
  objective: Objective,
  row: Row,
  items: readonly Item[],
  divisor: number,
): StepFeeds => {
  const { reads, link } = OBJECTIVES[objective.kind].loss
  const ofRow = row.items.map((k) => items[k]!)
  const margins = link === null ? 0 : padded(ofRow.length)
  const answers = link === null ? padded(row.answers.size) : ofRow[0]!.inputs.length * margins
  const { predicted, feeds } =
    reads === 'tokens'
      ? predictionFeeds(row, answers)
      : { predicted: 0, feeds: { pool: poolFeed(row, answers), head: headFeed(objective) } }
  const combined =
    link === null
      ? { weights: weightsFeed(new Float32Array(answers).fill(1 / divisor)) }
      : marginFeeds(ofRow, { margins, answers }, betaOf(objective), divisor)
  return { sizes: { predicted, answers, margins }, feeds: { ...combined, ...feeds } }
}

/** How the rewards of a row's answers become margins: line m of `contrast` holds the signed beta of
 *  item m's answers. */
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

const headFeed = (objective: Objective): Feed => {
  const data = headOf(objective)
  return { data, shape: [data.length, 1] }
}

const weightsFeed = (data: Float32Array): Feed => ({ data, shape: [1, data.length] })

/** Feeds of a row that reads cotangents.  cotangents: of all answers that the rows were packed
 *  from, [hidden] each. */
export const cotangentFeeds = (row: Row, cotangents: readonly Float32Array[]): StepFeeds => {
  const answers = padded(row.answers.size)
  const hidden = cotangents[0]!.length
  const data = new Float32Array(answers * hidden)
  for (const [s, index] of answersInOrder(row).entries()) data.set(cotangents[index]!, s * hidden)
  return {
    sizes: { predicted: 0, answers, margins: 0 },
    feeds: { pool: poolFeed(row, answers), cotangents: { data, shape: [answers, hidden] } },
  }
}

/** Line s averages over the row's answer s. */
const poolFeed = (row: Row, answers: number): Feed => {
  const data = new Float32Array(answers * row.size)
  for (const [s, { start, ids }] of spansInOrder(row).entries())
    data.fill(1 / ids.length, s * row.size + start, s * row.size + start + ids.length)
  return { data, shape: [answers, row.size] }
}

/** Feeds per part of the predicted tokens: which state predicts them, what they are, and whose
 *  answer they are of. */
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

/** Indices of the row's answers in the order of its items: chosen, rejected, chosen, … */
const answersInOrder = (row: Row) => [...row.answers.keys()].sort((a, b) => a - b)

const spansInOrder = (row: Row) => answersInOrder(row).map((index) => row.answers.get(index)!)

/** Few sizes, since each is a graph of its own. */
const padded = (count: number): number => Math.ceil(count / 8) * 8
