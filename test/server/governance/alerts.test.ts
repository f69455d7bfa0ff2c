import { describe, expect, test } from 'vitest'
import { alertsOf, type Situation } from '../../../server/governance/alerts.ts'
import { judged, LEAST_JUDGES } from '../../../server/releases/rollout.ts'
import { newJob } from '../../../server/rounds/job.ts'
import type { Judgement, Release, Round } from '../../../server/store/records.ts'
import { parsedJob } from '../../support/federation-fixture.ts'

const NOW = 1_700_000_000_000
const spec = parsedJob()
const job = newJob('job-1', 'line', spec, NOW)
const quiet: Situation = { now: NOW, jobs: [], lineages: [], disk: null }

const round = (index: number, received: number, changes: Partial<Round> = {}): Round => ({
  id: `round-${index}`,
  jobId: job.id,
  index,
  attempt: 0,
  phase: 'released',
  factor: 'B',
  parent: 'a'.repeat(64),
  basisEpoch: 0,
  assigned: 10,
  received,
  openedAt: NOW,
  startedAt: NOW,
  leftOut: [],
  tries: 0,
  retryAt: null,
  deadlineAt: NOW,
  closedAt: NOW,
  reason: null,
  release: null,
  ...changes,
})

const release = (version: number, adapterChange: number, judgement?: Judgement): Release => ({
  lineId: 'line',
  adapterRounds: version,
  optimizer: null,
  ...(judgement && { judgement }),
  summary: {
    hash: String(version).padStart(64, '0'),
    bytes: 1,
    base: spec.base,
    adapter: spec.adapter,
    exitLayer: 2,
    features: spec.features,
    basisEpoch: version,
    version,
    parent: null,
    jobId: null,
    roundId: null,
    cohort: 10,
    inputs: null,
    createdAt: NOW,
    parts: ['adapter'],
    metrics: {
      adapterNorm: 1,
      adapterChange,
      priorChange: null,
      updateNorms: [0, 0, 0, 0, 0, 0, 10],
    },
  },
})

const rulesOf = (situation: Partial<Situation>) =>
  alertsOf({ ...quiet, ...situation }).map(({ rule }) => rule)

const withRounds = (...received: number[]) => ({
  jobs: [{ job, rounds: received.map((n, i) => round(i, n)) }],
})

const withReleases = (releases: Release[]) => ({
  lineages: [
    {
      lineage: {
        id: 'line',
        base: spec.base,
        features: spec.features,
        head: releases.at(-1)!.summary.hash,
        updatedAt: NOW,
      },
      releases,
    },
  ],
})

describe('participation', () => {
  test.each([
    ['half as many as usual are enough', [10, 10, 10, 5], []],
    ['fewer are told', [10, 10, 10, 4], ['participation']],
    ['two rounds are no habit', [10, 10, 1], []],
    ['an old dip is over', [10, 10, 10, 4, 10], []],
  ])('%s', (_, received, rules) => {
    expect(rulesOf(withRounds(...(received as number[])))).toEqual(rules)
  })

  test('names the job and the numbers', () => {
    const [alert] = alertsOf({ ...quiet, ...withRounds(10, 10, 10, 2) })
    expect(alert).toEqual({
      rule: 'participation',
      key: 'round-3',
      text: 'job tiny: round 3 had 2 updates, the 3 before it 10 on average',
    })
  })
})

test('drift: the newest release moved more than four times as far as those before it', () => {
  const changes = (last: number) => [1, 1.2, 0.9, 1.1, last].map((c, i) => release(i + 1, c))
  expect(rulesOf(withReleases(changes(4)))).toEqual([])
  expect(rulesOf(withReleases(changes(5)))).toEqual(['drift'])
  expect(rulesOf(withReleases([release(1, 1), release(2, 50)]))).toEqual([])
})

test('gate: devices report a release as worse', () => {
  const judgement = Array.from({ length: LEAST_JUDGES }, (_, i) => -0.3 + 0.01 * i).reduce<
    Judgement | undefined
  >((before, difference) => judged(before, { difference }), undefined)
  expect(rulesOf(withReleases([release(1, 1), release(2, 1, judgement)]))).toEqual(['gate'])
})

test('disk: less than a tenth is free, told once a day', () => {
  expect(rulesOf({ disk: { freeBytes: 10, totalBytes: 100 } })).toEqual([])
  const at = (now: number) => alertsOf({ ...quiet, now, disk: { freeBytes: 9, totalBytes: 100 } })
  expect(at(NOW)).toEqual(at(NOW + 1000))
  expect(at(NOW)[0]!.key).not.toBe(at(NOW + 86_400_000)[0]!.key)
})

test('aggregation: a closed round has waited for ten minutes', () => {
  const waiting = round(0, 3, { phase: 'aggregating', closedAt: NOW })
  const at = (now: number) => rulesOf({ now, jobs: [{ job, rounds: [waiting] }] })
  expect(at(NOW + 600_000)).toEqual([])
  expect(at(NOW + 600_001)).toEqual(['aggregation'])
})
