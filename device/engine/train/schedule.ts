/** The learning rate by step, as get_cosine_schedule_with_warmup and
 *  get_constant_schedule_with_warmup of transformers. */
import type { TrainRequest } from '../engine.ts'

/** step: steps taken before this one, so that with a warm-up the first has rate 0; steps: of the
 *  whole run. */
export const learningRateAt = (
  {
    learningRate,
    schedule = 'constant',
    warmup = 0,
  }: Pick<TrainRequest, 'learningRate' | 'schedule' | 'warmup'>,
  step: number,
  steps: number,
): number => {
  const rising = Math.ceil(steps * warmup)
  if (step < rising) return learningRate * (step / rising)
  if (schedule === 'constant') return learningRate
  const progress = (step - rising) / Math.max(1, steps - rising)
  return learningRate * Math.max(0, 0.5 * (1 + Math.cos(Math.PI * progress)))
}
