/** The current speed of a training, and the time that it will still take. */
import type { TrainProgress } from '../engine.ts'

type Rate = { readonly tokensPerSecond: number; readonly secondsLeft: number }

/** The rate is measured over this window. */
const WINDOW_MS = 20_000

/** One per training. nowMs stands still during pauses. undefined before the second step. */
export const rateMeter = () => {
  let seen: { readonly at: number; readonly step: number; readonly tokens: number }[] = []
  return (
    { step, steps, tokens }: Pick<TrainProgress, 'step' | 'steps' | 'tokens'>,
    nowMs: number,
  ): Rate | undefined => {
    // A training that resumed from its checkpoint reports some steps again.
    if (step <= (seen.at(-1)?.step ?? -1)) seen = []
    seen.push({ at: nowMs, step, tokens })
    while (seen.length > 2 && seen[1]!.at <= nowMs - WINDOW_MS) seen.shift()
    const first = seen[0]!
    const seconds = (nowMs - first.at) / 1000
    if (step === first.step || seconds <= 0) return undefined
    return {
      tokensPerSecond: (tokens - first.tokens) / seconds,
      secondsLeft: ((steps - step) * seconds) / (step - first.step),
    }
  }
}
