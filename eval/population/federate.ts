/** From choice logs to releases: the real server and real devices in this process; resumable. */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { FedError } from '../../adapters/errors.ts'
import type { ChoiceLine } from '../../adapters/formats/choice-log.ts'
import { MODULES } from '../../adapters/lora/spec.ts'
import { replaceFileSync } from '../../adapters/node/replace-file.ts'
import { seededRng } from '../../adapters/random.ts'
import { HOUR_MS } from '../../adapters/time.ts'
import {
  CompressionPlan,
  type JobSpecInput,
  type JobView,
  OptimizerPlan,
  PriorPlan,
  StrategyName,
  TrainingPlan,
} from '../../adapters/wire/jobs.ts'
import { withoutWords } from '../../adapters/wire/lineage.ts'
import type { FeatureSpace } from '../../adapters/wire/primitives.ts'
import { deviceIdOf } from '../../adapters/wire/signature.ts'
import type { Engine } from '../../device/engine/engine.ts'
import type { LocalModel } from '../../device/engine/model/open.ts'
import { runRound } from '../../device/federation/compute-round.ts'
import { DeviceSettings } from '../../device/home/settings.ts'
import {
  type AnswerMemo,
  encodeChoice,
  usefulChoices,
} from '../../device/reward/choice-features.ts'
import { featureSpace } from '../../device/reward/feature-space.ts'
import { readRelease } from '../../device/reward/read-release.ts'
import { progressMeter } from '../measure/progress.ts'
import { type Fleet, openFleet, seededKeyPair } from './fleet.ts'
import { type JointGradient, type JointReport, jointGradient } from './joint-gradient.ts'
import { type Contribution, type Journal, noteContribution, openJournal } from './journal.ts'
import { type LocalServer, openLocalServer } from './local-server.ts'

/** Rounds of one kind. cohort: devices drawn for each; default all. The rest is the job's. */
export const FederationStep = z.strictObject({
  kind: z.enum(['statistics', 'prior', 'adapter']),
  rounds: z.int().min(1).max(1000).default(1),
  cohort: z.int().min(1).max(1_000_000).optional(),
  strategy: StrategyName.optional(),
  /** Of the server; default: by training.method. */
  optimizer: OptimizerPlan.optional(),
  training: TrainingPlan.omit({ maxTokens: true }).prefault({}),
  prior: PriorPlan.prefault({}),
})
export type FederationStep = z.infer<typeof FederationStep>

export const FederationPlan = z.strictObject({
  /** Default: the model's. */
  exitLayer: z.int().min(1).max(256).optional(),
  /** LoRA lies on so many of the last layers below the exit. */
  compression: CompressionPlan.optional(),
  adapter: z
    .strictObject({
      layers: z.int().min(1).max(256).default(4),
      rank: z.int().min(1).max(256).default(8),
      alpha: z.number().positive().max(4096).default(16),
    })
    .prefault({}),
  maxTokens: z.int().min(16).max(4096).default(DeviceSettings.parse({}).maxTokens),
  /** False: the feature space of version 0.1. */
  words: z.boolean().default(true),
  steps: z.array(FederationStep).min(1).max(1000),
})
export type FederationPlan = z.infer<typeof FederationPlan>

export type FederateOptions = {
  /** The server's store and what has been done; the same inputs go on with what is there. */
  readonly folder: string
  /** One device a user with a choice between answers. Devices are never given test lines. */
  readonly logs: readonly (readonly ChoiceLine[])[]
  readonly model: LocalModel
  /** With pooled states remembered (shared-engine.ts). */
  readonly engine: Engine
  readonly memo: AnswerMemo
  readonly plan: FederationPlan
  readonly seed: number
  readonly log: (line: string) => void
  readonly signal?: AbortSignal
  /** False: rounds of gradients are computed device by device, which costs a pass for each. */
  readonly isJoint?: boolean
}

export type FederationRound = {
  readonly kind: FederationStep['kind']
  /** The plan's step, from 0, and the round within it. */
  readonly step: number
  readonly round: number
  /** Bytes of the release that came of it. */
  readonly release: Uint8Array
  readonly hash: string
  readonly received: number
  readonly contributions: readonly Contribution[]
  /** Of a round of gradients that was computed for the whole cohort in this run. */
  readonly joint?: JointReport
}

export type Federated = {
  readonly devices: number
  /** Every round of every step, in order. */
  readonly rounds: readonly FederationRound[]
  /** The last release before an adapter is trained; null where the plan begins with the adapter. */
  readonly beforeAdapter: Uint8Array | null
  readonly final: Uint8Array
}

/** The first round's time. Each round lasts an hour by the server's clock, whatever it takes. */
const START_MS = 1_760_000_000_000
const DEADLINE_MS = HOUR_MS / 2
/** Devices at work together where none trains: one waits for the disk while another computes. */
const AT_ONCE = 3

