/** Which accountant may be used for what was done, and how much noise a promise asks for. */
import { composedMu, gaussianEpsilon } from './gaussian.ts'
import type { PrivacyEvent } from './mechanism.ts'
import { composedLoss, epsilonOf } from './pld.ts'
import { rdpEpsilon } from './rdp.ts'

/** accountant: exact of Gaussians alone. neighbours: what δ and ε hold between; see Mechanism. */
export type Spent = {
  readonly epsilon: number
  readonly accountant: 'exact' | 'pld' | 'rdp'
  readonly neighbours: 'add-or-remove' | 'replace-one'
}

/**
 * ε of all events together at this δ. Events between different kinds of neighbours do not add up:
 * RangeError. Nothing done is nothing spent.
 */
export const spentBy = (events: readonly PrivacyEvent[], delta: number): Spent => {
  if (!(delta > 0 && delta < 1))
    throw new RangeError(`delta must be above 0 and below 1, is ${delta}`)
  if (events.every(({ mechanism }) => mechanism.kind === 'gaussian')) {
    const charges = events.map(({ mechanism, times }) => [mechanism.noise, times] as const)
    const epsilon = gaussianEpsilon(composedMu(charges), delta)
    return { epsilon, accountant: 'exact', neighbours: 'add-or-remove' }
  }
  const replacing = events.filter(({ mechanism }) => mechanism.kind === 'fixed-size').length
  if (replacing === 0) {
    const epsilon = epsilonOf(composedLoss(events), delta)
    return { epsilon, accountant: 'pld', neighbours: 'add-or-remove' }
  }
  if (replacing < events.length)
    throw new RangeError('samples of a fixed size are not accounted together with other mechanisms')
  return { epsilon: rdpEpsilon(events, delta), accountant: 'rdp', neighbours: 'replace-one' }
}

const LEAST_NOISE = 0.05
const MOST_NOISE = 1e6
/** Of the noise: how much more than needed it may be. */
const PRECISION = 1e-4

/**
 * The least noise with which the events stay within epsilon: never less, and at most a relative 1e-4 or
 * so more. RangeError when no noise up to 1e6 is enough.
 */
export const noiseFor = (
  epsilon: number,
  delta: number,
  eventsWith: (noise: number) => readonly PrivacyEvent[],
): number => {
  const spent = (noise: number) => spentBy(eventsWith(noise), delta).epsilon
  // RDP is quick, and asks for a little more noise.
  let noise = LEAST_NOISE
  for (; rdpEpsilon(eventsWith(noise), delta) > epsilon; noise *= 1.1)
    if (noise > MOST_NOISE)
      throw new RangeError(`no noise up to ${MOST_NOISE} keeps within ε = ${epsilon}`)
  // ln ε is nearly a line in ln(noise): the secant method is there in a few steps.
  let last = { at: Math.log(noise), over: Math.log(spent(noise) / epsilon) }
  let next = Math.max(Math.log(LEAST_NOISE), last.at - 0.1)
  while (Math.abs(next - last.at) > PRECISION / 10) {
    const here = { at: next, over: Math.log(spent(Math.exp(next)) / epsilon) }
    const slope = (here.over - last.over) / (here.at - last.at)
    next = Math.max(Math.log(LEAST_NOISE), here.at - here.over / slope)
    last = here
  }
  noise = Math.exp(next)
  while (spent(noise) > epsilon) noise *= 1 + PRECISION / 2
  return noise
}
