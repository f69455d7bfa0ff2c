/** States below the layers that an adapter touches, text by text: a prompt runs once, its answers follow on its keys and
 *  values. A text always runs alone in a row of its own, so its states are the same bits whatever else is asked for, and a
 *  training that was interrupted, or that finds some of them cached, goes on exactly. */
import { buildTrunk } from '../model/llama.ts'
import { newGraph, type Tensor, toOnnx } from '../onnx/graph.ts'
import { followFeeds, type Past } from './follow.ts'
import { fingerprint, loraFeeds, stackLora } from './lora-feeds.ts'
import type { ModelRunner } from './model-runner.ts'
import type { Span } from './rows.ts'
import type { Sessions } from './sessions.ts'
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

type Passed = Past & { readonly states: Float32Array }

/** The first `from` layers over one span, after its prompt where it has one. */
const passSpan = async (
  { model, sessions }: ModelRunner,
  span: Span,
  from: number,
  below: readonly LoraFeed[],
  prompt?: Past,
): Promise<Passed> => {
  const lora = stackLora(model.config.shape, below, 0, from)
  const layers = Array.from({ length: from }, (_, layer) => layer)
  const build = () => {
    const g = newGraph()
    const trunk = buildTrunk(g, model, { from: 0, to: from, lora: lora.ranks, hasPast: true })
    const named = (part: string, tensors: readonly Tensor[]) =>
      layers.map((layer) => [`${part}.${layer}`, tensors[layer]!] as const)
    const kept = [...named('k', trunk.keys), ...named('v', trunk.values)]
    return toOnnx({ hidden: trunk.hidden, ...Object.fromEntries(kept) })
  }
  const outputs = await sessions.run(`prefix ${from} ${JSON.stringify(lora.ranks)}`, build, {
    ...followFeeds(model.config, span.ids, prompt, from),
    ...loraFeeds(lora.feeds, lora.ranks),
  })
  return {
    count: span.ids.length,
    states: outputs['hidden']!,
    keys: layers.map((layer) => outputs[`k.${layer}`]!),
    values: layers.map((layer) => outputs[`v.${layer}`]!),
  }
}
