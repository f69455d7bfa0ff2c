/** Runs rows through a model: states after any layer, the states below the adapters cached, and the LM head. */
import { buildLogits, buildLogProbs, buildTrunk, type Model } from '../model/llama.ts'
import { newGraph, toOnnx } from '../onnx/graph.ts'
import { firstLayerOf, loraFeeds, stackLora } from './lora-feeds.ts'
import { prefixStates } from './prefix-states.ts'
import { inBucket, type Row, rowFeeds } from './rows.ts'
import type { Feed, Sessions } from './sessions.ts'
import { type StateCache, stateCache } from './state-cache.ts'
import type { StateFolder } from './state-folder.ts'
import type { LoraFeed } from './types.ts'

export type ModelRunner = {
  readonly model: Model
  readonly sessions: Sessions
  readonly cache: StateCache
}

export const modelRunner = (
  model: Model,
  sessions: Sessions,
  cacheBytes: number,
  folder?: StateFolder,
): ModelRunner => ({ model, sessions, cache: stateCache(cacheBytes, folder) })

/** The same runner, its cached states written to the folder behind the cache too. */
export const lasting = (runner: ModelRunner): ModelRunner => ({
  ...runner,
  cache: runner.cache.lasting,
})

/** What a row's graph begins with: token ids (from = 0) or states at a layer. */
export type RowStart = { readonly from: number; readonly feeds: Readonly<Record<string, Feed>> }

/** States after layer to − 1, [tokens, hidden]. Those that enter layer keepFrom, or the first that an adapter touches, are kept;
 *  with a keepFrom, for the processes to come as well. */
export const statesOf = async (
  runner: ModelRunner,
  packed: Row,
  to: number,
  adapters: readonly LoraFeed[],
  keepFrom = Number.POSITIVE_INFINITY,
): Promise<Float32Array> => {
  const row = packed.size > OPEN_TOKENS ? inBucket(packed) : packed
  const first = Math.min(firstLayerOf(adapters), keepFrom)
  const keeper = Number.isFinite(keepFrom) ? lasting(runner) : runner
  const start = await startRow(keeper, row, first < to ? first : 0, [])
  return runTrunk(runner, row, start, to, adapters)
}

/** States after each of these layers, in rising order, the last as statesOf gives them; one layer of them is statesOf. */
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
  let start: RowStart = { from: 0, feeds: rowFeeds(runner.model, row) }
  const shape = [row.size, runner.model.config.shape.hidden]
  const all: Float32Array[] = []
  for (const to of exits) {
    const data = await runTrunk(runner, row, start, to, adapters)
    start = { from: to, feeds: { ...start.feeds, hidden: { data, shape } } }
    all.push(data)
  }
  return all
}

/** The row's feeds at layer `from`, its states there text by text (prefix-states.ts).
 *  below: adapters that are active on lower layers. */
export const startRow = async (
  runner: ModelRunner,
  row: Row,
  from: number,
  below: readonly LoraFeed[],
): Promise<RowStart> => {
  const feeds = rowFeeds(runner.model, row)
  if (from === 0) return { from, feeds }
  const { hidden } = runner.model.config.shape
  const data = new Float32Array(row.size * hidden)
  for (const [span, states] of await prefixStates(runner, row.spans, from, below))
    data.set(states, span.start * hidden)
  return { from, feeds: { ...feeds, hidden: { data, shape: [row.size, hidden] } } }
}

/** Log-probability of one token after each state.  states: [K, hidden] final states, labels: K ids. */
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

/** Rows up to this size share one graph, which weighs a whole square of tokens; longer ones are cut into blocks (llama.ts). */
const OPEN_TOKENS = 1024

const runTrunk = async (
  { model, sessions }: ModelRunner,
  row: Row,
  { from, feeds }: RowStart,
  to: number,
  adapters: readonly LoraFeed[],
): Promise<Float32Array> => {
  const lora = stackLora(model.config.shape, adapters, from, to)
  const size = row.size > OPEN_TOKENS ? { tokens: row.size } : {}
  const build = () => {
    const g = newGraph()
    return toOnnx({ hidden: buildTrunk(g, model, { from, to, lora: lora.ranks, ...size }).hidden })
  }
  const key = `trunk ${from} ${to} ${size.tokens ?? 'open'} ${JSON.stringify(lora.ranks)}`
  const { hidden } = await sessions.run(key, build, {
    ...feeds,
    ...loraFeeds(lora.feeds, lora.ranks),
  })
  return hidden!
}
