import { expect, test } from 'vitest'
import type { JobSpec, JobSpecInput } from '../../../adapters/wire/jobs.ts'
import { isRepeat, requestHashOf } from '../../../server/rounds/repeated.ts'
import { parsedJob, tinyJob } from '../../support/federation-fixture.ts'

const requestOf = (overrides: Partial<JobSpecInput> = {}) => ({
  sent: tinyJob(overrides),
  spec: parsedJob(overrides),
})
const made = (spec: JobSpec) => ({ spec })

test('the same words are a repeat, whatever the defaults have become', () => {
  const before = made({ ...parsedJob(), rounds: 7 })
  const hash = requestHashOf(tinyJob())
  expect(isRepeat(requestOf(), hash, before)).toBe(true)
  const { name, ...rest } = tinyJob()
  expect(isRepeat({ ...requestOf(), sent: { ...rest, name } }, hash, before)).toBe(true)
  expect(isRepeat(requestOf({ name: 'other' }), hash, before)).toBe(false)
  expect(isRepeat(requestOf({ rounds: 7 }), hash, before)).toBe(true)
})

test('defaults that are written out make no other job', () => {
  expect(isRepeat(requestOf({ rounds: 1 }), requestHashOf(tinyJob()), made(parsedJob()))).toBe(true)
})

test('of a job that an earlier version made, a left-out field is what it was then', () => {
  const hash = 'a'.repeat(64)
  const wide = made(parsedJob({ prior: { initialVariance: 2 } }))
  expect(isRepeat(requestOf(), hash, wide)).toBe(true)
  expect(isRepeat(requestOf({ prior: { directions: 3 } }), hash, wide)).toBe(false)
  expect(isRepeat(requestOf({ prior: { initialVariance: 3 } }), hash, wide)).toBe(false)
  expect(isRepeat(requestOf({ name: 'other' }), hash, wide)).toBe(false)
})
