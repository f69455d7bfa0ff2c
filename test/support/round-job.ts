/** Two rounds of two devices, of both factors and with an optimizer that keeps moments. */
import type { JobSpecInput } from '../../adapters/wire/jobs.ts'

export const roundJob = (): JobSpecInput => ({
  name: 'two rounds',
  base: {
    name: 'tiny',
    weights: 'a'.repeat(64),
    tokenizer: 'b'.repeat(64),
    shape: { layers: 2, hidden: 8, heads: 2, kvHeads: 1, headDim: 4, ffn: 16, vocab: 32 },
  },
  adapter: { firstLayer: 0, endLayer: 2, modules: ['q', 'v'], rank: 2, alpha: 4 },
  exitLayer: 2,
  features: { pooled: 0, named: ['length'] },
  contributions: ['adapter'],
  rounds: 2,
  optimizer: { name: 'adam' },
  cohort: { size: 2, goal: 2, minimum: 2, choices: '0', deadlineMs: 600_000 },
})
