/** What a home knows of its training: whether it is paused, and how far it is. Kept in the store, where every process of the home sees it. */
import { z } from 'zod'
import { FedError } from '../../adapters/errors.ts'
import type { TrainingStatus } from '../../adapters/wire/personalization.ts'
import type { TrainProgress } from '../engine/run/types.ts'
import type { DeviceStore, StoreTx } from './store.ts'
import type { Sleep } from './transport.ts'
import type { Progress } from './types.ts'

/** Of the process that trains; it may have died since. */
const Run = z.object({
  pid: z.int(),
  step: z.int(),
  steps: z.int(),
  tokensPerSecond: z.number().nullable(),
  secondsLeft: z.number().nullable(),
})

type Kept = Pick<DeviceStore, 'get'>
type Values = Pick<DeviceStore, 'update'>

/** Cheap enough to be asked many times a second. */
export const isTrainingPaused = (store: Kept): boolean => store.get('paused') === true

/** From then on no process of this home trains, until it is false again. */
export const setTrainingPaused = (store: Pick<StoreTx, 'set'>, paused: boolean): void =>
  store.set('paused', paused)

export const trainingStatus = (store: Kept): TrainingStatus => {
  const kept = Run.nullish().parse(store.get('training'))
  const run = kept && isAlive(kept.pid) ? kept : null
  return {
    state: isTrainingPaused(store) ? 'paused' : run ? 'running' : 'idle',
    step: run?.step ?? null,
    steps: run?.steps ?? null,
    tokensPerSecond: run?.tokensPerSecond ?? null,
    secondsLeft: run?.secondsLeft ?? null,
  }
}

export type TrainingReport = { onTrain(progress: TrainProgress): void; end(): void }

const KEEP_MS = 1000

/** Tells how a training goes: to the caller at every step, and to the home's other processes about once a second. */
export const reportTraining = (
  store: Values,
  onProgress: ((progress: Progress) => void) | undefined,
): TrainingReport => {
  let keptAt = Number.NEGATIVE_INFINITY
  return {
    onTrain({ step, steps, loss, tokensPerSecond = null, secondsLeft = null }) {
      const rate = rateText({ tokensPerSecond, secondsLeft })
      const note = `loss ${loss.toFixed(4)}${rate && `, ${rate}`}`
      onProgress?.({ step: 'training', done: step, of: steps, note })
      if (performance.now() - keptAt < KEEP_MS) return
      keptAt = performance.now()
      const run = { pid: process.pid, step, steps, tokensPerSecond, secondsLeft }
      store.update('training', () => run)
    },
    end: () => store.update('training', () => null),
  }
}

/** Empty where nothing is known yet. */
export const rateText = ({
  tokensPerSecond,
  secondsLeft,
}: Pick<TrainingStatus, 'tokensPerSecond' | 'secondsLeft'>): string =>
  tokensPerSecond === null || secondsLeft === null
    ? ''
    : `${Math.round(tokensPerSecond)} tokens/s, ${durationText(secondsLeft)} left`

/** Resolves at once unless training is paused. Fails with E_CANCELLED when the signal aborts. */
export const whenUnpaused = async (
  isPaused: () => boolean,
  sleep: Sleep,
  signal: AbortSignal | undefined,
): Promise<void> => {
  while (isPaused()) {
    await sleep(100, signal).catch(() => {})
    if (signal?.aborted) throw new FedError('E_CANCELLED', 'stopped while training was paused')
  }
}

const durationText = (seconds: number): string => {
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  const minutes = Math.floor(whole / 60)
  return minutes < 60
    ? `${minutes} min ${whole % 60} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
