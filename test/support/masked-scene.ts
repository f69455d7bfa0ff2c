/** A masked round over a real port: the server as `serve` has it, and its clock passes when all wait. */
import { appendFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { type MaskedPlan, maskPlanDigest, readRing } from '../../adapters/contributions/masked.ts'
import { decodeRelease } from '../../adapters/contributions/messages.ts'
import { CONTRIBUTIONS } from '../../adapters/contributions/table.ts'
import { nativeCiphers } from '../../adapters/node/ciphers.ts'
import { cryptoRng } from '../../adapters/random.ts'
import { addTo } from '../../adapters/secagg/ring.ts'
import type { JobSpecInput } from '../../adapters/wire/jobs.ts'
import { finishRelease, startOf } from '../../server/releases/finish.ts'
import { aggregateInWorker, foldInWorker } from '../../server/releases/worker.ts'
import { createServer } from '../../server/routes/app.ts'
import { openFolder } from '../../server/store/open.ts'
import type { Round } from '../../server/store/records.ts'
import { jsonLog } from '../../server/telemetry/log.ts'
import { CREDENTIAL, operatorClient, tinyJob } from './federation-fixture.ts'
import {
  type FleetDevice,
  fleetDevice,
  listening,
  MASK_STEPS,
  type MaskStep,
} from './masked-fleet.ts'

export const PHASE_MS = 60_000
/** Requests under way when the clock passes must not look five minutes old. */
export const DEADLINE_MS = 240_000

export type SceneOptions = {
  readonly count: number
  readonly minimum?: number
  readonly job?: Partial<JobSpecInput>
  /** By number of the device: where it is gone. */
  readonly gone?: ReadonlyMap<number, MaskStep>
  /** A data folder; its log is written there. */
  readonly folder?: string
  readonly pollMs?: number
  /** Whenever a step of the round has begun, and while it goes on. */
  readonly look?: (round: Round) => unknown
}

export const maskedScene = async (options: SceneOptions) => {
  const { count, minimum = 2, folder = ':memory:', gone = new Map(), pollMs = 20 } = options
  const time = { skew: 0 }
  const clock = () => Date.now() + time.skew
  const data = openFolder(folder)
  const log = jsonLog(
    (line) => {
      if (folder !== ':memory:') appendFileSync(`${folder}/log`, `${line}\n`)
    },
    clock,
    'debug',
  )
  const everyone = { burst: 1e6, perSecond: 1e6 }
  const federation = createServer({
    ...data,
    ...{ clock, rng: cryptoRng(), log, hasRoom: undefined, foldAt: undefined },
    ...{ aggregate: aggregateInWorker, fold: foldInWorker, forward: undefined },
    traffic: { limits: { byAddress: everyone, byDevice: everyone } },
    config: {
      operatorCredential: CREDENTIAL,
      pace: { soonMs: 1000, laterMs: 60_000 },
      leastCohort: 1,
      hosts: undefined,
      upstream: undefined,
    },
  })
  const { url, server } = await listening(federation.app.fetch)
  const operator = operatorClient((request) => fetch(request), url)
  const { id: jobId } = await operator.createJob(
    tinyJob({
      cohort: { size: count, goal: count, minimum, choices: '0', deadlineMs: DEADLINE_MS },
      masks: { phaseMs: PHASE_MS },
      ...options.job,
    }),
  )
  const devices: FleetDevice[] = []
  for (let i = 0; i < count; i++)
    devices.push(
      await fleetDevice({
        ...{ serverUrl: url, name: `device-${i}`, token: await operator.token(), clock, pollMs },
        goneIn: gone.get(i),
      }),
    )
  const roundId = (await operator.job(jobId)).rounds[0]!.id
  const close = async () => {
    server.closeAllConnections()
    server.close()
    await federation.close()
  }
  return {
    ...options,
    gone,
    time,
    clock,
    data,
    federation,
    operator,
    jobId,
    roundId,
    devices,
    close,
  }
}
export type MaskedScene = Awaited<ReturnType<typeof maskedScene>>

/** Until the round has ended; who is gone in a step is waited for by the server's clock alone. */
export const runMasked = async (scene: MaskedScene): Promise<Round> => {
  const { devices, data, federation, time, clock, roundId, look } = scene
  const runs = Promise.all(devices.map((device) => device.run()))
  let isOver = false
  let failure: unknown
  void runs
    .catch((error: unknown) => {
      failure = error
    })
    .finally(() => {
      isOver = true
    })
  for (;;) {
    if (failure !== undefined) throw failure
    const round = (await data.store.round(roundId))!
    await look?.(round)
    if (round.phase === 'released' || round.phase === 'abandoned') break
    if (round.phase === 'aggregating') await federation.tick(clock())
    const [done, due] = await standing(scene, round)
    if (round.phase === 'collecting' && done >= due && (isOver || scene.gone.size > 0)) {
      time.skew += round.masking ? PHASE_MS : DEADLINE_MS
      await federation.tick(clock())
    }
    await wait(20)
  }
  await runs
  return (await data.store.round(roundId))!
}

/** How many have done what the step asks for, and how many will. */
const standing = async ({ data, devices, gone, roundId }: MaskedScene, round: Round) => {
  const phases = ['joining', 'sharing', 'masking', 'agreeing', 'unmasking']
  const at = phases.indexOf(round.masking?.phase ?? 'joining')
  const due = devices.filter((_, i) => !isGoneBy(gone.get(i), at)).length
  const kind = (['keys', 'shares', null, 'survivors', 'unmask'] as const)[at] ?? null
  const done = kind === null ? round.received : await data.store.countMaskMessages(roundId, kind)
  return [done, due] as const
}

const isGoneBy = (step: MaskStep | undefined, at: number): boolean =>
  step !== undefined && MASK_STEPS.indexOf(step) <= at

/** Devices whose updates are in the sum: those that were there to send them. */
export const survivorsOf = ({ devices, gone }: MaskedScene): FleetDevice[] =>
  devices.filter((_, i) => !isGoneBy(gone.get(i), MASK_STEPS.indexOf('vector')))

type PlainScene = Pick<MaskedScene, 'data' | 'jobId' | 'roundId'> & {
  readonly operator: Pick<MaskedScene['operator'], 'releaseBytes'>
}

/** The release that the plain quantized sum of these devices makes. */
export const plainRelease = async (
  { data, operator, jobId, roundId }: PlainScene,
  who: readonly Pick<FleetDevice, 'assignment' | 'plain'>[],
): Promise<Uint8Array> => {
  const assignment = who[0]!.assignment()!
  const plan: MaskedPlan = {
    ...assignment,
    masking: assignment.masking!,
    planDigest: maskPlanDigest(assignment),
  }
  const rings = who.map((device) => device.plain())
  const sum = new Uint32Array(rings[0]!.length)
  for (const ring of rings) addTo(sum, ring)
  const read = readRing(sum, plan, nativeCiphers)
  const record = (await data.store.release(assignment.release))!
  const aggregation = {
    spec: (await data.store.job(jobId))!.spec,
    round: (await data.store.round(roundId))!,
    parent: { adapterRounds: record.adapterRounds, optimizer: record.optimizer },
    version: record.summary.version + 1,
    digests: await data.store.digests(roundId),
  }
  const bytes = await operator.releaseBytes(assignment.release)
  const made = finishRelease(aggregation, startOf(aggregation, { bytes }), {
    ...{ rows: CONTRIBUTIONS, devices: who.length, norms: read.norms, gatheredOf: read.totalOf },
  })
  return made.bytes
}

export const cohortOf = (bytes: Uint8Array): number | undefined =>
  decodeRelease(bytes).header.cohort