/** E_CONFLICT: another federation's folder; E_DATA: no learner; E_JOB_STATE; E_CANCELLED. */
export const federate = async (options: FederateOptions): Promise<Federated> => {
  const { folder, plan, signal } = options
  const logs = options.logs
    .map((lines) => usefulChoices(lines.filter((line) => line.split !== 'test')))
    .filter((lines) => lines.length > 0)
  if (logs.length === 0) throw new FedError('E_DATA', 'nobody has choices to learn from')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  checkKey(options)
  const journal = openJournal(join(folder, 'contributions.jsonl'))
  const server = await openLocalServer(join(folder, 'server'), START_MS)
  const together: Together = { joint: undefined }
  let fleet: Fleet | undefined
  try {
    fleet = await openDevices(options, logs, server, together)
    const rounds: FederationRound[] = []
    for (const [at, place] of roundsOf(plan).entries()) {
      signal?.throwIfAborted()
      rounds.push(
        await playRound({ ...options, logs, server, fleet, journal, together }, at, place),
      )
    }
    const first = rounds.findIndex((r) => r.kind === 'adapter')
    const before = first < 0 ? rounds.at(-1) : rounds[first - 1]
    return {
      devices: logs.length,
      rounds,
      beforeAdapter: before?.release ?? null,
      final: rounds.at(-1)!.release,
    }
  } catch (error) {
    if (!signal?.aborted) throw error
    const advice = 'interrupted; the same command goes on from here'
    throw new FedError('E_CANCELLED', advice, { cause: error })
  } finally {
    await fleet?.close()
    await server.close()
  }
}

/** The gradient that a cohort computes together, while a round of that kind is open. */
type Together = { joint: JointGradient | undefined }

const openDevices = async (
  { model, engine, memo, seed }: FederateOptions,
  logs: FederateOptions['logs'],
  server: LocalServer,
  together: Together,
): Promise<Fleet> => {
  const keys = logs.map((_, i) => seededKeyPair(`federate/${seed}/${i}`))
  const tokens = await tokensFor(server, keys)
  const { url: serverUrl, transport, now: clock } = server
  return openFleet({
    ...{ logs, tokens, keys, serverUrl, transport, clock, model, engine, memo, seed },
    runRound: (device, ...args) =>
      together.joint ? together.joint.run(device, ...args) : runRound(...args),
  })
}

type RoundDeps = FederateOptions & {
  readonly server: LocalServer
  readonly fleet: Fleet
  readonly journal: Journal
  readonly together: Together
}
type Place = { readonly step: FederationStep; readonly index: number; readonly round: number }

/** at: number of the round in the whole plan. A round that was released earlier is read back. */
const playRound = async (
  deps: RoundDeps,
  at: number,
  { step, index, round }: Place,
): Promise<FederationRound> => {
  const { logs, server, plan, model, seed } = deps
  server.setTime(START_MS + at * HOUR_MS)
  const cohort = drawCohort(seed, at, logs.length, step.cohort)
  const name = `${step.kind} ${index}.${round}`
  const job = await server.createJob(
    jobSpec(plan, step, model, { size: cohort.length, name, seed }),
    `round-${at}`,
    seededRng(`federate/${seed}/${at}`),
  )
  if (isCollecting(job)) {
    const label = `${step.kind} round ${round + 1} of ${step.rounds}`
    await readAnswers(deps, cohort, job, `${label}: reading answers`)
    deps.together.joint = jointOf(deps, { step, index, round }, cohort, label)
    await contribute(deps, at, step, cohort, label)
  }
  const released = await finishRound(server, job.id)
  const joint = deps.together.joint?.report()
  deps.together.joint?.end()
  deps.together.joint = undefined
  const contributions = deps.journal.of(at)
  return {
    ...{ kind: step.kind, step: index, round, ...released, contributions },
    ...(joint && { joint }),
  }
}

const contribute = async (
  { fleet, journal, together: { joint }, log, signal }: RoundDeps,
  at: number,
  step: FederationStep,
  cohort: readonly number[],
  label: string,
): Promise<void> => {
  const meter = progressMeter(log, `${label}: devices`)
  let done = 0
  // Together they wait for each other; a training by itself has the engine to itself.
  const atOnce = joint ? cohort.length : step.kind === 'adapter' ? 1 : AT_ONCE
  await fleet.contribute(
    cohort,
    atOnce,
    (device, sent) => {
      joint?.left(device)
      if (sent) noteContribution(journal, at, device, sent)
      meter(++done, cohort.length)
    },
    signal,
  )
}

/** Devices of a step's first round of which it is told whether they would be clipped. */
const CLIP_SAMPLE = 3

const jointOf = (
  { engine, folder, isJoint = true, log, signal }: RoundDeps,
  { step, round }: Place,
  cohort: readonly number[],
  label: string,
): JointGradient | undefined =>
  isJoint && step.kind === 'adapter' && step.training.method === 'gradient'
    ? jointGradient({
        engine,
        folder,
        expected: cohort.length,
        sampled: new Set(round === 0 ? cohort.slice(0, CLIP_SAMPLE) : []),
        onProgress: progressMeter(log, `${label}: gradient`),
        signal,
      })
    : undefined

