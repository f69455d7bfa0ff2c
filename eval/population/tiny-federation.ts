/** A federation small enough to simulate in full: a job for the tiny model, and people for it. */

import type { ChoiceLine } from '../../adapters/formats/choice-log.ts'
import { MODULES } from '../../adapters/lora/spec.ts'
import { seededRng } from '../../adapters/random.ts'
import type { JobSpecInput } from '../../adapters/wire/jobs.ts'
import type { LocalModel } from '../../device/engine/model/open.ts'
import { featureSpace } from '../../device/reward/feature-space.ts'

/** For three devices, of which two are enough. */
export const tinyJob = (
  model: LocalModel,
  { name, rounds, deadlineMs }: { name: string; rounds: number; deadlineMs: number },
): JobSpecInput => ({
  name,
  base: model.base,
  adapter: { firstLayer: 0, endLayer: 1, modules: [...MODULES], rank: 2, alpha: 4 },
  exitLayer: 1,
  features: featureSpace(model.base.shape.hidden),
  contributions: ['adapter', 'prior', 'statistics'],
  rounds,
  cohort: { size: 3, goal: 3, minimum: 2, deadlineMs, retries: 2 },
  training: { maxPairs: 8, maxTokens: 64 },
  prior: { directions: 4 },
})

/** People who mostly like one word better: no named feature shows it, an adapter can. */
export const wordChoices = (seed: number | string): ChoiceLine[] => {
  const rng = seededRng(`choices/${seed}`)
  return Array.from({ length: 120 }, (_, i) => ({
    user: 'somebody',
    id: `${seed}-${i}`,
    messages: [{ role: 'user' as const, content: `Tell me about subject ${i}.` }],
    candidates: ['plain', 'vivid', 'quiet'].map((word) => `Subject ${i} is ${word} and small.`),
    chosen: rng.uniform() < 0.85 ? 1 : 2,
    at: 1000 + i,
  }))
}
