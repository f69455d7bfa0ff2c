/** The states below the layers that an adapter touches. Each text's are computed once, and are the
 *  same bits cached or computed, so an interrupted training resumes exactly. */

import type { LoraFeed } from '../engine.ts'
import { fingerprint } from './lora-feeds.ts'
import type { ModelRunner } from './model-runner.ts'
import { passSpans } from './pass.ts'
import type { Span } from './rows.ts'

/** What decides the states entering layer `from`, beside the text and the weights. */
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
