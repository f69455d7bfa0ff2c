/**
 * The verdict that a gate waits for: what a release does to the predictions of a choice log, beside
 * the release that devices follow. Heads are fitted to the training lines of each user, under each of
 * the two; both predict the test lines.
 */
import { mkdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { FedError } from '../../adapters/errors.ts'
import { sha256Hex } from '../../adapters/node/sha256.ts'
import { seededRng } from '../../adapters/random.ts'
import type { VerdictView } from '../../adapters/wire/containers.ts'
import { openModel } from '../../device/engine/model/open.ts'
import { openEngine } from '../../device/engine/process/client.ts'
import { DeviceSettings } from '../../device/home/settings.ts'
import {
  type FeatureDeps,
  featurizeChoices,
  usefulChoices,
} from '../../device/reward/choice-features.ts'
import { featureSpace } from '../../device/reward/feature-space.ts'
import { featureScale } from '../../device/reward/head-fit.ts'
import { type Judged, judgeHeldBack } from '../../device/reward/held-back-accuracy.ts'
import { readChoiceFile } from '../inputs/choice-file.ts'
import type { UserLog } from '../inputs/user-log.ts'
import { crossedBootstrap } from '../measure/crossed.ts'
import { progressMeter } from '../measure/progress.ts'
import { openPooledFile, rememberPooled } from '../population/shared-engine.ts'
import { openRelease, type ReadRelease } from './lineup.ts'
import { askedBy } from './world.ts'

export type VerdictOptions = {
  readonly data: string
  readonly skipBad?: boolean
  /** Bytes of releases: the one that is followed, and the one to judge. */
  readonly followed: Uint8Array
  readonly release: Uint8Array
  readonly model: string
  readonly cache: string
  /** Where pooled states are kept. */
  readonly out: string
  readonly threads?: number
  readonly log: (line: string) => void
  readonly signal?: AbortSignal
}

/** What is posted, and how many people it is of. */
export type Said = Omit<VerdictView, 'at' | 'by'> & { readonly people: number }

/** One choice moves the mean by this many nats at most, as on a device. */
const LARGEST_DIFFERENCE = 1
const LARGEST_LOSS = 8

/**
 * mean: of the differences of log-likelihoods, in nats a choice, with its 95 % interval over people
 * and topics. Fails with E_DATA (bad lines unless skipBad, no test line with a choice), and as
 * readRelease and openModel do.
 */
export const verdictOn = async (options: VerdictOptions): Promise<Said> => {
  const { data, skipBad = false, log } = options
  const logs = readChoiceFile({ path: data, skipBad, log }).filter(
    ({ test }) => usefulChoices(test).length > 0,
  )
  if (logs.length === 0)
    throw new FedError('E_DATA', 'no line has "split": "test": there is nothing to judge by')
  const model = await openModel({ cacheFolder: options.cache, name: options.model })
  const out = resolve(options.out)
  mkdirSync(out, { recursive: true, mode: 0o700 })
  const kept = openPooledFile(join(out, 'pooled.sqlite'))
  const { threads, signal } = options
  const engine = openEngine({
    folder: model.folder,
    oneChild: true,
    ...(threads && { threads }),
    ...(signal && { signal }),
  })
  const deps = {
    engine: rememberPooled(engine, model.base.weights, kept),
    tokenizer: model.tokenizer,
    maxTokens: DeviceSettings.parse({}).maxTokens,
    memo: new Map(),
    signal,
  }
  try {
    // Both are read first: one that this model cannot use is refused before the work begins.
    const space = featureSpace(model.base.shape.hidden)
    const [last, next] = [options.followed, options.release].map((release) =>
      openRelease({ hash: sha256Hex(release), release }, { space }, { model }),
    )
    const before = await judgeUnder(deps, logs, last!, progressMeter(log, 'under the followed one'))
    const after = await judgeUnder(deps, logs, next!, progressMeter(log, 'under the one to judge'))
    return { ...summaryOf(logs, before, after), log: sha256Hex(readFileSync(data)) }
  } finally {
    await engine.close()
    kept.close()
  }
}

type JudgeDeps = Omit<FeatureDeps, 'space' | 'exitLayer' | 'keepFrom'>

/** By person, a judgement of each test line, in their order. */
const judgeUnder = async (
  deps: JudgeDeps,
  logs: readonly UserLog[],
  { read }: ReadRelease,
  onProgress: (done: number, of: number) => void,
): Promise<Judged[][]> => {
  const { features: space, exitLayer, adapter } = read.header
  const prior = read.prior(DeviceSettings.parse({}).initialVariance)
  const judged: Judged[][] = []
  for (const { train, test } of logs) {
    const newestFirst = [...train, ...test].toReversed()
    const features = await featurizeChoices(
      { ...deps, space, exitLayer, keepFrom: adapter.firstLayer },
      newestFirst,
      read.active,
    )
    const scale = read.scale ?? featureScale(features, space)
    const count = usefulChoices(test).length
    judged.push(judgeHeldBack({ features, scale }, prior, count).toReversed())
    onProgress(judged.length, logs.length)
  }
  return judged
}

const summaryOf = (
  logs: readonly UserLog[],
  before: readonly (readonly Judged[])[],
  after: readonly (readonly Judged[])[],
): Omit<Said, 'log'> => {
  const lines = after.map((own, u) =>
    own.map(({ logLikelihood }, i) => ({
      top: clip(logLikelihood - before[u]![i]!.logLikelihood, LARGEST_DIFFERENCE),
      bottom: 1,
    })),
  )
  const topics = logs.map(({ test }) => usefulChoices(test).map(askedBy))
  const crossed = crossedBootstrap([topics], seededRng('verdict'))
  const { value, interval } = crossed.estimate(crossed.values((u) => lines[u]))!
  const all = after.flat()
  const sum = (of: (one: Judged) => number) => all.reduce((total, one) => total + of(one), 0)
  return {
    people: logs.length,
    choices: all.length,
    mean: value,
    low: Math.min(value, interval[0]),
    high: Math.max(value, interval[1]),
    loss: clip(-sum((one) => one.logLikelihood) / all.length, LARGEST_LOSS),
    accuracy:
      sum(({ right }) => right) /
      Math.max(
        1,
        sum(({ pairs }) => pairs),
      ),
  }
}

const clip = (x: number, most: number): number => Math.max(-most, Math.min(most, x))
