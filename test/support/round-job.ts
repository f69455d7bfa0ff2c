/** Two rounds of two devices, of both factors and with an optimizer that keeps moments. */
import type { JobSpecInput } from '../../adapters/wire/jobs.ts'
import { TINY } from './tiny-model.ts'

export const roundJob = (): JobSpecInput => ({
  name: 'two rounds',
  ...TINY,
  features: { pooled: 0, named: ['length'] },
  contributions: ['adapter'],
  rounds: 2,
  optimizer: { name: 'adam' },
  cohort: { size: 2, goal: 2, minimum: 2, choices: '0', deadlineMs: 600_000 },
})
