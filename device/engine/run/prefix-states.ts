/** States below the layers that an adapter touches, each text's computed once: a training that was
 *  interrupted, or that finds some of them cached, goes on exactly. */

import type { LoraFeed } from '../engine.ts'
import { fingerprint } from './lora-feeds.ts'
import type { ModelRunner } from './model-runner.ts'
import { passSpans } from './pass.ts'
import type { Span } from './rows.ts'

/** What the states that enter layer `from` depend on beside the text and the weights. */
export const generationOf = (from: number, below: readonly LoraFeed[]): string =>
  `states ${from} ${fingerprint(below, from)}`

/** States of each span at layer `from` ≥ 1, [tokens of the span, hidden]; computed where they are
 *  not cached.
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
  const made = await passSpans(
    runner,
    missing,
    { from: 0, to: from },
    below,
    undefined,
    (span, states) => runner.cache.set({ generation, text: span.key }, states, runner.isPersistent),
  )
  return new Map([...found, ...made])
}
