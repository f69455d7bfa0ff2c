/** `run`: a scenario from its people to its figures. Finished work is kept in the folder. */
import { createHash } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { FedError } from '../../adapters/errors.ts'
import type { Engine } from '../../device/engine/engine.ts'
import { type LocalModel, openModel } from '../../device/engine/model/open.ts'
import { openEngine } from '../../device/engine/process/client.ts'
import type { AnswerMemo } from '../../device/reward/choice-features.ts'
import { measureRewriting } from '../labelled/rewriting.ts'
import { meanOf } from '../measure/metrics.ts'
import type { Result } from '../measure/results.ts'
import { type Federated, federate, federationKey } from '../population/federate.ts'
import { openPooledFile, rememberPooled } from '../population/shared-engine.ts'
import { type AssessedWorld, assessWorld, beside, masksOf, reportOf } from './assess.ts'
import { codeKey, FEDERATION_SOURCES } from './code-key.ts'
import { COMPARED } from './figures.ts'
import { measuredResults, meteredEngine, scoringSeconds } from './meter.ts'
import type { RunReport } from './run-report.ts'
import { type Ablation, ablatedPlan, type Scenario } from './scenario.ts'
import { makeWorld, type World, withoutNamed, withoutStates } from './world.ts'

export type RunOptions = {
  readonly scenario: Scenario
  /** Of the first world; each further one has the next. */
  readonly seed: number
  /** Default 1. */
  readonly worlds?: number
  readonly ablate: readonly Ablation[]
  /** Taken away besides in a second run over the same people, which the first is compared with. */
  readonly against?: readonly Ablation[]
  /** Names of the arms that are judged, besides those that cost nothing; default: all. */
  readonly arms?: ReadonlySet<string>
  /** Where everything that was computed is kept; runs of other seeds and ablations may share it. */
  readonly out: string
  readonly cache: string
  readonly threads?: number
  readonly log: (line: string) => void
  readonly signal?: AbortSignal
}

/** Memory for states below the adapter, so that rounds need not compute them again. */
const CACHE_BYTES = 1.5 * 2 ** 30

/** Fails with E_MODEL_MISSING, E_CONFLICT (another run is at work in the folder), E_CANCELLED. */
export const runScenario = async (options: RunOptions): Promise<RunReport> => {
  const { scenario, cache, threads, signal } = options
  const model = await openModel({ cacheFolder: cache, name: scenario.model })
  checkScenario(scenario, model)
  const out = resolve(options.out)
  mkdirSync(out, { recursive: true, mode: 0o700 })
  const kept = openPooledFile(join(out, 'pooled.sqlite'))
  const engine = openEngine({
    folder: model.folder,
    oneChild: true,
    cacheBytes: CACHE_BYTES,
    ...(threads && { threads }),
    ...(signal && { signal }),
  })
  try {
    return await evaluate({ ...options, out }, model, engine, kept)
  } catch (error) {
    if (!signal?.aborted) throw error
    const advice = 'interrupted; the same command goes on from here'
    throw new FedError('E_CANCELLED', advice, { cause: error })
  } finally {
    await engine.close()
    kept.close()
  }
}

const evaluate = async (
  options: RunOptions,
  model: LocalModel,
  plainEngine: Engine,
  kept: ReturnType<typeof openPooledFile>,
): Promise<RunReport> => {
  const { scenario, seed, worlds = 1, ablate, against = [], log } = options
  const began = performance.now()
  const meter = meteredEngine(plainEngine)
  const assessed: AssessedWorld[] = []
  for (let w = 0; w < worlds; w++) {
    const ofWorld = (line: string) =>
      log(worlds > 1 ? `world ${w + 1} of ${worlds}: ${line}` : line)
    const given = { ...options, seed: seed + w, log: ofWorld }
    const world = await runWorld(given, model, meter.engine, kept)
    assessed.push(
      against.length === 0
        ? world
        : beside(world, await runWorld(lessOf(given, against), model, meter.engine, kept)),
    )
  }
  const report = reportOf({ scenario, seed, ablate, against, model }, assessed)
  const engine = rememberPooled(meter.engine, model.base.weights, kept)
  const rewriting =
    scenario.rewriting && !ablate.includes('rewrite')
      ? await measureRewriting({ model, engine, seed, log })
      : []
  const latency = await scoringSeconds(plainEngine, {
    vocab: model.base.shape.vocab,
    exitLayer: scenario.federation.exitLayer ?? model.suggestedExit,
  })
  return {
    ...report,
    results: [...report.results, ...rewriting],
    measured: [
      ...measuredResults(meter, latency),
      ...trafficResults(assessed.flatMap(({ federated }) => federated?.rounds ?? [])),
      { name: 'measured.run', value: (performance.now() - began) / 1000, unit: 's' },
    ],
  }
}

/** The same world without the parts that a run is compared against, and the arms that are compared. */
const lessOf = (options: RunOptions, against: readonly Ablation[]): RunOptions => ({
  ...options,
  ablate: [...new Set([...options.ablate, ...against])],
  arms: new Set(COMPARED.filter((arm) => options.arms?.has(arm) ?? true)),
  log: (line) => options.log(`without ${against.join(', ')}: ${line}`),
})

/** People, federation and newcomers of one seed. */
const runWorld = async (
  options: RunOptions,
  model: LocalModel,
  meteredEngine: Engine,
  kept: ReturnType<typeof openPooledFile>,
): Promise<AssessedWorld> => {
  const { scenario, seed, ablate, out, arms, log, signal } = options
  const world = makeWorld(scenario, seed)
  const memo: AnswerMemo = new Map()
  const plan = ablatedPlan(scenario.federation, ablate)
  const { maxTokens } = plan
  const remembered = rememberPooled(meteredEngine, model.base.weights, kept)
  const engine = ablate.includes('states')
    ? withoutStates(remembered, model.base.shape.hidden)
    : remembered
  if (ablate.includes('named'))
    withoutNamed(memo, { tokenizer: model.tokenizer, maxTokens }, linesOf(world))
  const shared = { model, engine, memo, plan, seed, log, ...(signal && { signal }) }
  const logs = world.learners.map((learner) => learner.train)
  const code = codeKey(FEDERATION_SOURCES)
  const key = shortHash([federationKey({ plan, model, seed, logs }), masksOf(ablate), code])
  const folder = join(out, `federation-${key}`)
  const federated = plan.steps.length === 0 ? null : await federate({ ...shared, folder, logs })
  return assessWorld({
    ...shared,
    ...{ scenario, ablate, world, federated, kept, out },
    ...(arms && { arms }),
  })
}

const checkScenario = ({ federation }: Scenario, { base }: LocalModel): void => {
  if ((federation.exitLayer ?? 1) > base.shape.layers)
    throw new FedError(
      'E_USAGE',
      `exitLayer: the model has ${base.shape.layers} layers, got ${federation.exitLayer}`,
    )
}

const linesOf = ({ learners, newcomers }: World) =>
  [...learners, ...newcomers].flatMap(({ train, test }) => [...train, ...test])

/** Bytes of a device for one round of each kind. */
const trafficResults = (rounds: Federated['rounds']): Result[] =>
  (['statistics', 'prior', 'adapter'] as const).flatMap((kind) => {
    const all = rounds
      .filter((round) => round.kind === kind)
      .flatMap((round) => round.contributions)
    if (all.length === 0) return []
    return (['up', 'down'] as const).map((way) => ({
      name: `measured.bytes_${way}.${kind}`,
      value: meanOf(all.map((c) => c[way])),
      unit: 'bytes',
      n: all.length,
    }))
  })

const shortHash = (value: unknown): string =>
  createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 12)
