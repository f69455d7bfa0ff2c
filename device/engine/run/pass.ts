/** Texts through a range of layers: a prompt passes once, its answers follow on its keys and
 *  values.
 *  A text always passes alone, so its states are the same bits in every batch. */

import { LRUCache } from 'lru-cache'
import type { LoraFeed } from '../engine.ts'
import { buildTrunk } from '../model/llama.ts'
import { newGraph, toOnnx } from '../onnx/graph.ts'
import type { Tensor } from '../onnx/tensor.ts'
import { followFeeds, type LayerRange, type Past } from './follow.ts'
import { concat, fingerprint, loraFeeds, stackLora } from './lora-feeds.ts'
import type { ModelRunner } from './model-runner.ts'
import type { Span } from './rows.ts'
import type { Feed, Sessions } from './sessions.ts'

/** States after layer to − 1 of each span, [tokens of the span, hidden], the spans of one prompt
 *  next to each other.
 *  entering: states at layer `from`, where that is not 0; adapters: those that are active in the
 *  range; onSpan: called with each as it is done. */
export const passSpans = async (
  runner: ModelRunner,
  spans: readonly Span[],
  range: LayerRange,
  adapters: readonly LoraFeed[],
  entering?: ReadonlyMap<Span, Float32Array>,
  onSpan: (span: Span, states: Float32Array) => void | Promise<void> = () => {},
): Promise<Map<Span, Float32Array>> => {
  const pass = passer(runner, range, adapters)
  const name = `${runner.packed} ${range.from} ${range.to} ${fingerprint(adapters, range.to)}`
  const passPrompt = async (span: Span): Promise<Passed> => {
    const key = `${name} ${span.key}`
    const { short, long } = promptsOf(runner.sessions)
    const known = span.ids.length <= SHORT_TOKENS ? short : long
    const passed = known.get(key) ?? (await pass(span.ids, entering?.get(span)))
    known.set(key, passed)
    return passed
  }
  const all = new Map<Span, Float32Array>()
  for (const span of byPrompt(spans)) {
    const { states } = span.prompt
      ? await pass(span.ids, entering?.get(span), await passPrompt(span.prompt))
      : await passPrompt(span)
    all.set(span, states)
    await onSpan(span, states)
  }
  return all
}

/** Short prompts, such as the beginning of a chat template, recur between others. Of the long ones
 *  only the last is kept, since its answers follow each other. */
type Prompts = Readonly<Record<'short' | 'long', LRUCache<string, Passed>>>
const SHORT_TOKENS = 64
const MAX_SHORT_PROMPTS = 8

const prompts = new WeakMap<Sessions, Prompts>()

const promptsOf = (sessions: Sessions): Prompts => {
  const known = prompts.get(sessions) ?? {
    short: new LRUCache<string, Passed>({ max: MAX_SHORT_PROMPTS }),
    long: new LRUCache<string, Passed>({ max: 1 }),
  }
  prompts.set(sessions, known)
  return known
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

/** Tokens that pass at once; a longer text goes in parts. */
const PART = 512

type Passed = { readonly states: Float32Array; readonly past: Past }

const passer = (
  { model, sessions, packed = false }: ModelRunner,
  range: LayerRange,
  adapters: readonly LoraFeed[],
) => {
  const { from, to } = range
  const { hidden } = model.config.shape
  const lora = stackLora(model.config.shape, adapters, from, to)
  const factors = loraFeeds(lora.feeds, lora.ranks)
  const key = `pass ${from} ${to} ${JSON.stringify(lora.ranks)}${packed ? ' packed' : ''}`
  const build = () => {
    const g = newGraph()
    const trunk = buildTrunk(g, model, { from, to, lora: lora.ranks, isJoined: true })
    const named = (part: string, tensors: readonly Tensor[]) =>
      tensors.map((tensor, i) => [`${part}.${i}`, tensor] as const)
    const kept = [...named('k', trunk.keys), ...named('v', trunk.values)]
    const graph = toOnnx({ hidden: trunk.hidden, ...Object.fromEntries(kept) })
    return { ...graph, packsWeights: packed || graph.packsWeights }
  }
  return async (
    ids: readonly number[],
    entering: Float32Array | undefined,
    before?: Passed,
  ): Promise<Passed> => {
    const states = new Float32Array(ids.length * hidden)
    let past = before?.past
    for (let start = 0; start < ids.length; start += PART) {
      const part = ids.slice(start, start + PART)
      const feeds: Record<string, Feed> = followFeeds(model.config, part, past, range)
      if (from > 0)
        feeds['hidden'] = {
          data: entering!.subarray(start * hidden, (start + part.length) * hidden),
          shape: [part.length, hidden],
        }
      const outputs = await sessions.run(key, build, { ...feeds, ...factors })
      states.set(outputs['hidden']!, start * hidden)
      past = followed(past, outputs, part.length, to - from)
    }
    return { states, past: past! }
  }
}

/** The past of the tokens after these. */
const followed = (
  before: Past | undefined,
  outputs: Readonly<Record<string, Float32Array>>,
  tokens: number,
  layers: number,
): Past => {
  const part = (name: 'k' | 'v', rows: readonly Float32Array[] | undefined) =>
    Array.from({ length: layers }, (_, i) => {
      const own = outputs[`${name}.${i}`]!
      return rows ? concat([rows[i]!, own]) : own
    })
  return {
    count: (before?.count ?? 0) + tokens,
    keys: part('k', before?.keys),
    values: part('v', before?.values),
  }
}
