import { expect, test } from 'vitest'
import { fft } from '../../../adapters/math/fft.ts'
import { seededRng } from '../../../adapters/random.ts'

/** By the definition. */
const slowly = (re: Float64Array, im: Float64Array) => {
  const sum = (k: number, part: (n: number, angle: number) => number) =>
    re.reduce((total, _, n) => total + part(n, (-2 * Math.PI * n * k) / re.length), 0)
  return {
    re: re.map((_, k) => sum(k, (n, a) => re[n]! * Math.cos(a) - im[n]! * Math.sin(a))),
    im: re.map((_, k) => sum(k, (n, a) => re[n]! * Math.sin(a) + im[n]! * Math.cos(a))),
  }
}

const draw = (size: number) => {
  const rng = seededRng(`fft-${size}`)
  return [0, 1].map(() => Float64Array.from({ length: size }, () => rng.normal()))
}

test.each([1, 2, 4, 64, 256])('of %i numbers it is what the definition says', (size) => {
  const [re, im] = draw(size) as [Float64Array, Float64Array]
  const expected = slowly(re, im)
  fft(re, im)
  for (let k = 0; k < size; k++) {
    expect(re[k]).toBeCloseTo(expected.re[k]!, 10)
    expect(im[k]).toBeCloseTo(expected.im[k]!, 10)
  }
})

test('with real and imaginary parts exchanged it goes back', () => {
  const [re, im] = draw(1024) as [Float64Array, Float64Array]
  const [before, beside] = [re.slice(), im.slice()]
  fft(re, im)
  fft(im, re)
  for (let k = 0; k < 1024; k++) {
    expect(re[k]! / 1024).toBeCloseTo(before[k]!, 12)
    expect(im[k]! / 1024).toBeCloseTo(beside[k]!, 12)
  }
})

test.each([0, 3, 12])('%i numbers are refused', (size) => {
  expect(() => fft(new Float64Array(size), new Float64Array(size))).toThrow(RangeError)
})