/** Pools every answer of a cohort once, in an order that depends on the plan alone. */
const readAnswers = async (
  { logs, server, model, engine, memo, plan: { maxTokens }, log }: RoundDeps,
  cohort: readonly number[],
  { head, spec: { exitLayer, adapter, features } }: JobView,
  label: string,
): Promise<void> => {
  const { tokenizer, base } = model
  const answers = cohort.flatMap((device) =>
    logs[device]!.flatMap((choice) => encodeChoice({ tokenizer, maxTokens, memo }, choice)),
  )
  const { active } = readRelease(await server.release(head!), base, features)
  await engine.pooled(
    [...new Set(answers)].map(({ input }) => input),
    {
      exitLayer,
      adapters: [...active],
      keepFrom: adapter.firstLayer,
      onProgress: progressMeter(log, label),
    },
  )
}

/** Has the round aggregated, past its deadline where a device has failed. */
const finishRound = async (
  server: LocalServer,
  jobId: string,
): Promise<Pick<FederationRound, 'hash' | 'release' | 'received'>> => {
  await server.settle()
  if (isCollecting(await server.job(jobId))) {
    server.setTime(server.now() + DEADLINE_MS)
    await server.settle()
  }
  const { state, reason, spec, rounds } = await server.job(jobId)
  const made = rounds.at(-1)
  if (state !== 'completed' || !made?.release)
    throw new FedError('E_JOB_STATE', `job ${spec.name} ended as ${state}: ${reason}`)
  const { release: hash, received } = made
  return { hash, release: await server.release(hash), received }
}

const roundsOf = ({ steps }: FederationPlan) =>
  steps.flatMap((step, index) =>
    Array.from({ length: step.rounds }, (_, round) => ({ step, index, round })),
  )

const isCollecting = (job: JobView): boolean => job.rounds.at(-1)?.phase === 'collecting'

export const planSpace = (
  { words }: Pick<FederationPlan, 'words'>,
  { hidden }: LocalModel['base']['shape'],
): FeatureSpace => (words ? featureSpace(hidden) : withoutWords(featureSpace(hidden)))

/** Every round is a job of its own, so that each has its own cohort. */
export const jobSpec = (
  plan: FederationPlan,
  step: FederationStep,
  { base, suggestedExit }: LocalModel,
  { size, name, seed }: { readonly size: number; readonly name: string; readonly seed: number },
): JobSpecInput => {
  const exitLayer = plan.exitLayer ?? suggestedExit
  const { layers, rank, alpha } = plan.adapter
  return {
    name,
    base,
    adapter: {
      firstLayer: Math.max(0, exitLayer - layers),
      endLayer: exitLayer,
      modules: [...MODULES],
      rank,
      alpha,
    },
    exitLayer,
    features: planSpace(plan, base.shape),
    contributions: [step.kind],
    ...(step.strategy && { strategy: step.strategy }),
    ...(step.optimizer && { optimizer: step.optimizer }),
    cohort: {
      size,
      goal: size,
      minimum: Math.ceil(size / 2),
      deadlineMs: DEADLINE_MS,
      retries: 0,
    },
    training: { ...step.training, maxTokens: plan.maxTokens },
    prior: step.prior,
    ...(plan.compression && { compression: plan.compression }),
    seed,
  }
}

const drawCohort = (seed: number, at: number, devices: number, size = devices): number[] => {
  const all = Array.from({ length: devices }, (_, i) => i)
  return size >= devices
    ? all
    : seededRng(`cohort/${seed}/${at}`)
        .shuffle(all)
        .slice(0, size)
        .sort((a, b) => a - b)
}

/** null for those that the server knows. */
const tokensFor = async (
  server: LocalServer,
  keys: readonly { readonly publicKey: string }[],
): Promise<(string | null)[]> => {
  const known = await server.deviceIds()
  const isNew = keys.map((key) => !known.has(deviceIdOf(key.publicKey)))
  const tokens = await server.tokens(isNew.filter(Boolean).length)
  return isNew.map((fresh) => (fresh ? tokens.shift()! : null))
}

/** Names a federation by everything that its releases depend on. */
export const federationKey = ({
  plan,
  model,
  seed,
  logs,
}: Pick<FederateOptions, 'plan' | 'model' | 'seed' | 'logs'>): string => {
  const { base } = model
  const features = planSpace(plan, base.shape)
  const hash = createHash('sha256').update(JSON.stringify({ plan, base, features, seed }))
  for (const log of logs) hash.update(JSON.stringify(log))
  return hash.digest('hex')
}

/** Writes what the folder's federation is made of; E_CONFLICT if it is made of something else. */
const checkKey = (options: FederateOptions): void => {
  const key = federationKey(options)
  const path = join(options.folder, 'federation.json')
  if (!existsSync(path)) {
    replaceFileSync(path, JSON.stringify({ key }))
  } else if ((JSON.parse(readFileSync(path, 'utf8')) as { key?: string }).key !== key)
    throw new FedError(
      'E_CONFLICT',
      'the folder holds a federation of other people, another plan, model or seed: give ' +
        'another folder, or remove it',
    )
}
