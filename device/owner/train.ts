/** Trains on this device's own choices: the head, and on request the private adapter. */
import { FedError } from '../../adapters/errors.ts'
import type { Progress } from '../home/progress.ts'
import { type ExitReport, settleExit } from '../reward/choose-exit.ts'
import { pointsGained } from '../reward/held-back-accuracy.ts'
import type { openServing } from '../reward/serving.ts'
import type { PrivateObjective } from '../store/private-adapter.ts'
import type { Calibration } from '../store/states.ts'
import { reportTraining } from '../store/training.ts'

export type TrainOptions = {
  /** Also trains the private adapter, which takes minutes. */
  readonly adapter?: boolean
  /** The private adapter's objective; default: reward, which rerank reads. */
  readonly objective?: PrivateObjective
  readonly epochs?: number
  readonly learningRate?: number
  /**
   * Layer after which answers are read from now on; auto: the one that the device's choices favour.
   */
  readonly exit?: number | 'auto' | undefined
  readonly onProgress?: ((progress: Progress) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

export type TrainReport = {
  readonly exit: ExitReport | null
  readonly choices: number
  readonly pairs: number
  readonly logLikelihood: number
  readonly adapter: {
    readonly losses: number[]
    /** Held-back losses before training and after each epoch; empty without held-back data. */
    readonly heldBack: number[]
    readonly seconds: number
    /** Whether answers are read under it: it was better on choices that it had not seen. */
    readonly serves: boolean
    /**
     * Percentage points of the pairs in those choices that ranking gains by it: 0 if it does not
     * serve, null if there were too few to say.
     */
    readonly points: number | null
  } | null
  readonly margin: number
  readonly heldBack: number
}

type TrainDeps = Parameters<typeof openServing>[0] & { readonly clock: () => number }

export const train = async (
  deps: TrainDeps,
  serving: ReturnType<typeof openServing>,
  refresh: () => Promise<void>,
  options: TrainOptions,
): Promise<TrainReport> => {
  const { store, clock } = deps
  const { adapter, objective = 'reward', epochs, learningRate, onProgress, signal } = options
  const onPooled = pooledProgress(onProgress)
  const isWithoutChoices = adapter && (objective === 'kto' || objective === 'completion')
  if (store.countChoices() === 0 && !isWithoutChoices)
    throw new FedError(
      'E_DATA',
      'there are no choices yet. Run: loreweave train --data choices.jsonl',
    )
  const exit =
    options.exit === undefined ? null : await settleExit(deps, serving, options.exit, onPooled)
  const { onTrain, end } = reportTraining(store, onProgress)
  const trained = adapter
    ? await serving
        .trainPrivate(serving.releaseHash(), {
          objective,
          epochs,
          learningRate,
          signal,
          onPooled,
          onTrain,
        })
        .finally(end)
    : null
  const served = await serving.current(onPooled)
  const { features, head, hyperparameters } = served
  const gain = trained?.gain ?? null
  const serves = gain?.isBetter === true
  const { margin, evidence: heldBack } = hyperparameters
  const trainedAt = Math.floor(clock())
  await store.durably((tx) =>
    tx.set('calibration', { margin, heldBack, trainedAt } satisfies Calibration),
  )
  await refresh()
  return {
    exit,
    choices: features.length,
    pairs: features.reduce((n, f) => n + f.raw.length - 1, 0),
    logLikelihood: head.fit.logLikelihood,
    adapter: trained && {
      losses: [...trained.losses],
      heldBack: trained.evaluations.map(({ loss }) => loss),
      seconds: trained.seconds,
      serves,
      points: serves ? pointsGained(gain.before, gain.after) : gain && 0,
    },
    margin,
    heldBack,
  }
}

export const pooledProgress =
  (onProgress: TrainOptions['onProgress']) =>
  (done: number, of: number): void =>
    onProgress?.({ step: 'states', done, of })
