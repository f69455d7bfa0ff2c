import { describe, expect, test } from 'vitest'
import { parseDuration, readJobSpec } from '../../../server/commands/job-spec.ts'
import { expectCode } from '../../support/expect-code.ts'
import { tinyJob } from '../../support/federation-fixture.ts'

const text = JSON.stringify(tinyJob())

describe('a job from a file and flags', () => {
  test('flags win over the file, and the file over the defaults', () => {
    const spec = readJobSpec(text, { rounds: 4, goal: 3, deadline: 5000, contributions: ['prior'] })
    expect(spec).toMatchObject({
      name: 'tiny',
      rounds: 4,
      contributions: ['prior'],
      cohort: { size: 3, goal: 3, minimum: 1, deadlineMs: 5000, retries: 2 },
    })
  })

  test.each([
    ['not JSON', '{', {}],
    ['no object', '[]', {}],
    ['a goal above the size', text, { goal: 9 }],
    ['an unknown field', JSON.stringify({ ...tinyJob(), extra: 1 }), {}],
  ])('refuses %s with E_USAGE', (_, json, flags) => {
    expectCode('E_USAGE', () => readJobSpec(json, flags))
  })
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
