/** AdamW (Loshchilov and Hutter 2019, algorithm 2, with the constants and order of PyTorch), and
 *  global gradient clipping. */

export type AdamW = {
  /** Exponential means of the gradient and of its square; as long as the parameters. */
  readonly first: Float32Array
  readonly second: Float32Array
  /** Steps taken. */
  step: number
}

type AdamWSettings = {
  readonly learningRate: number
  readonly weightDecay: number
  readonly beta1?: number
  readonly beta2?: number
  readonly epsilon?: number
}

/** Half-open ranges of the flat vector that move. */
type Ranges = readonly { readonly start: number; readonly end: number }[]

export const newAdamW = (size: number): AdamW => ({
  first: new Float32Array(size),
  second: new Float32Array(size),
  step: 0,
})

/** One step; mutates parameters and state, inside the ranges only. */
export const adamWStep = (
  parameters: Float32Array,
  gradient: Float64Array,
  state: AdamW,
  settings: AdamWSettings,
  ranges: Ranges,
): void => {
  const { learningRate, weightDecay, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = settings
  const { first, second } = state
  state.step++
  const correction1 = 1 - beta1 ** state.step
  const correction2 = 1 / Math.sqrt(1 - beta2 ** state.step)
  const size = learningRate / correction1
  const kept = 1 - learningRate * weightDecay
  for (const { start, end } of ranges)
    for (let i = start; i < end; i++) {
      const g = gradient[i]!
      first[i] = beta1 * first[i]! + (1 - beta1) * g
      second[i] = beta2 * second[i]! + (1 - beta2) * g * g
      const denominator = Math.sqrt(second[i]!) * correction2 + epsilon
      parameters[i] = parameters[i]! * kept - (size * first[i]!) / denominator
    }
}

/** Scales the gradient to at most clipNorm (0: never), in place; returns its norm before. */
export const clipGradient = (gradient: Float64Array, clipNorm: number): number => {
  let squares = 0
  for (let i = 0; i < gradient.length; i++) squares += gradient[i]! * gradient[i]!
  const norm = Math.sqrt(squares)
  if (clipNorm > 0 && norm > clipNorm) {
    const scale = clipNorm / norm
    for (let i = 0; i < gradient.length; i++) gradient[i]! *= scale
  }
  return norm
}
