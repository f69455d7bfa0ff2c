/** `rerank`: every arm on a choice log from anywhere, with a federation's release or none. */
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { FedError } from '../../adapters/errors.ts'
import { type LocalModel, openModel } from '../../device/engine/model/open.ts'
import { openEngine } from '../../device/engine/process/client.ts'
import { DeviceSettings } from '../../device/home/settings.ts'
import type { FeatureDeps } from '../../device/reward/choice-features.ts'
import { featureSpace } from '../../device/reward/feature-space.ts'
import { readChoiceFile } from '../inputs/choice-file.ts'
import type { UserLog } from '../inputs/user-log.ts'
import { progressMeter } from '../measure/progress.ts'
import type { Results } from '../measure/results.ts'
import { type FederationPlan, federate, federationKey } from '../population/federate.ts'
import { openPooledFile, rememberPooled } from '../population/shared-engine.ts'
import { codeKey, PICK_SOURCES } from './code-key.ts'
import { figuresOf } from './figures.ts'
import { judge } from './judge.ts'
import {
  type LineupDeps,
  lineup,
  openRelease,
  type Releases,
  readAnswers,
  releasesOf,
} from './lineup.ts'
import { askedBy } from './world.ts'

export type RerankOptions = {
  readonly data: string
  readonly budgets: readonly number[]
  /** Choice log whose training lines a federation learns from by `plan`. */
  readonly population?: string
  readonly plan: FederationPlan
  readonly release?: string
  readonly outputs?: readonly string[]
  readonly skipBad?: boolean
  readonly exit?: number
  /** People on whom likelihood and log-ratio, and a private adapter and DPO, are judged. */
  readonly likelihood: number
  readonly costly: number
  /** Model of Claude by whose price the product decides how many answers to ask for. */
  readonly claude: string
  readonly seed: number
  readonly model: string
  readonly cache: string
  /** Where what was computed is kept. */
  readonly out: string
  readonly threads?: number
  readonly log: (line: string) => void
  readonly signal?: AbortSignal
}

/** E_DATA: bad lines (unless skipBad), no test line; else fails as federate and openModel do. */
export const runRerank = async (options: RerankOptions): Promise<Results> => {
  const { outputs = [], skipBad = false, log, signal } = options
  const file = { outputs, skipBad, log }
  const logs = readChoiceFile({ ...file, path: options.data }).filter((l) => l.test.length > 0)
  if (logs.length === 0)
    throw new FedError('E_DATA', 'no line has "split": "test": there is nothing to evaluate')
  const population = options.population ? readChoiceFile({ ...file, path: options.population }) : []
  tellOf(logs, population, options)
  const model = await openModel({ cacheFolder: options.cache, name: options.model })
  const out = resolve(options.out)
  mkdirSync(out, { recursive: true, mode: 0o700 })
  const kept = openPooledFile(join(out, 'pooled.sqlite'))
  const engine = openEngine({
    folder: model.folder,
    oneChild: true,
    ...(options.threads && { threads: options.threads }),
    ...(signal && { signal }),
  })
  try {
    return await compare({ ...options, out }, { model, engine, kept, logs, population })
  } finally {
    await engine.close()
    kept.close()
  }
}

type Opened = {
  readonly model: LocalModel
  readonly engine: ReturnType<typeof openEngine>
  readonly kept: ReturnType<typeof openPooledFile>
  readonly logs: readonly UserLog[]
  readonly population: readonly UserLog[]
}

const compare = async (options: RerankOptions, opened: Opened): Promise<Results> => {
  const { budgets, seed, out, log, signal } = options
  const { model, kept, logs } = opened
  const engine = rememberPooled(opened.engine, model.base.weights, kept)
  const shared = {
    model,
    engine,
    memo: new Map(),
    maxTokens: DeviceSettings.parse({}).maxTokens,
    seed,
  }
  const releases = await releasesFor(options, opened, shared)
  const exitLayer = releases?.final.read.header.exitLayer ?? options.exit ?? model.suggestedExit
  const deps: FeatureDeps = {
    ...shared,
    tokenizer: model.tokenizer,
    space: releases?.final.read.header.features ?? featureSpace(model.base.shape.hidden),
    exitLayer,
    keepFrom: releases?.final.read.header.adapter.firstLayer,
  }
  for (const adapters of [[], releases?.final.read.active ?? []])
    await readAnswers(deps, logs, adapters, progressMeter(log, 'reading answers'))
  const middle = budgets.toSorted((a, b) => a - b)[budgets.length >> 1]!
  const costly = { people: options.costly, budgets: [middle] }
  const given: LineupDeps = {
    scenario: {
      budgets: [...budgets],
      likelihood: { people: options.likelihood },
      private: costly,
      dpo: costly,
      whole: { people: 0, budgets: [] },
      shipped: { people: 0, budgets: [] },
      endpoint: { people: 0, budgets: [] },
    },
    people: logs.length,
    releases,
    deps,
    person: { ...shared, exitLayer, claude: options.claude },
    claude: null,
    kept,
    seed,
    ablate: [],
  }
  const judged = await judge({
    arms: lineup(given),
    logs,
    world: JSON.stringify([
      codeKey(PICK_SOURCES),
      seed,
      model.base.weights,
      exitLayer,
      deps.space.named,
    ]),
    file: join(out, 'picks.jsonl'),
    log,
    signal,
  })
  const people = logs.map(({ test }) => ({ test, topics: test.map(askedBy) }))
  const { claude } = options
  return { results: figuresOf([{ judged, people }], { prefix: 'rerank', seed, claude }).results }
}

/** A federation's over the population, or the given release; null: people are on their own. */
const releasesFor = async (
  { plan, release, seed, out, log, signal, ...options }: RerankOptions,
  { model, population }: Opened,
  shared: Pick<LineupDeps['person'], 'engine' | 'memo'>,
): Promise<Releases | null> => {
  const space = featureSpace(model.base.shape.hidden)
  if (release) {
    const bytes = new Uint8Array(readFileSync(release))
    const hash = createHash('sha256').update(bytes).digest('hex')
    return { final: openRelease({ hash, release: bytes }, { space }, { model }), before: null }
  }
  if (!options.population) return null
  const whole = options.exit === undefined ? plan : { ...plan, exitLayer: options.exit }
  const logs = population.map((user) => user.train)
  const key = federationKey({ plan: whole, model, seed, logs }).slice(0, 12)
  const federated = await federate({
    ...shared,
    folder: join(out, `federation-${key}`),
    logs,
    model,
    plan: whole,
    seed,
    log,
    ...(signal && { signal }),
  })
  return releasesOf(federated, { space }, { model })
}

const tellOf = (
  logs: readonly UserLog[],
  population: readonly UserLog[],
  { budgets, costly, log }: RerankOptions,
): void => {
  const most = Math.max(...budgets)
  const few = logs.filter((user) => user.train.length < most).length
  if (few > 0)
    log(
      `${few} of ${logs.length} users have fewer than ${most} choices: they are judged with ` +
        'what they have',
    )
  const names = new Set(population.map((user) => user.user))
  const both = logs.filter((user) => names.has(user.user)).length
  if (both > 0) log(`${both} users of --data are in --population too: they are no newcomers`)
  if (costly === 0)
    log('private adapter and DPO take minutes a person and are left out: see --costly')
}
