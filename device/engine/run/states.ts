/** Rows of tokens through a model: states after any layer, cached below the adapters, and the LM
 *  head. */

import type { LoraFeed } from '../engine.ts'
import { buildLogits, buildLogProbs } from '../model/llama.ts'
import { newGraph, toOnnx } from '../onnx/graph.ts'
import { firstLayerOf } from './lora-feeds.ts'
import { type ModelRunner, persistent } from './model-runner.ts'
import { passSpans } from './pass.ts'
import { prefixStates } from './prefix-states.ts'
import { type Row, rowFeeds, type Span } from './rows.ts'
import type { Feed } from './sessions.ts'

/** What a row's graph begins with: token ids (from = 0) or states at a layer. */
type RowStart = { readonly from: number; readonly feeds: Readonly<Record<string, Feed>> }

/** States after layer to − 1, [row.size, hidden]. The states that enter layer keepFrom, or
 *  the first layer of an adapter, are cached; with a keepFrom also for future processes. */
export const statesOf = async (
  runner: ModelRunner,
  row: Row,
  to: number,
  adapters: readonly LoraFeed[],
  keepFrom = Number.POSITIVE_INFINITY,
): Promise<Float32Array> => {
  const first = Math.min(firstLayerOf(adapters), keepFrom)
  const from = first < to ? first : 0
  const keeper = Number.isFinite(keepFrom) ? persistent(runner) : runner
  const entering = from > 0 ? await prefixStates(keeper, row.spans, from, []) : undefined
  return inRow(runner, row, await passSpans(runner, row.spans, { from, to }, adapters, entering))
}

/** States after each of these layers, in rising order, the last as statesOf gives them; one layer
 *  of them is statesOf. */
export const statesThrough = async (
  runner: ModelRunner,
  row: Row,
  exits: readonly number[],
  adapters: readonly LoraFeed[],
  keepFrom?: number,
): Promise<Float32Array[]> => {
  const [only, ...more] = exits
  if (only !== undefined && more.length === 0)
    return [await statesOf(runner, row, only, adapters, keepFrom)]
  let from = 0
  let entering: Map<Span, Float32Array> | undefined
  const all: Float32Array[] = []
  for (const to of exits) {
    entering = await passSpans(runner, row.spans, { from, to }, adapters, entering)
    all.push(inRow(runner, row, entering))
    from = to
  }
  return all
}

/** [row.size, hidden], each span's states at its place. */
const inRow = (
  { model }: ModelRunner,
  { size }: Row,
  states: ReadonlyMap<Span, Float32Array>,
): Float32Array => {
  const { hidden } = model.config.shape
  const data = new Float32Array(size * hidden)
  for (const [{ start }, part] of states) data.set(part, start * hidden)
  return data
}

/** The row's feeds at layer `from`, its states there from prefix-states.ts.
 *  below: adapters that are active on lower layers. */
export const startRow = async (
  runner: ModelRunner,
  row: Row,
  from: number,
  below: readonly LoraFeed[],
): Promise<RowStart> => {
  const feeds = rowFeeds(row, runner.model.config)
  if (from === 0) return { from, feeds }
  const data = inRow(runner, row, await prefixStates(runner, row.spans, from, below))
  const shape = [row.size, runner.model.config.shape.hidden]
  return { from, feeds: { ...feeds, hidden: { data, shape } } }
}

/** Log-probability of one token after each state.  states: [K, hidden] final states, labels: K
 *  ids. */
export const logProbsOf = async (
  { model, sessions }: ModelRunner,
  states: Float32Array,
  labels: readonly number[],
): Promise<Float32Array> => {
  const { hidden } = model.config.shape
  const out = new Float32Array(labels.length)
  for (let at = 0; at < labels.length; at += HEAD_ROWS) {
    const part = labels.slice(at, at + HEAD_ROWS)
    const size = part.length <= 32 ? 32 : HEAD_ROWS
    const rows = new Float32Array(size * hidden)
    rows.set(states.subarray(at * hidden, (at + part.length) * hidden))
    const padded = new BigInt64Array(size)
    part.forEach((id, i) => {
      padded[i] = BigInt(id)
    })
    const build = () => {
      const g = newGraph()
      const input = g.input('states', [size, hidden])
      return toOnnx({ logProb: buildLogProbs(g, model, input, g.input('labels', [size], 'int64')) })
    }
    const { logProb } = await sessions.run(`logprob ${size}`, build, {
      states: { data: rows, shape: [size, hidden] },
      labels: { data: padded, shape: [size] },
    })
    out.set(logProb!.subarray(0, part.length), at)
  }
  return out
}

/** Logits after one final state.  state: [hidden] -> [vocab]. */
export const logitsOf = async (
  { model, sessions }: ModelRunner,
  state: Float32Array,
): Promise<Float32Array> => {
  const shape = [1, model.config.shape.hidden]
  const build = () => {
    const g = newGraph()
    return toOnnx({ logits: buildLogits(g, model, g.input('states', shape)) })
  }
  const { logits } = await sessions.run('logits', build, { states: { data: state, shape } })
  return logits!
}

/** Rows of states that go through the LM head at once; bounds its [K, vocab] memory. */
const HEAD_ROWS = 128
