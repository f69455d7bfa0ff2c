/** The base model of jobs in tests, and an adapter on it; for processes too, which have no vitest. */
import type { JobSpecInput } from '../../adapters/wire/jobs.ts'

export const TINY = {
  base: {
    name: 'tiny',
    weights: 'a'.repeat(64),
    tokenizer: 'b'.repeat(64),
    shape: { layers: 2, hidden: 8, heads: 2, kvHeads: 1, headDim: 4, ffn: 16, vocab: 32 },
  },
  adapter: { firstLayer: 0, endLayer: 2, modules: ['q', 'v'], rank: 2, alpha: 4 },
  exitLayer: 2,
} satisfies Partial<JobSpecInput>
