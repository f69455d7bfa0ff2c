/** The demo's rounds: jobs over HTTP; lighter devices and device programs contribute. */
import { readFileSync } from 'node:fs'
import type { JobView } from '../../adapters/wire/jobs.ts'
import type { LocalModel } from '../../device/engine/model/open.ts'
import type { Traffic } from '../../device/federation/signed-transport.ts'
import type { FederationPlan, FederationRound, FederationStep } from '../population/federate.ts'
import { type Fleet, inTurn } from '../population/fleet.ts'
import type { Scenario } from '../run/scenario.ts'
import { type DemoDevice, type DeviceOptions, participate, prepareDevice } from './devices.ts'
import type { Operator } from './operator.ts'
import type { People } from './people.ts'
import { demoJob } from './plan.ts'
import type { DemoReport } from './report.ts'

export type DemoFederation = {
  readonly scenario: Scenario
  /** The scenario's, without what was taken away. */
  readonly plan: FederationPlan
  readonly model: LocalModel
  readonly people: People
  readonly operator: Operator
  readonly fleet: Fleet
  readonly device: DeviceOptions
  /** One-time tokens of the device programs, first of all. */
  readonly tokens: readonly string[]
  readonly seed: number
  readonly log: (line: string) => void
}

/** own: the device programs, prepared; traffic: what each of them sent and received. */
export const federateOverHttp = async (options: DemoFederation) => {
  const { plan, people, device, tokens } = options
  const own: DemoDevice[] = []
  const prepareOwn = () =>
    inTurn([...people.users.entries()], 2, async ([i, { user, train }]) => {
      own[i] = await prepareDevice(device, user, train, tokens[i]!)
    })
  const jobs: DemoReport['jobs'][number][] = []
  const rounds: FederationRound[] = []
  const traffic: Traffic[] = []
  for (const [index, step] of plan.steps.entries()) {
    // The second step is the first that leaves the processor time for the device programs.
    const [job] = await Promise.all([
      runStep(options, step, index, own, traffic),
      ...(index === Math.min(1, plan.steps.length - 1) ? [prepareOwn()] : []),
    ])
    jobs.push(...jobRows(job))
    rounds.push(...(await releasesOf(options, step, index, job)))
  }
  return { own, rounds, jobs, traffic }
}

/** One job and all contributions. Device programs train, and as many others as the cohort holds. */
const runStep = async (
  { scenario, model, operator, fleet, device, people, seed, log }: DemoFederation,
  step: FederationStep,
  index: number,
  own: readonly DemoDevice[],
  traffic: Traffic[],
): Promise<JobView> => {
  const name = `${index + 1} ${step.kind}`
  const programs = step.kind === 'adapter' ? own : []
  const lighter = Math.min(fleet.size, (step.cohort ?? fleet.size) - programs.length)
  const size = lighter + programs.length
  const [job] = await Promise.all([
    operator
      .createJob(demoJob(scenario, step, model, { size, name, seed }))
      .then((id) => operator.waitForJob(id)),
    fleet.participate(step.rounds, lighter, (done, of) => {
      if (done === of) log(`  ${name}: ${of} contributions of lighter devices`)
    }),
    ...programs.map(async (program) => {
      traffic.push((await participate(device, program, step.rounds)).traffic)
    }),
  ])
  const received = job.rounds.at(-1)?.received ?? 0
  log(`${name}: rounds ${job.rounds.length}, updates in the last ${received}`)
  if (step.kind === 'adapter' && programs.length < people.users.length)
    log(`${name}: without the device programs, which are not ready`)
  return job
}

const releasesOf = async (
  { operator }: DemoFederation,
  { kind }: FederationStep,
  step: number,
  { rounds }: JobView,
): Promise<FederationRound[]> => {
  const read: FederationRound[] = []
  for (const { index: round, release, received } of rounds)
    if (release)
      read.push({
        kind,
        step,
        round,
        release: readFileSync(await operator.saveRelease(release)),
        hash: release,
        received,
        contributions: [],
      })
  return read
}

const jobRows = ({ spec, rounds, endedAt }: JobView): DemoReport['jobs'][number][] =>
  rounds.map((round, i) => ({
    job: spec.name,
    index: round.index,
    factor: round.factor,
    received: round.received,
    seconds: ((rounds[i + 1]?.openedAt ?? endedAt ?? round.deadlineAt) - round.openedAt) / 1000,
    release: round.release,
  }))
