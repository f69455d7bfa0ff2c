import { describe, expect, test } from 'vitest'
import {
  checkAsked,
  checkEach,
  coarseCount,
  hasSegment,
  needPart,
  type Update,
} from '../../../adapters/contributions/contribution.ts'
import type { Contribution } from '../../../adapters/wire/jobs.ts'
import { expectCode } from '../../support/expect-code.ts'

const header = {
  segments: [
    { name: 'a', shape: [2], offset: 0, size: 2 },
    { name: 'b', shape: [1], offset: 2, size: 1 },
  ],
} as unknown as Update['header']
const update: Update = { header, payload: Float32Array.of(1, 2, 3) }

test('a part that a message needs is a view of its payload, or refused by name', () => {
  expect([...needPart(update, 'a')]).toEqual([1, 2])
  expect(needPart(update, 'b').buffer).toBe(update.payload.buffer)
  expect(expectCode('E_SHAPE', () => needPart(update, 'c')).message).toContain('part c')
  expect([hasSegment(header, 'b'), hasSegment(header, 'c')]).toEqual([true, false])
})

describe('a contribution stands in an update exactly where it is asked for', () => {
  const check = (isIn: boolean, contributions: Contribution[], leftOut?: 'prior'[]) =>
    checkAsked(
      { name: 'prior', isIn: () => isIn },
      { ...header, ...(leftOut && { leftOut }) },
      { contributions },
    )

  test.each<[string, Parameters<typeof check>]>([
    ['asked for and there', [true, ['adapter', 'prior']]],
    ['not asked for and not there', [false, ['adapter']]],
    ['asked for, left out and said so', [false, ['prior'], ['prior']]],
    ['not asked for, and said to be left out', [false, [], ['prior']]],
  ])('%s', (_, given) => {
    expect(() => check(...given)).not.toThrow()
  })

  test.each<[string, Parameters<typeof check>, string]>([
    ['asked for and missing', [false, ['prior']], 'prior is missing'],
    ['there although not asked for', [true, ['statistics']], 'prior is not asked for'],
    [
      'there although it says that it is left out',
      [true, ['prior'], ['prior']],
      'prior is missing',
    ],
  ])('%s is refused', (_, given, message) => {
    expect(expectCode('E_SHAPE', () => check(...given)).message).toBe(message)
  })
})

describe('the bounds of numbers', () => {
  test('include both ends, and hold for nothing at all', () => {
    checkEach('x', [-1, 0, 1], -1, 1)
    checkEach('x', [], 1, 0)
  })

  test.each([[1.0000001], [-1.0000001], [Number.NaN], [Number.POSITIVE_INFINITY]])(
    '%d is outside of −1 to 1, and the message says where',
    (wrong) => {
      const { message } = expectCode('E_NORM', () => checkEach('x', [0, wrong], -1, 1))
      expect(message).toBe(`release: x must be -1 to 1, number 1 is ${wrong}`)
    },
  )
})

test('a coarse count is the power of two at or below, for every count', () => {
  expect([0.5, -1, Number.MIN_VALUE].map(coarseCount)).toEqual([0, 0, 0])
  for (let power = 0; power < 30; power++) {
    expect(coarseCount(2 ** power)).toBe(2 ** power)
    if (power > 0) expect(coarseCount(2 ** power - 1)).toBe(2 ** (power - 1))
  }
})
