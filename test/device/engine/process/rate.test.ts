import { expect, test } from 'vitest'
import { rateMeter } from '../../../../device/engine/process/rate.ts'

const at = (step: number, tokens = 100 * step) => ({ step, steps: 100, tokens })

test('says nothing at the first step, then tokens a second and the time left', () => {
  const rate = rateMeter()
  expect(rate(at(1), 0)).toBeUndefined()
  expect(rate(at(2), 500)).toEqual({ tokensPerSecond: 200, secondsLeft: 49 })
})

test('forgets how fast it was more than twenty seconds ago', () => {
  const rate = rateMeter()
  rate(at(1), 0)
  rate(at(2), 1000)
  expect(rate(at(3), 31_000)).toEqual({ tokensPerSecond: 100 / 30, secondsLeft: 97 * 30 })
})

test('a step longer than that is measured by itself', () => {
  const rate = rateMeter()
  rate(at(1), 0)
  expect(rate(at(2), 60_000)?.secondsLeft).toBe(98 * 60)
})

test('begins again where a training was taken up from an earlier checkpoint', () => {
  const rate = rateMeter()
  rate(at(5), 0)
  expect(rate(at(3), 1000)).toBeUndefined()
  expect(rate(at(4), 2000)).toEqual({ tokensPerSecond: 100, secondsLeft: 96 })
})
