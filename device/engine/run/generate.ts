/** Decoding with a key-value cache: the prompt, then token by token, all by one graph. */
import { FedError } from '../../../adapters/errors.ts'
import { type Rng, seededRng } from '../../../adapters/random.ts'
import type { GenerateOptions, LoraFeed } from '../engine.ts'
import { buildDecoder } from '../model/llama.ts'
import { newGraph, toOnnx } from '../onnx/graph.ts'
import { followFeeds, type Past } from './follow.ts'
import { loraFeeds, stackLora } from './lora-feeds.ts'
import type { ModelRunner } from './model-runner.ts'

/** New tokens without the stop token, up to the context's end. E_SHAPE for an empty prompt. */
export const generateTokens = async (
  runner: ModelRunner,
  prompt: readonly number[],
  options: GenerateOptions,
): Promise<number[]> => {
  if (prompt.length === 0) throw new FedError('E_SHAPE', 'generation needs a prompt, got no token')
  const longest = Math.min(runner.model.config.contextLength, prompt.length + options.maxTokens)
  const decode = decoder(runner, options.adapters, longest)
  const choose = chooser(options)
  const out: number[] = []
  let logits = await decode(prompt)
  while (prompt.length + out.length < longest) {
    const token = choose(logits)
    if (options.stopIds.includes(token)) break
    out.push(token)
    if (prompt.length + out.length < longest) logits = await decode([token])
  }
  return out
}

/** Reads the next tokens; returns the logits after the last, [vocab]. longest: of the whole
 *  text. */
export const decoder = (
  { model, sessions }: ModelRunner,
  adapters: readonly LoraFeed[],
  longest: number,
): ((ids: readonly number[]) => Promise<Float32Array>) => {
  const { shape } = model.config
  const lora = stackLora(shape, adapters, 0, shape.layers)
  const factors = loraFeeds(lora.feeds, lora.ranks)
  const width = shape.kvHeads * shape.headDim
  const cache = newCache(shape.layers, longest * width)
  const build = () => toOnnx(buildDecoder(newGraph(), model, lora.ranks))
  return async (ids) => {
    const feeds = followFeeds(model.config, ids, cache, { from: 0, to: shape.layers })
    const key = `decode ${JSON.stringify(lora.ranks)}`
    const { logits, keys, values } = await sessions.run(key, build, { ...feeds, ...factors })
    const size = ids.length * width
    for (let layer = 0; layer < shape.layers; layer++) {
      const part = (rows: Float32Array) => rows.subarray(layer * size, (layer + 1) * size)
      cache.keys[layer]!.set(part(keys!), cache.count * width)
      cache.values[layer]!.set(part(values!), cache.count * width)
    }
    cache.count += ids.length
    return logits!
  }
}

const newCache = (layers: number, size: number): Past & { count: number } => {
  const make = () => Array.from({ length: layers }, () => new Float32Array(size))
  return { count: 0, keys: make(), values: make() }
}

/** Greedy at temperature 0, else sampled from the smallest set of tokens that holds topP. */
export const chooser = ({ temperature = 0, topP = 1, seed = 0 }: GenerateOptions) => {
  const rng = seededRng(`generate/${seed}`)
  return (logits: Float32Array): number =>
    temperature === 0 ? argMax(logits) : sampleTop(logits, temperature, topP, rng)
}

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
