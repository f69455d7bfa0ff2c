import { expect, test } from 'vitest'
import type { JobSpecInput } from '../../../adapters/wire/jobs.ts'
import { checkLeastCohort, checkPossible } from '../../../server/rounds/possible.ts'
import { expectCode } from '../../support/expect-code.ts'
import { expectRefusal, parsedJob, testServer, tinyJob } from '../../support/federation-fixture.ts'

const NOW = 1_000_000
const WITHIN: Partial<JobSpecInput> = {
  contributions: ['prior'],
  prior: { moments: 'directions', directions: 2 },
}

test.each<[string, Partial<JobSpecInput>]>([
  ['two ends', { expiresAt: NOW + 1000, maxDays: 3 }],
  ['an end in the past', { expiresAt: NOW }],
  ['an end before the start', { expiresAt: NOW + 5, schedule: { startAt: NOW + 6 } }],
  ['a repeat with a fixed end', { expiresAt: NOW + 9, schedule: { repeat: { everyMs: 60_000 } } }],
  ['hours of no length', { schedule: { hours: [{ from: '01:00', to: '01:00' }] } }],
  ['an optimizer of nothing', { contributions: ['prior'], optimizer: { name: 'adam' } }],
  ['momentum of nothing', { contributions: ['prior'], optimizer: { name: 'avgm' } }],
  ['a proximal term on a gradient', { training: { method: 'gradient', proximal: 0.1 } }],
  ['fedex without an add-on', { strategy: 'fedex' }],
  ['ranks of devices that train all', { ranks: [1, 2] }],
  ['a rank above the adapter', { strategy: 'flex', ranks: [1, 3] }],
  ['products of gradients', { strategy: 'flex', training: { method: 'gradient' } }],
  ['an optimizer of products', { strategy: 'flex', optimizer: { name: 'avgm' } }],
  [
    'more single updates than fit into memory',
    { strategy: 'flex', cohort: { size: 100_000, goal: 1, minimum: 1 } },
  ],
  ['products over edges', { strategy: 'flex', cohort: edgesOf(4) }],
  [
    'an add-on over edges',
    { strategy: 'fedex', adapter: { ...tinyJob().adapter, residual: 4 }, cohort: edgesOf(4) },
  ],
  ['a robust rule over edges', { robust: { rule: 'median' }, cohort: edgesOf(9) }],
  ['directions of late devices', { ...WITHIN, async: { maxLag: 2 } }],
  ['moments in no direction', { ...WITHIN, prior: { moments: 'directions', directions: 0 } }],
  ['a clip of full moments', { prior: { clip: 2 } }],
  ['a stop that looks at nothing', { contributions: ['prior'], rounds: 9, earlyStop: STOP() }],
  ['a stop after its last round', { rounds: 2, earlyStop: STOP() }],
  ['Krum among too few', { robust: { rule: 'krum' }, cohort: cohortOf(4) }],
  [
    'Krum with more faulty than it stands',
    { robust: { rule: 'krum', faulty: 0.4 }, cohort: cohortOf(10) },
  ],
  ['trimming of nobody', { robust: { rule: 'trimmed-mean', faulty: 0.1 }, cohort: cohortOf(9) }],
  ['a median of two', { robust: { rule: 'median' }, cohort: cohortOf(2) }],
  ['trust in a root alone', { robust: { rule: 'fltrust', root: 'it' }, cohort: cohortOf(1) }],
  ['half a million pairs', { robust: { rule: 'geometric-median' }, cohort: cohortOf(1001) }],
  [
    'more weight than a sum can have',
    { cohort: { size: 1_000_000, goal: 1, minimum: 1 }, training: { maxPairs: 10_000 } },
  ],
])('refuses %s', (_, overrides) => {
  expectCode('E_BODY', () => checkPossible(parsedJob(overrides), NOW))
})

test('takes what can be', () => {
  checkPossible(parsedJob({ ...WITHIN, async: { maxLag: 0 } }), NOW)
  checkPossible(parsedJob({ maxDays: 3, rounds: 9, earlyStop: STOP() }), NOW)
  checkPossible(parsedJob({ schedule: { repeat: { everyMs: 60_000, times: 3 } } }), NOW)
  checkPossible(parsedJob({ strategy: 'flex', ranks: [2, 1] }), NOW)
  expect(parsedJob({ maxDays: 3 }).maxDays).toBe(3)
})

test('takes a rule with enough devices, and says how many those are', () => {
  checkPossible(parsedJob({ robust: { rule: 'krum' }, cohort: cohortOf(5) }), NOW)
  checkPossible(
    parsedJob({ robust: { rule: 'multi-krum', faulty: 0.1 }, cohort: cohortOf(10) }),
    NOW,
  )
  checkPossible(parsedJob({ robust: { rule: 'norm-bound' }, cohort: cohortOf(100_000) }), NOW)
  const few = parsedJob({ robust: { rule: 'trimmed-mean', faulty: 0.05 }, cohort: cohortOf(12) })
  expect(expectCode('E_BODY', () => checkPossible(few, NOW)).message).toContain('at least 20')
})

function cohortOf(count: number) {
  return { size: count, goal: count, minimum: count }
}

function edgesOf(count: number) {
  return { ...cohortOf(count), edges: true }
}

function STOP() {
  return { belowShare: 0.1, rounds: 2 }
}

test.each([
  [1, 1],
  [20, 20],
])('a round of %i devices is for a server whose least cohort is %i', (minimum, least) => {
  const job = parsedJob({ cohort: { size: 30, goal: 25, minimum } })
  checkLeastCohort(job, least)
  const { message } = expectCode('E_BODY', () => checkLeastCohort(job, least + 1))
  expect(message).toContain(`at least ${least + 1}`)
})

test.each<[string, Partial<JobSpecInput>, RegExp]>([
  ['asynchronous', { async: { maxLag: 0 }, strategy: 'ffa' }, /^job\.async: .* masks hide/],
  ['of one device', { cohort: cohortOf(1) }, /^job\.cohort\.minimum: .* at least 2 devices/],
  ['of too many', { cohort: cohortOf(100_000) }, /^job\.cohort\.size: a masked round has at most/],
  ['over edges', { cohort: edgesOf(4) }, /^job\.cohort\.edges: .* masks or edges/],
  ['of products', { strategy: 'flex' }, /^job\.strategy: .* masks hide/],
  ['under a robust rule', { robust: { rule: 'median' } }, /^job\.robust: .* masks hide/],
])('a masked job that is %s is refused, and says why', (_, given, why) => {
  const plain = { cohort: cohortOf(4), ...given }
  checkPossible(parsedJob({ cohort: cohortOf(4), masks: {} }), NOW)
  checkPossible(parsedJob(plain), NOW)
  expect(() => checkPossible(parsedJob({ ...plain, masks: {} }), NOW)).toThrow(
    expect.objectContaining({ code: 'E_BODY', message: expect.stringMatching(why) }),
  )
})

test('a server refuses a job below its least cohort at creation, and takes one at it', async () => {
  const server = testServer({ leastCohort: 3 })
  const create = (minimum: number) =>
    server.operator.call('POST', '/v1/operator/jobs', {
      protocol: 1,
      job: tinyJob({ cohort: { size: 4, goal: 4, minimum } }),
    })
  await expectRefusal(await create(2), 400, 'E_BODY')
  expect((await create(3)).status).toBe(201)
})
