import { describe, expect, test } from 'vitest'
import {
  cloneSpec,
  parseDuration,
  parseTime,
  readJobSpec,
} from '../../../server/commands/job-spec.ts'
import { expectCode } from '../../support/expect-code.ts'
import { parsedJob, tinyJob } from '../../support/federation-fixture.ts'

const text = JSON.stringify(tinyJob())

describe('a job from a file and flags', () => {
  test('flags win over the file, and defaults are left to the server', () => {
    const spec = readJobSpec(text, { rounds: 4, goal: 3, deadline: 5000, contributions: ['prior'] })
    expect(spec).toMatchObject({
      name: 'tiny',
      rounds: 4,
      contributions: ['prior'],
      cohort: { size: 3, goal: 3, minimum: 1, deadlineMs: 5000 },
    })
    expect(spec).not.toHaveProperty('training')
    expect(spec.cohort).not.toHaveProperty('retries')
  })

  test('flags give a job its start, its repeat, its hours and its span', () => {
    const hours = ['23:00-06:00', '12:00-13:00']
    const flags = { start: 5, every: 3_600_000, times: 3, hours, maxDays: 2, priority: 7 }
    expect(readJobSpec(text, { ...flags, uploadDeadline: 9000, perDay: 2 })).toMatchObject({
      maxDays: 2,
      priority: 7,
      cohort: { uploadMs: 9000, perDay: 2 },
      schedule: {
        startAt: 5,
        repeat: { everyMs: 3_600_000, times: 3 },
        hours: [
          { from: '23:00', to: '06:00' },
          { from: '12:00', to: '13:00' },
        ],
      },
    })
  })

  test('a file that names the clip in two places is told the one', () => {
    const job = JSON.stringify({ ...tinyJob(), privacy: { noise: 5, clip: { prior: 3 } } })
    expect(() => readJobSpec(job, {})).toThrow('write privacy.clip.prior as prior.clip')
  })

  test('a clone has all of the job but its dates', () => {
    const night = { hours: [{ from: '23:00', to: '06:00' }] }
    const job = parsedJob({ schedule: { startAt: 5, ...night }, expiresAt: 9, rounds: 3 })
    const { expiresAt: _, ...rest } = job
    expect(cloneSpec(job)).toEqual({ ...rest, schedule: night })
    expect(cloneSpec(parsedJob({ schedule: { startAt: 5 } }))).not.toHaveProperty('schedule')
  })

  test.each([
    ['hours without an end', text, { hours: ['23:00'] }],
    ['hours that are no times', text, { hours: ['23-6'] }],
    ['a number of times without a repeat', text, { times: 3 }],
    ['not JSON', '{', {}],
    ['no object', '[]', {}],
    ['a goal above the size', text, { goal: 9 }],
    ['an unknown field', JSON.stringify({ ...tinyJob(), extra: 1 }), {}],
  ])('refuses %s with E_USAGE', (_, json, flags) => {
    expectCode('E_USAGE', () => readJobSpec(json, flags))
  })
})

test('times are dates, or durations from now', () => {
  expect(parseTime('+2h', 1000)).toBe(7_201_000)
  expect(parseTime('2026-05-01T23:00Z', 0)).toBe(Date.UTC(2026, 4, 1, 23))
  expectCode('E_USAGE', () => parseTime('tonight', 0))
})

describe('durations', () => {
  test.each([
    ['250', 250],
    ['250ms', 250],
    ['90s', 90_000],
    ['10m', 600_000],
    ['2h', 7_200_000],
    ['7d', 604_800_000],
  ])('%s is %d ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms)
  })

  test.each(['', '-1s', '1.5h', 'soon', '1w'])('refuses "%s" with E_USAGE', (text) => {
    expectCode('E_USAGE', () => parseDuration(text))
  })
})
