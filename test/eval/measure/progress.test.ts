import { expect, test } from 'vitest'
import { duration, progressMeter } from '../../../eval/measure/progress.ts'

const metered = (times: readonly number[]) => {
  const told: string[] = []
  let at = 0
  return {
    told,
    meter: progressMeter(
      (line) => void told.push(line),
      'work',
      () => times[at++]!,
    ),
  }
}

test('time left follows the pace of what was done since the start, and lines are ten seconds apart', () => {
  const { told, meter } = metered([0, 1000, 11_000, 12_000, 40_000])
  for (const done of [1, 11, 12, 40]) meter(done, 40)
  expect(told).toEqual(['work: 11/40, about 29 s left', 'work: 40/40'])
})

test('what an earlier run had done does not make this one look fast', () => {
  const { told, meter } = metered([0, 1000, 20_000])
  meter(81, 100)
  meter(90, 100)
  expect(told).toEqual(['work: 90/100, about 20 s left'])
})

test('durations are told in seconds, then in minutes', () => {
  expect([0, 89_000, 91_000, 3_600_000].map(duration)).toEqual(['0 s', '89 s', '2 min', '60 min'])
})
