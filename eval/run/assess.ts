/** Judges the people who come after a federation, under what it has come to. */
import { join } from 'node:path'
import { VERSION } from '../../adapters/version.ts'
import type { Engine } from '../../device/engine/engine.ts'
import type { LocalModel } from '../../device/engine/model/open.ts'
import type { AnswerMemo, FeatureDeps, PooledCache } from '../../device/reward/choice-features.ts'
import { featureSpace } from '../../device/reward/feature-space.ts'
import { REQUESTS } from '../answers/requests.ts'
import { reachableUtility } from '../measure/metrics.ts'
import { progressMeter } from '../measure/progress.ts'
import type { Federated, FederationPlan } from '../population/federate.ts'
import { costResults } from './cost.ts'
import { figuresOf, meanEstimate, resultOf } from './figures.ts'
import { type JudgeDeps, type Judged, judge } from './judge.ts'
import {
  type LineupDeps,
  lineup,
  readAnswers,
  releasesOf,
  roundArm,
  roundsLineup,
} from './lineup.ts'
import type { RunReport } from './run-report.ts'
import type { Ablation, Scenario } from './scenario.ts'
import type { World } from './world.ts'

export type AssessOptions = {
  readonly scenario: Scenario
  readonly seed: number
  readonly ablate: readonly Ablation[]
  readonly world: World
  /** null: nobody took part in anything. */
  readonly federated: Federated | null
  readonly plan: FederationPlan
  readonly model: LocalModel
  /** With pooled states remembered, and masked where an ablation says so. */
  readonly engine: Engine
  readonly memo: AnswerMemo
  readonly kept: PooledCache
  /** Folder in which picks are kept. */
  readonly out: string
  readonly log: (line: string) => void
  readonly signal?: AbortSignal | undefined
}

/** Fails with E_CANCELLED; what was judged until then stays. */
export const assess = async (options: AssessOptions): Promise<Omit<RunReport, 'measured'>> => {
  const { scenario, seed, ablate, world, federated, plan, model, engine, memo } = options
  const { kept, out, log, signal } = options
  const { maxTokens } = plan
  const deps = depsOf(options)
  const { claude } = scenario
  const person = { model, engine, memo, maxTokens, exitLayer: deps.exitLayer, claude, seed }
  const releases = federated && releasesOf(federated, deps, person)
  const people = world.newcomers.length
  const opened = { releases, deps, person, claude: world.claude, kept }
  const given: LineupDeps = { scenario, people, seed, ablate, ...opened }
  for (const adapters of [[], releases?.final.read.active ?? []]) {
    const meter = progressMeter(log, 'newcomers: reading answers')
    await readAnswers(deps, world.newcomers, adapters, meter)
  }
  const judging: Omit<JudgeDeps, 'arms'> = {
    logs: world.newcomers,
    world: JSON.stringify({
      seed,
      VERSION,
      maxTokens,
      exitLayer: deps.exitLayer,
      base: model.base.weights,
      masks: masksOf(ablate),
      features: deps.space.named,
    }),
    file: join(out, 'picks.jsonl'),
    log,
    signal,
  }
  const judged = await judge({ ...judging, arms: lineup(given) })
  const alongTheWay = await judge({
    ...judging,
    arms: federated ? roundsLineup(scenario.rounds, federated, given) : [],
  })
  const figures = figuresOf(judged, { prefix: 'run', seed })
  const rounds = roundFigures(federated, alongTheWay, figures.hasTaste, seed)
  return {
    scenario,
    seed,
    ablate,
    model: model.base.name,
    people: {
      learners: federated?.devices ?? 0,
      newcomers: people,
      withTaste: figures.hasTaste.filter(Boolean).length,
      families: world.newcomers.map((n) => n.family),
      requests: REQUESTS.slice(0, scenario.world.requests).length,
    },
    figures,
    rounds,
    results: [
      ...figures.results,
      ...rounds.map(({ at, estimate }) => resultOf(`run.round.${at}`, estimate, 'share')),
      ...costResults(judged, world.newcomers, figures.hasTaste, { claude, seed }),
    ],
  }
}

const depsOf = ({ plan, model, engine, memo }: AssessOptions): FeatureDeps => {
  const exitLayer = plan.exitLayer ?? model.suggestedExit
  return {
    engine,
    tokenizer: model.tokenizer,
    space: featureSpace(model.base.shape.hidden),
    exitLayer,
    maxTokens: plan.maxTokens,
    memo,
    keepFrom: Math.max(0, exitLayer - plan.adapter.layers),
  }
}

/** Ablations that change what is read out of an answer. */
export const masksOf = (ablate: readonly Ablation[]): Ablation[] =>
  ablate.filter((a) => a === 'states' || a === 'named')

const roundFigures = (
  federated: Federated | null,
  judged: Judged,
  hasTaste: readonly boolean[],
  seed: number,
): RunReport['rounds'] =>
  (federated?.rounds ?? []).flatMap(({ kind, received }, at) => {
    const [picks] = judged.get(roundArm(at))?.values() ?? []
    if (!picks) return []
    const shares = picks.filter((_, i) => hasTaste[i]).map(reachableUtility)
    return [{ at, kind, received, estimate: meanEstimate(shares, seed, roundArm(at)) }]
  })
