/** The demo's sizes and the jobs it runs. The whole is to end within six minutes on two cores. */
import type { JobSpecInput } from '../../adapters/wire/jobs.ts'
import type { LocalModel } from '../../device/engine/model/open.ts'
import { type FederationStep, jobSpec } from '../population/federate.ts'
import { Scenario } from '../run/scenario.ts'

/** A scenario, as `loreweave-eval run` has; its steps are the demo's jobs, over HTTP. */
const DEMO = {
  name: 'demo',
  about:
    'Six of the devices are programs of their own with a home folder, the others share a ' +
    'process; a fifth of all people have no taste, another fifth only one that no named ' +
    'feature measures.',
  people: {
    learners: { count: 100, choices: 100 },
    newcomers: { count: 32, requests: 9 },
    tastes: { mixed: 0.6, content: 0.2, none: 0.2 },
  },
  world: { requests: 32, variants: 6 },
  budgets: [10, 30, 100],
  federation: {
    steps: [
      { kind: 'statistics' as const },
      { kind: 'prior' as const, rounds: 2 },
      {
        kind: 'adapter' as const,
        rounds: 2,
        cohort: 8,
        training: { learningRate: 2e-3, maxPairs: 10, batchPairs: 4 },
      },
      { kind: 'prior' as const },
    ],
  },
  rounds: { points: 0 },
}

export const demoScenario = (
  model: string,
  learners: { readonly devices: number; readonly choices: number },
): Scenario =>
  Scenario.parse({
    ...DEMO,
    model,
    people: {
      ...DEMO.people,
      learners: { count: learners.devices, choices: learners.choices },
    },
  })

/** People whose devices are programs of their own, and their choices. */
export const USERS = { count: 6, choices: 12 } as const

/** A step of the plan as one job. size: how many devices take part. */
export const demoJob = (
  { federation }: Scenario,
  step: FederationStep,
  model: LocalModel,
  { size, name, seed }: { readonly size: number; readonly name: string; readonly seed: number },
): JobSpecInput => ({
  ...jobSpec(federation, step, model, { size, name, seed }),
  rounds: step.rounds,
})
