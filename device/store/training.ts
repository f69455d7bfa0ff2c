/** What a home knows of its training: whether it is paused, which is kept, and how far it is. */
import { FedError } from '../../adapters/errors.ts'
import type { TrainProgress } from '../engine/engine.ts'
import type { Progress } from '../home/progress.ts'
import type { Sleep } from '../http/sleep.ts'
import type { DeviceStore } from './store.ts'
import type { StoreTx } from './tables.ts'
import type { TrainingStatus } from './training-status.ts'

type States = Pick<DeviceStore, 'get'>
type Known = Pick<DeviceStore, 'live'>

/** Cheap enough to be asked many times a second. */
export const isTrainingPaused = (store: States): boolean => store.get('paused') ?? false

/** From then on nothing of this home trains, until it is false again. */
export const setTrainingPaused = (store: Pick<StoreTx, 'set'>, paused: boolean): void =>
  store.set('paused', paused)

export const trainingStatus = (store: States & Known): TrainingStatus => {
  const run = store.live.training
  return {
    state: isTrainingPaused(store) ? 'paused' : run ? 'running' : 'idle',
    step: run?.step ?? null,
    steps: run?.steps ?? null,
    tokensPerSecond: run?.tokensPerSecond ?? null,
    secondsLeft: run?.secondsLeft ?? null,
  }
}

export type TrainingReport = { onTrain(progress: TrainProgress): void; end(): void }

/** Tells how a training goes: to the caller, and to whoever asks for its status. */
export const reportTraining = (
  { live }: Known,
  onProgress: ((progress: Progress) => void) | undefined,
): TrainingReport => ({
  onTrain({ step, steps, loss, tokensPerSecond = null, secondsLeft = null }) {
    const rate = rateText({ tokensPerSecond, secondsLeft })
    const note = `loss ${loss.toFixed(4)}${rate && `, ${rate}`}`
    onProgress?.({ step: 'training', done: step, of: steps, note })
    live.training = { step, steps, tokensPerSecond, secondsLeft }
  },
  end: () => {
    live.training = null
  },
})

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
