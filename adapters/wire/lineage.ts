/**
 * What names a line of releases: each of its releases has the number of the one before it and one
 * more.
 */
import { sha256Hex } from '../digest.ts'
import { type AdapterSpec, MODULES } from '../lora/spec.ts'
import type { JobSpec } from './jobs.ts'

type LineKey = Pick<JobSpec, 'base' | 'adapter' | 'exitLayer' | 'features'>

/**
 * 32 hexadecimal digits over base weights, tokenizer, adapter spec, exit layer and feature space.
 */
export const lineIdOf = ({ base, adapter, exitLayer, features }: LineKey): string =>
  sha256Hex(
    new TextEncoder().encode(
      JSON.stringify([
        base.weights,
        base.tokenizer,
        adapterKey(adapter),
        exitLayer,
        features.pooled,
        features.named,
      ]),
    ),
  ).slice(0, 32)

/** The order in which modules are listed means nothing. */
export const isSameAdapter = (a: AdapterSpec, b: AdapterSpec): boolean =>
  JSON.stringify(adapterKey(a)) === JSON.stringify(adapterKey(b))

const adapterKey = (spec: AdapterSpec) => [
  spec.firstLayer,
  spec.endLayer,
  MODULES.filter((module) => spec.modules.includes(module)),
  spec.rank,
  spec.alpha,
]
