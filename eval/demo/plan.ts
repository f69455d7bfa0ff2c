/** The demo's sizes and the jobs it runs. The whole is to end within six minutes on two cores. */
import type { JobSpecInput } from '../../adapters/wire/jobs.ts'
import type { LocalModel } from '../../device/engine/model/open.ts'
import { readData } from '../data/read-data.ts'
import { type FederationStep, jobSpec } from '../population/federate.ts'
import { Scenario } from '../run/scenario.ts'

/** A scenario, as `loreweave-eval run` has; its steps are the demo's jobs, over HTTP. */
const DEMO = readData('scenarios/demo.json', Scenario)

export const demoScenario = (
  model: string,
  learners: { readonly devices: number; readonly choices: number },
): Scenario => ({
  ...DEMO,
  model,
  people: { ...DEMO.people, learners: { count: learners.devices, choices: learners.choices } },
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
