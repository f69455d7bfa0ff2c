/** Runs rows through a model: states after any layer, the states below the adapters cached, and the LM head. */
import { createHash } from 'node:crypto'
import { buildLogits, buildLogProbs, buildTrunk, type Model } from '../model/llama.ts'
import { newGraph, toOnnx } from '../onnx/graph.ts'
import { firstLayerOf, stackLora } from './lora-feeds.ts'
import { type Row, rowArrays } from './rows.ts'
import type { Feed, Sessions } from './sessions.ts'
import { type StateCache, stateCache } from './state-cache.ts'
import type { LoraFeed } from './types.ts'

export type ModelRunner = {
  readonly model: Model
  readonly sessions: Sessions
  readonly cache: StateCache
}

export const modelRunner = (model: Model, sessions: Sessions, cacheBytes: number): ModelRunner => ({
  model,
  sessions,
  cache: stateCache(cacheBytes),
})

/** What a row's graph begins with: token ids (from = 0) or states at a layer. */
export type RowStart = { readonly from: number; readonly feeds: Readonly<Record<string, Feed>> }

/** States after layer to − 1, [row.size, hidden]. Those that enter layer keepFrom, or the first that an adapter touches, are kept. */
export const statesOf = async (
  runner: ModelRunner,
  row: Row,
  to: number,
  adapters: readonly LoraFeed[],
  keepFrom = Number.POSITIVE_INFINITY,
): Promise<Float32Array> => {
  const first = Math.min(firstLayerOf(adapters), keepFrom)
  const start = await startRow(runner, row, first < to ? first : 0, [])
  return runTrunk(runner, row, start, to, adapters)
}

/** The row's feeds at layer `from`, its states taken from the cache where every span is there.
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
  const shape = [row.size, hidden]
  const prefix = `${from} ${fingerprint(below, from)} `
  const states = new Float32Array(row.size * hidden)
  let complete = true
  for (const span of row.spans) {
    const held = runner.cache.get(prefix + span.key)
    if (held) states.set(held, span.start * hidden)
    else complete = false
  }
  if (complete) return { from, feeds: { ...feeds, hidden: { data: states, shape } } }
  const made = await runTrunk(runner, row, { from: 0, feeds }, from, below)
  for (const { key, start, ids } of row.spans)
    runner.cache.set(prefix + key, made.slice(start * hidden, (start + ids.length) * hidden))
  return { from, feeds: { ...feeds, hidden: { data: made, shape } } }
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

const runTrunk = async (
  { model, sessions }: ModelRunner,
  row: Row,
  { from, feeds }: RowStart,
  to: number,
  adapters: readonly LoraFeed[],
): Promise<Float32Array> => {
  const lora = stackLora(model.config.shape, adapters, from, to)
  const build = () => {
    const g = newGraph()
    return toOnnx({
      hidden: buildTrunk(g, model, { from, to, tokens: row.size, lora: lora.ranks }).hidden,
    })
  }
  const key = `trunk ${from} ${to} ${row.size} ${JSON.stringify(lora.ranks)}`
  const { hidden } = await sessions.run(key, build, {
    ...feeds,
    ...loraFeeds(lora.feeds, lora.ranks),
  })
  return hidden!
}

/** LoRA factors with their shapes: A [r, in], B [out, r]. */
export const loraFeeds = (
  factors: Readonly<Record<string, Float32Array>>,
  ranks: Readonly<Record<string, number>>,
): Record<string, Feed> =>
  Object.fromEntries(
    Object.entries(factors).map(([name, data]) => {
      const rank = ranks[name.slice(0, -2)]!
      const width = data.length / rank
      return [name, { data, shape: name.endsWith('.A') ? [rank, width] : [width, rank] }]
    }),
  )

/** Token ids, rotary tables and mask of a row; see buildTrunk. */
export const rowFeeds = (model: Model, row: Row): Record<string, Feed> => {
  const arrays = rowArrays(row, model.config)
  const table = [1, row.size, model.config.shape.headDim / 2]
  return {
    ids: { data: arrays.ids, shape: [row.size] },
    cos: { data: arrays.cos, shape: table },
    sin: { data: arrays.sin, shape: table },
    mask: { data: arrays.mask, shape: [row.size, row.size] },
  }
}

/** Names the adapters that are active below a layer. */
const fingerprint = (adapters: readonly LoraFeed[], layer: number): string => {
  const active = adapters.filter(({ spec }) => spec.firstLayer < layer)
  if (active.length === 0) return 'base'
  const hash = createHash('sha256')
  for (const { spec, flat } of active) {
    hash.update(JSON.stringify(spec))
    hash.update(new Uint8Array(flat.buffer, flat.byteOffset, flat.byteLength))
  }
  return hash.digest('hex')
}
