/** Judges the people who come after federations, under what these have come to. */
import { join } from 'node:path'
import type { Engine } from '../../device/engine/engine.ts'
import type { LocalModel } from '../../device/engine/model/open.ts'
import type { AnswerMemo, FeatureDeps, PooledCache } from '../../device/reward/choice-features.ts'
import { REQUESTS } from '../answers/requests.ts'
import { progressMeter } from '../measure/progress.ts'
import { type Federated, type FederationPlan, planSpace } from '../population/federate.ts'
import { codeKey, PICK_SOURCES } from './code-key.ts'
import { figuresOf, lessArm } from './figures.ts'
import { judge } from './judge.ts'
import { type LineupDeps, lineup, readAnswers, releasesOf, roundsLineup } from './lineup.ts'
import type { RunReport } from './run-report.ts'
import type { JudgedWorld } from './sample.ts'
import type { Ablation, Scenario } from './scenario.ts'
import type { World } from './world.ts'

export type AssessOptions = {
  readonly scenario: Scenario
  readonly seed: number
  readonly ablate: readonly Ablation[]
  /** Names of the arms that are judged, besides those that cost nothing; default: all. */
  readonly arms?: ReadonlySet<string>
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

export type AssessedWorld = JudgedWorld & { readonly federated: Federated | null }

/** Arms that cost nothing: the others are measured by them. */
const FREE: ReadonlySet<string> = new Set(['first', 'random', 'longest', 'oracle'])

/** Fails with E_CANCELLED; what was judged until then stays. */
export const assessWorld = async (options: AssessOptions): Promise<AssessedWorld> => {
  const { scenario, seed, ablate, world, federated, plan, model, engine, memo } = options
  const { arms, kept, out, log, signal } = options
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
  const all = () => [
    ...lineup(given),
    ...(federated ? roundsLineup(scenario.rounds, federated, given) : []),
  ]
  const judged = await judge({
    arms: arms ? lineup(given).filter(({ name }) => FREE.has(name) || arms.has(name)) : all(),
    logs: world.newcomers,
    world: JSON.stringify({
      seed,
      code: codeKey(PICK_SOURCES),
      maxTokens,
      exitLayer: deps.exitLayer,
      base: model.base.weights,
      masks: masksOf(ablate),
      features: deps.space.named,
    }),
    file: join(out, 'picks.jsonl'),
    log,
    signal,
  })
  return { judged, people: world.newcomers, federated }
}

/** A world with the arms of the same world that had less, under names of their own. */
export const beside = (world: AssessedWorld, less: AssessedWorld): AssessedWorld => ({
  ...world,
  judged: new Map([
    ...world.judged,
    ...[...less.judged]
      .filter(([arm]) => !FREE.has(arm))
      .map(([arm, picks]) => [lessArm(arm), picks] as const),
  ]),
})

/** The figures of worlds that were made of one scenario. */
export const reportOf = (
  {
    scenario,
    seed,
    ablate,
    against = [],
    model,
  }: Pick<AssessOptions, 'scenario' | 'seed' | 'ablate' | 'model'> & Pick<RunReport, 'against'>,
  worlds: readonly AssessedWorld[],
): Omit<RunReport, 'measured'> => {
  const figures = figuresOf(worlds, { prefix: 'run', seed, claude: scenario.claude })
  const people = worlds.flatMap((world) => world.people)
  const families: Record<string, number> = {}
  for (const { family = 'unknown' } of people) families[family] = (families[family] ?? 0) + 1
  const [first] = worlds
  return {
    scenario,
    seed,
    ablate,
    against,
    model: model.base.name,
    people: {
      worlds: worlds.length,
      learners: worlds.reduce((sum, world) => sum + (world.federated?.devices ?? 0), 0),
      newcomers: people.length,
      withTaste: figures.hasTaste.filter(Boolean).length,
      families,
      requests: REQUESTS.slice(0, scenario.world.requests).length,
      unseenTopics: new Set(first?.people.flatMap((p) => p.topics)).size,
    },
    figures,
    rounds: figures.rounds.map(({ at, estimate }) => {
      const { kind, received } = first!.federated!.rounds[at]!
      return { at, kind, received, estimate }
    }),
    results: figures.results,
  }
}

type Reading = Pick<AssessOptions, 'plan' | 'model' | 'engine' | 'memo'>

export const depsOf = ({ plan, model, engine, memo }: Reading): FeatureDeps => {
  const exitLayer = plan.exitLayer ?? model.suggestedExit
  return {
    engine,
    tokenizer: model.tokenizer,
    space: planSpace(plan, model.base.shape),
    exitLayer,
    maxTokens: plan.maxTokens,
    memo,
    keepFrom: Math.max(0, exitLayer - plan.adapter.layers),
    packed: true,
  }
}

/** Ablations that change what is read out of an answer. */
export const masksOf = (ablate: readonly Ablation[]): Ablation[] =>
  ablate.filter((a) => a === 'states' || a === 'named' || a === 'words')
