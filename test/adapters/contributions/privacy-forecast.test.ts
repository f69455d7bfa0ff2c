import { expect, test } from 'vitest'
import {
  privacyForecast,
  withNoiseMultiplier,
} from '../../../adapters/contributions/privacy-forecast.ts'
import { gaussianEpsilon } from '../../../adapters/privacy/gaussian.ts'
import type { JobSpecInput } from '../../../adapters/wire/jobs.ts'
import { parsedJob } from '../../support/federation-fixture.ts'

const forecast = (more: Partial<JobSpecInput>) =>
  privacyForecast(
    withNoiseMultiplier(
      parsedJob({
        contributions: ['adapter', 'prior'],
        rounds: 10,
        cohort: { size: 1000, goal: 1000, minimum: 1000 },
        training: { updateNorm: 2 },
        prior: { clip: 8 },
        privacy: { epsilon: 4, signal: 0.5 },
        ...more,
      }),
    ),
  )!

test('a job keeps within its epsilon with as little noise as that takes', () => {
  const { noise, epsilon, rounds } = forecast({})
  expect(epsilon).toBeLessThanOrEqual(4)
  expect(epsilon).toBeGreaterThan(4 * 0.999)
  expect(gaussianEpsilon(Math.sqrt(10) / noise, 1e-6)).toBeCloseTo(epsilon, 9)
  expect(rounds).toBe(10)
})

test('the signal-to-noise ratio is that of the mean of a round, and grows with the cohort', () => {
  const { noise, contributions } = forecast({})
  const [adapter, prior] = contributions
  expect(prior).toMatchObject({ name: 'prior', size: 9, clip: 8, meanNorm: 4, share: 0.5 })
  expect(prior!.noiseNorm).toBeCloseTo((noise * 8 * Math.sqrt(2) * 3) / 1000, 3)
  expect(prior!.signalToNoise).toBeCloseTo(4 / prior!.noiseNorm, 9)
  expect(adapter!.signalToNoise).toBeLessThan(prior!.signalToNoise)
  const fewer = forecast({ cohort: { size: 100, goal: 100, minimum: 100 } })
  expect(fewer.contributions[1]!.signalToNoise).toBeCloseTo(prior!.signalToNoise / 10, 2)
})

test('a device that takes part in fewer rounds has a smaller epsilon, which is told apart', () => {
  const privacy = { epsilon: 4, perDevice: 2 }
  const { perDevice, epsilon } = forecast({ privacy })
  expect(perDevice!.rounds).toBe(2)
  expect(perDevice!.epsilon).toBeLessThan(epsilon / 2)
  expect(forecast({ privacy: { ...privacy, perDevice: 10 } }).perDevice).toBeNull()
})

test('a job without privacy has none', () => {
  expect(privacyForecast(parsedJob())).toBeNull()
})
