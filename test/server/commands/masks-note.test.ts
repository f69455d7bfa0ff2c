import { expect, test } from 'vitest'
import { masksNote } from '../../../server/commands/job-spec.ts'
import { tinyJob } from '../../support/federation-fixture.ts'

const note = (job: Parameters<typeof tinyJob>[0]) => masksNote(tinyJob(job), Date.UTC(2026, 0, 1))
const LARGE = { size: 30, goal: 25, minimum: 20 }

test('a job of twenty devices that could be masked and is not is told what its server sees', () => {
  expect(note({ cohort: LARGE })).toMatch(/sees? the update of each device; "masks": \{\}/)
})

test('nothing is said of a job that is masked, too small for it, or of a kind that cannot be', () => {
  expect(note({ cohort: LARGE, masks: {} })).toBeNull()
  expect(note({ cohort: { size: 3, goal: 3, minimum: 3 } })).toBeNull()
  expect(note({ cohort: LARGE, strategy: 'fedavg' })).toBeNull()
})

test('a masked job that is too small for devices is told before they refuse it', () => {
  const cohort = { size: 10, goal: 5, minimum: 5 }
  expect(note({ cohort, masks: {} })).toMatch(/at least 20 devices, and this job has at most 10/)
})
