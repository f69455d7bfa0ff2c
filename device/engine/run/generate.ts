/** Decoding with a key-value cache: one pass over the prompt, then one token at a time over caches of a few fixed sizes. */
import { FedError } from '../../../adapters/errors.ts'
import { type Rng, seededRng } from '../../../adapters/random.ts'
import { buildTrunk } from '../model/llama.ts'
import { newGraph, toOnnx } from '../onnx/graph.ts'
import { loraFeeds, type StackedLora, stackLora } from './lora-feeds.ts'
import { logitsOf, type ModelRunner } from './model-runner.ts'
import { bucketOf, fillRotary, MASKED, packRows, rowFeeds } from './rows.ts'
import type { Feed } from './sessions.ts'
import type { GenerateOptions } from './types.ts'

/** New tokens after the prompt, without the stop token. E_SHAPE for an empty prompt; ends where the context ends. */
export const generateTokens = async (
  runner: ModelRunner,
  prompt: readonly number[],
  options: GenerateOptions,
): Promise<number[]> => {
  if (prompt.length === 0) throw new FedError('E_SHAPE', 'generation needs a prompt, got no token')
  const { contextLength, shape } = runner.model.config
  const longest = Math.min(contextLength, prompt.length + options.maxTokens)
  const lora = stackLora(shape, options.adapters, 0, shape.layers)
  const cache = newCache(runner, cacheSize(longest))
  const choose = chooser(options)
  const out: number[] = []
  let state = await prefill(runner, prompt, lora, cache)
  while (prompt.length + out.length < longest) {
    const token = choose(await logitsOf(runner, state))
    if (options.stopIds.includes(token)) break
    out.push(token)
    if (prompt.length + out.length < longest) state = await decode(runner, token, lora, cache)
  }
  return out
}

/** A sampler over logits: greedy at temperature 0, else from the smallest set of tokens that holds topP. */
export const chooser = ({ temperature = 0, topP = 1, seed = 0 }: GenerateOptions) => {
  const rng = seededRng(`generate/${seed}`)
  return (logits: Float32Array): number =>
    temperature === 0 ? argMax(logits) : sampleTop(logits, temperature, topP, rng)
}

/** keys, values: per layer [size, width]; the first `used` rows are filled. */
type Cache = {
  readonly size: number
  readonly keys: readonly Float32Array[]
  readonly values: readonly Float32Array[]
  used: number
}

const newCache = ({ model }: ModelRunner, size: number): Cache => {
  const { layers, kvHeads, headDim } = model.config.shape
  const make = () =>
    Array.from({ length: layers }, () => new Float32Array(size * kvHeads * headDim))
  return { size, keys: make(), values: make(), used: 0 }
}

const prefill = async (
  runner: ModelRunner,
  prompt: readonly number[],
  lora: StackedLora,
  cache: Cache,
): Promise<Float32Array> => {
  const { hidden } = runner.model.config.shape
  const [row] = packRows([[{ ids: prompt, answerStart: 0 }]], runner.model.config.contextLength)
  const states = await runDecoder(
    runner,
    row!.size,
    0,
    lora,
    rowFeeds(runner.model, row!),
    (outputs) => append(cache, outputs, prompt.length),
  )
  return states.slice((prompt.length - 1) * hidden, prompt.length * hidden)
}

const decode = (
  runner: ModelRunner,
  token: number,
  lora: StackedLora,
  cache: Cache,
): Promise<Float32Array> => {
  const { config } = runner.model
  const { layers, headDim, kvHeads } = config.shape
  const table = { cos: new Float32Array(headDim / 2), sin: new Float32Array(headDim / 2) }
  fillRotary(table, 0, cache.used, 1, config)
  const mask = new Float32Array(cache.size + 1).fill(MASKED, cache.used, cache.size)
  const feeds: Record<string, Feed> = {
    ids: { data: BigInt64Array.of(BigInt(token)), shape: [1] },
    cos: { data: table.cos, shape: [1, 1, headDim / 2] },
    sin: { data: table.sin, shape: [1, 1, headDim / 2] },
    mask: { data: mask, shape: [1, cache.size + 1] },
  }
  const shape = [cache.size, kvHeads * headDim]
  for (let layer = 0; layer < layers; layer++) {
    feeds[`past.${layer}.k`] = { data: cache.keys[layer]!, shape }
    feeds[`past.${layer}.v`] = { data: cache.values[layer]!, shape }
  }
  return runDecoder(runner, 1, cache.size, lora, feeds, (outputs) => append(cache, outputs, 1))
}

const runDecoder = async (
  { model, sessions }: ModelRunner,
  tokens: number,
  past: number,
  lora: StackedLora,
  feeds: Readonly<Record<string, Feed>>,
  keep: (outputs: Readonly<Record<string, Float32Array>>) => void,
): Promise<Float32Array> => {
  const { layers } = model.config.shape
  const build = () => {
    const g = newGraph()
    const trunk = buildTrunk(g, model, { from: 0, to: layers, tokens, past, lora: lora.ranks })
    const named = (part: string, tensors: typeof trunk.keys) =>
      tensors.map((tensor, layer) => [`${part}.${layer}`, tensor] as const)
    const cached = [...named('k', trunk.keys), ...named('v', trunk.values)]
    return toOnnx({ hidden: trunk.hidden, ...Object.fromEntries(cached) })
  }
  const key = `decode ${tokens} ${past} ${JSON.stringify(lora.ranks)}`
  const outputs = await sessions.run(key, build, { ...feeds, ...loraFeeds(lora.feeds, lora.ranks) })
  keep(outputs)
  return outputs['hidden']!
}

const append = (
  cache: Cache,
  outputs: Readonly<Record<string, Float32Array>>,
  count: number,
): void => {
  for (const [layer, keys] of cache.keys.entries()) {
    const width = keys.length / cache.size
    const from = cache.used * width
    keys.set(outputs[`k.${layer}`]!.subarray(0, count * width), from)
    cache.values[layer]!.set(outputs[`v.${layer}`]!.subarray(0, count * width), from)
  }
  cache.used += count
}

/** Few sizes, since each is a session of its own. */
const cacheSize = (tokens: number): number => bucketOf(Math.max(256, tokens))

const argMax = (logits: Float32Array): number => {
  let best = 0
  for (let i = 1; i < logits.length; i++) if (logits[i]! > logits[best]!) best = i
  return best
}

/** Nucleus sampling (Holtzman et al. 2020). */
const sampleTop = (logits: Float32Array, temperature: number, topP: number, rng: Rng): number => {
  const top = logits[argMax(logits)]!
  const weights = Float64Array.from(logits, (logit) => Math.exp((logit - top) / temperature))
  const total = weights.reduce((a, b) => a + b, 0)
  const order = [...weights.keys()].sort((a, b) => weights[b]! - weights[a]! || a - b)
  let kept = 0
  let mass = 0
  while (kept < order.length && mass < topP * total) mass += weights[order[kept++]!]!
  let left = rng.uniform() * mass
  for (const id of order.slice(0, kept)) {
    left -= weights[id]!
    if (left < 0) return id
  }
  return order[Math.max(0, kept - 1)]!
}
