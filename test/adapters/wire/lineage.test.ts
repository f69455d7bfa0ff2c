import { describe, expect, test } from 'vitest'
import type { JobSpecInput } from '../../../adapters/wire/jobs.ts'
import { canCompute, lineIdOf, withoutWords } from '../../../adapters/wire/lineage.ts'
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
    ['words', { features: { ...parsedJob().features, words: { list: 'some', count: 3 } } }],
  ])('depends on the %s', (_, changes) => {
    expect(lineIdOf(parsedJob(changes))).not.toBe(lineIdOf(parsedJob()))
  })
})

test('a device computes its own feature space and that of version 0.1, and no other', () => {
  const words = { list: 'some', count: 3 }
  const own = { pooled: 4, words, named: ['length', 'lists'] }
  expect(canCompute(own, own)).toBe(true)
  expect(canCompute(withoutWords(own), own)).toBe(true)
  expect(canCompute(own, withoutWords(own))).toBe(false)
  expect(canCompute({ ...own, words: { ...words, list: 'another' } }, own)).toBe(false)
  expect(canCompute({ ...own, words: { ...words, count: 4 } }, own)).toBe(false)
  expect(canCompute({ ...own, named: ['length'] }, own)).toBe(false)
  expect(canCompute({ ...own, pooled: 5 }, own)).toBe(false)
})
