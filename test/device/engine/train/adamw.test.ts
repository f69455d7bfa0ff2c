import { expect, test } from 'vitest'
import { adamWStep, clipGradient, newAdamW } from '../../../../device/engine/train/adamw.ts'

const settings = { learningRate: 0.1, weightDecay: 0 }
const all = (n: number) => [{ start: 0, end: n }]

// Whole adapters after three PyTorch steps are compared in test/eval/peers/parity.test.ts.
test('the first step is the learning rate against the sign of the gradient, whatever its size', () => {
  const parameters = Float32Array.of(1, 1, 1)
  adamWStep(parameters, Float64Array.of(5, -0.001, 0), newAdamW(3), settings, all(3))
  expect(parameters[0]).toBeCloseTo(0.9, 5)
  expect(parameters[1]).toBeCloseTo(1.1, 4)
  expect(parameters[2]).toBe(1)
})

test('follows the textbook recursion in float64 over twenty steps', () => {
  const parameters = Float32Array.of(0.5)
  const state = newAdamW(1)
  let [w, m, v] = [0.5, 0, 0]
  for (let t = 1; t <= 20; t++) {
    const g = Math.sin(t)
    adamWStep(
      parameters,
      Float64Array.of(g),
      state,
      { learningRate: 0.01, weightDecay: 0.1 },
      all(1),
    )
    m = 0.9 * m + 0.1 * g
    v = 0.999 * v + 0.001 * g * g
    w =
      w * (1 - 0.01 * 0.1) -
      (0.01 * (m / (1 - 0.9 ** t))) / (Math.sqrt(v / (1 - 0.999 ** t)) + 1e-8)
  }
  expect(parameters[0]).toBeCloseTo(w, 5)
})

test('weight decay is decoupled: it acts without a gradient', () => {
  const parameters = Float32Array.of(2)
  adamWStep(
    parameters,
    Float64Array.of(0),
    newAdamW(1),
    { learningRate: 0.1, weightDecay: 0.5 },
    all(1),
  )
  expect(parameters[0]).toBeCloseTo(2 * (1 - 0.05), 6)
})

test('leaves everything outside the ranges alone', () => {
  const parameters = Float32Array.of(1, 1, 1)
  const range = [{ start: 1, end: 2 }]
  adamWStep(
    parameters,
    Float64Array.of(1, 1, 1),
    newAdamW(3),
    { learningRate: 0.1, weightDecay: 1 },
    range,
  )
  expect([parameters[0], parameters[2]]).toEqual([1, 1])
  expect(parameters[1]).toBeLessThan(1)
})

test('clipping keeps the direction, reports the norm before, and is off at 0', () => {
  const gradient = Float64Array.of(3, 4)
  expect(clipGradient(gradient, 1)).toBe(5)
  expect(gradient[0]).toBeCloseTo(0.6, 12)
  expect(gradient[1]).toBeCloseTo(0.8, 12)
  const free = Float64Array.of(3, 4)
  clipGradient(free, 0)
  expect([...free]).toEqual([3, 4])
})

test('a gradient that is not a number has a norm that is not a number', () => {
  expect(clipGradient(Float64Array.of(1, Number.NaN), 1)).toBeNaN()
})
