/** `loreweave-eval rerank`: every arm on a choice log from anywhere. */
import { readFileSync } from 'node:fs'
import { FedError } from '../adapters/errors.ts'
import { seededRng } from '../adapters/random.ts'
import { type ChoiceLine, parseChoiceLog } from '../adapters/wire/choice-log.ts'
import type { FeatureDeps } from '../device/agent/choice-features.ts'
import { readRelease } from '../device/agent/released.ts'
import { DeviceSettings } from '../device/agent/settings.ts'
import { openModel } from '../device/engine/model/open.ts'
import { openEngine } from '../device/engine/run/client.ts'
import { featureSpace } from '../device/personalize/feature-space.ts'
import {
  firstArm,
  headArm,
  logsByUser,
  longestArm,
  ON_ITS_OWN,
  type Picker,
  randomArm,
  type UserLog,
} from './arms.ts'
import { bootstrapInterval, meanOf, pairedDifference, reachableUtility } from './metrics.ts'
import type { Result, Results } from './results.ts'
import { rememberPooled } from './shared-engine.ts'

export type RerankOptions = {
  readonly data: string
  readonly budgets: readonly number[]
  readonly release?: string
  readonly skipBad?: boolean
  readonly exit?: number
  readonly seed: number
  readonly model: string
  readonly cache: string
  readonly threads?: number
  readonly log: (line: string) => void
}

/** The arms read and fit as a device does that nobody has changed the settings of. */
const { maxTokens, initialVariance } = DeviceSettings.parse({})

/** Fails with E_DATA on bad lines (unless skipBad), or where no user has a test line. */
export const runRerank = async (options: RerankOptions): Promise<Results> => {
  const logs = logsByUser(readLog(options.data, options.skipBad ?? false, options.log)).filter(
    (l) => l.test.length > 0,
  )
  if (logs.length === 0)
    throw new FedError('E_DATA', 'no line has "split": "test": there is nothing to evaluate')
  const model = await openModel({ cacheFolder: options.cache, name: options.model })
  const space = featureSpace(model.base.shape.hidden)
  const release = options.release
    ? readRelease(readFileSync(options.release), model.base, space)
    : null
  const engine = openEngine({
    folder: model.folder,
    ...(options.threads && { threads: options.threads }),
  })
  try {
    const deps: FeatureDeps = {
      engine: rememberPooled(engine, model.base.weights),
      tokenizer: model.tokenizer,
      space,
      exitLayer: release?.header.exitLayer ?? options.exit ?? model.suggestedExit,
      maxTokens,
      memo: new Map(),
    }
    const rng = seededRng(`rerank/${options.seed}`)
    const arms: Record<string, Picker> = {
      first: firstArm,
      random: randomArm(rng),
      longest: longestArm,
      local: headArm(deps, ON_ITS_OWN, initialVariance),
    }
    if (release) {
      const start = {
        adapters: release.active,
        prior: release.prior(initialVariance),
        scale: release.scale,
      }
      arms['federated'] = headArm(deps, start, initialVariance)
    }
    return { results: await compareArms(arms, logs, options.budgets, rng) }
  } finally {
    await engine.close()
  }
}

/** `rerank.utility.<arm>.<budget>` for every arm, and `rerank.gain.<arm>_over_<arm>.<budget>` paired over users. */
export const compareArms = async (
  arms: Readonly<Record<string, Picker>>,
  logs: readonly UserLog[],
  budgets: readonly number[],
  rng: ReturnType<typeof seededRng>,
  prefix = 'rerank',
): Promise<Result[]> => {
  const results: Result[] = []
  for (const budget of budgets) {
    const shares: Record<string, number[]> = {}
    for (const [arm, picker] of Object.entries(arms)) {
      const values: number[] = []
      for (const log of logs) values.push(reachableUtility(await picker(log, budget)))
      shares[arm] = values
      results.push({
        name: `${prefix}.utility.${arm}.${budget}`,
        value: meanOf(values),
        unit: 'share',
        n: values.length,
        interval: [...bootstrapInterval(values, meanOf, rng)],
      })
    }
    const federated = shares['federated']
    if (!federated) continue
    for (const other of ['local', 'first', 'no_adapter', 'no_prior'].filter((arm) => shares[arm])) {
      const { value, interval, n } = pairedDifference(federated, shares[other]!, rng)
      results.push({
        name: `${prefix}.gain.federated_over_${other}.${budget}`,
        value,
        unit: 'share',
        n,
        interval: [...interval],
      })
    }
  }
  return results
}

const readLog = (
  path: string,
  isSkippingBad: boolean,
  log: (line: string) => void,
): ChoiceLine[] => {
  const { choices, problems } = parseChoiceLog(readFileSync(path, 'utf8'))
  for (const { line, problem } of problems) log(`line ${line}: ${problem}`)
  if (problems.length > 0 && !isSkippingBad)
    throw new FedError(
      'E_DATA',
      `${problems.length} bad lines (the first is line ${problems[0]!.line}); mend them or say --skip-bad`,
    )
  return choices
}
