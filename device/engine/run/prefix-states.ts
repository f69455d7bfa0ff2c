/** States below the layers that an adapter touches, text by text: a prompt runs once, its answers follow on its keys and
 *  values. A text always runs alone in a row of its own, so its states are the same bits whatever else is asked for, and a
 *  training that was interrupted, or that finds some of them cached, goes on exactly. */
import { buildTrunk } from '../model/llama.ts'
import { newGraph, toOnnx } from '../onnx/graph.ts'
import { fingerprint, loraFeeds, stackLora } from './lora-feeds.ts'
import type { ModelRunner } from './model-runner.ts'
import { bucketOf, fillRotary, MASKED, rowFeeds, type Span } from './rows.ts'
import type { Feed, Sessions } from './sessions.ts'
import type { LoraFeed } from './types.ts'

/** What the states that enter layer `from` depend on beside the text and the weights. */
export const generationOf = (from: number, below: readonly LoraFeed[]): string =>
  `states ${from} ${fingerprint(below, from)}`

/** States of each span at layer `from` ≥ 1, [tokens of the span, hidden]; computed where they are not cached.
 *  below: adapters that are active on lower layers. */
export const prefixStates = async (
  runner: ModelRunner,
  spans: readonly Span[],
  from: number,
  below: readonly LoraFeed[],
): Promise<Map<Span, Float32Array>> => {
  const { hidden } = runner.model.config.shape
  const generation = generationOf(from, below)
  const found = new Map<Span, Float32Array>()
  const missing: Span[] = []
  for (const span of spans) {
    const held = runner.cache.get({ generation, text: span.key }, span.ids.length * hidden)
    if (held) found.set(span, held)
    else missing.push(span)
  }
  for (const span of byPrompt(missing)) {
    const { prompt } = span
    const { states } = prompt
      ? await passSpan(runner, span, from, below, await passPrompt(runner, prompt, from, below))
      : await passPrompt(runner, span, from, below)
    found.set(span, states)
    await runner.cache.set({ generation, text: span.key }, states)
  }
  return found
}

/** The same spans, those of one prompt next to each other. */
const byPrompt = (spans: readonly Span[]): Span[] => {
  const groups = new Map<string, Span[]>()
  for (const span of spans) {
    const key = (span.prompt ?? span).key
    groups.set(key, [...(groups.get(key) ?? []), span])
  }
  return [...groups.values()].flat()
}

/** A span without a prompt of its own; the last one is kept, since its answers follow each other. */
const passPrompt = async (
  runner: ModelRunner,
  span: Span,
  from: number,
  below: readonly LoraFeed[],
): Promise<Passed> => {
  const key = `${generationOf(from, below)} ${span.key}`
  const last = lastPrompts.get(runner.sessions)
  if (last?.key === key) return last.passed
  const passed = await passSpan(runner, span, from, below)
  lastPrompts.set(runner.sessions, { key, passed })
  return passed
}

const lastPrompts = new WeakMap<Sessions, { readonly key: string; readonly passed: Passed }>()

/** keys, values: per layer, [tokens, kvHeads·headDim]. */
type Passed = {
  readonly states: Float32Array
  readonly keys: readonly Float32Array[]
  readonly values: readonly Float32Array[]
}

/** The first `from` layers over one span, after its prompt where it has one. */
const passSpan = async (
  { model, sessions }: ModelRunner,
  span: Span,
  from: number,
  below: readonly LoraFeed[],
  prompt?: Passed,
): Promise<Passed> => {
  const { hidden, kvHeads, headDim } = model.config.shape
  const width = kvHeads * headDim
  const tokens = bucketOf(span.ids.length)
  const past = prompt ? pastSize(span.position) : 0
  const lora = stackLora(model.config.shape, below, 0, from)
  const build = () => {
    const g = newGraph()
    const trunk = buildTrunk(g, model, { from: 0, to: from, tokens, past, lora: lora.ranks })
    const kept = [...trunk.keys.entries()].flatMap(([layer, key]) => [
      [`k.${layer}`, key] as const,
      [`v.${layer}`, trunk.values[layer]!] as const,
    ])
    return toOnnx({ hidden: trunk.hidden, ...Object.fromEntries(kept) })
  }
  const outputs = await sessions.run(
    `prefix ${from} ${tokens} ${past} ${JSON.stringify(lora.ranks)}`,
    build,
    { ...spanFeeds(model, span, tokens, past, prompt), ...loraFeeds(lora.feeds, lora.ranks) },
  )
  const count = span.ids.length
  const layers = Array.from({ length: from }, (_, layer) => layer)
  return {
    states: outputs['hidden']!.slice(0, count * hidden),
    keys: layers.map((layer) => outputs[`k.${layer}`]!.subarray(0, count * width)),
    values: layers.map((layer) => outputs[`v.${layer}`]!.subarray(0, count * width)),
  }
}

const spanFeeds = (
  model: ModelRunner['model'],
  span: Span,
  tokens: number,
  past: number,
  prompt: Passed | undefined,
): Record<string, Feed> => {
  const alone = { ...span, start: 0, position: 0 }
  const feeds = rowFeeds(model, { size: tokens, spans: [alone], answers: new Map(), items: [] })
  if (!prompt) return feeds
  const { kvHeads, headDim } = model.config.shape
  const { position, ids } = span
  const table = () => new Float32Array((tokens * headDim) / 2)
  const [cos, sin] = [table(), table()]
  fillRotary({ cos, sin }, 0, position, ids.length, model.config)
  const all = past + tokens
  const mask = new Float32Array(tokens * all).fill(MASKED)
  for (let t = 0; t < tokens; t++) {
    mask[t * all + past + t] = 0
    if (t >= ids.length) continue
    mask.fill(0, t * all, t * all + position)
    mask.fill(0, t * all + past, t * all + past + t + 1)
  }
  const padded = (part: Float32Array): Feed => {
    const data = new Float32Array(past * kvHeads * headDim)
    data.set(part)
    return { data, shape: [past, kvHeads * headDim] }
  }
  const kept = prompt.keys.flatMap((keys, layer) => [
    [`past.${layer}.k`, padded(keys)] as const,
    [`past.${layer}.v`, padded(prompt.values[layer]!)] as const,
  ])
  const shape = [1, tokens, headDim / 2]
  return {
    ...feeds,
    cos: { data: cos, shape },
    sin: { data: sin, shape },
    mask: { data: mask, shape: [tokens, all] },
    ...Object.fromEntries(kept),
  }
}

/** Few sizes, since each is a graph of its own; columns beyond the prompt are masked. */
const pastSize = (tokens: number): number => Math.ceil(tokens / 128) * 128
