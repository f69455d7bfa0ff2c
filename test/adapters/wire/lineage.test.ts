import { describe, expect, test } from 'vitest'
import type { JobSpecInput } from '../../../adapters/wire/jobs.ts'
import { lineIdOf } from '../../../adapters/wire/lineage.ts'
import { parsedJob, tinyJob } from '../../support/federation-fixture.ts'

const { base, adapter } = tinyJob()

describe('the line of a job', () => {
  test.each<[string, Partial<JobSpecInput>]>([
    ['its name', { name: 'other' }],
    ["the base's label", { base: { ...base, name: 'other' } }],
    ['the order of modules', { adapter: { ...adapter, modules: ['v', 'q'] } }],
    ['what devices contribute', { contributions: ['prior'] }],
    ['the seed', { seed: 9 }],
  ])('does not depend on %s', (_, changes) => {
    expect(lineIdOf(parsedJob(changes))).toBe(lineIdOf(parsedJob()))
  })

  test.each<[string, Partial<JobSpecInput>]>([
    ['weights', { base: { ...base, weights: 'c'.repeat(64) } }],
    ['tokenizer', { base: { ...base, tokenizer: 'c'.repeat(64) } }],
    ['modules', { adapter: { ...adapter, modules: ['q'] } }],
    ['rank', { adapter: { ...adapter, rank: 1 } }],
    ['alpha', { adapter: { ...adapter, alpha: 1 } }],
    ['layers', { adapter: { ...adapter, firstLayer: 1 } }],
    ['exit layer', { exitLayer: 1, adapter: { ...adapter, endLayer: 1 } }],
    ['feature space', { features: { pooled: 8, named: ['length'] } }],
  ])('depends on the %s', (_, changes) => {
    expect(lineIdOf(parsedJob(changes))).not.toBe(lineIdOf(parsedJob()))
  })
})
