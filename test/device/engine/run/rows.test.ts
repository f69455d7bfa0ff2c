import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { AnswerInput } from '../../../../device/engine/engine.ts'
import { TINY_CONFIG } from '../../../../device/engine/model/tiny.ts'
import {
  blocksOf,
  bucketOf,
  inBucket,
  packRows,
  ROW_TOKENS,
  rowFeeds,
  trimInput,
} from '../../../../device/engine/run/rows.ts'
import { expectCode } from '../../../support/expect-code.ts'

const CONTEXT = 1000
const input = fc
  .tuple(
    fc.array(fc.nat(3), { maxLength: 12 }),
    fc.array(fc.nat(3), { minLength: 1, maxLength: 40 }),
  )
  .map(
    ([prompt, answer]): AnswerInput => ({
      ids: [...prompt, ...answer],
      answerStart: prompt.length,
    }),
  )
const items = fc.array(fc.array(input, { minLength: 1, maxLength: 3 }), { maxLength: 40 })

test('every answer is in one row, with its own tokens after its own prompt', () => {
  fc.assert(
    fc.property(items, (list) => {
      const rows = packRows(list, CONTEXT)
      const inputs = list.flat()
      const seen = rows.flatMap((row) => [...row.answers])
      expect(seen.map(([i]) => i).sort((a, b) => a - b)).toEqual(inputs.map((_, i) => i))
      for (const [i, span] of seen)
        expect([...(span.prompt?.ids ?? []), ...span.ids]).toEqual(inputs[i]!.ids)
    }),
  )
})

test('an item is never split, spans never overlap, and rows stay within their size', () => {
  fc.assert(
    fc.property(items, (list) => {
      const rows = packRows(list, CONTEXT)
      expect(rows.flatMap((row) => row.items).sort((a, b) => a - b)).toEqual(list.map((_, k) => k))
      for (const row of rows) {
        const ends = row.spans.map(({ start, ids }) => [start, start + ids.length] as const)
        for (const [i, [start]] of ends.entries()) expect(start).toBe(i === 0 ? 0 : ends[i - 1]![1])
        expect(row.size).toBeGreaterThanOrEqual(ends.at(-1)![1])
        if (row.items.length > 1) expect(ends.at(-1)![1]).toBeLessThanOrEqual(ROW_TOKENS)
      }
    }),
  )
})

test('a token attends to itself, the earlier ones of its span, and its prompt: nothing else', () => {
  const prompt = [1, 2]
  const pair = [
    { ids: [...prompt, 5, 6, 7], answerStart: 2 },
    { ids: [...prompt, 8], answerStart: 2 },
  ]
  const [row] = packRows([pair], CONTEXT).map(inBucket)
  const { mask, ids } = rowFeeds(row!, TINY_CONFIG)
  expect([...ids.data.subarray(0, 6)].map(Number)).toEqual([1, 2, 5, 6, 7, 8])
  const seenBy = (t: number) =>
    [...mask.data.subarray(t * row!.size, (t + 1) * row!.size).entries()]
      .filter(([, m]) => m === 0)
      .map(([u]) => u)
  expect([0, 1, 2, 3, 4, 5, 6].map(seenBy)).toEqual([
    [0],
    [0, 1],
    [0, 1, 2],
    [0, 1, 2, 3],
    [0, 1, 2, 3, 4],
    [0, 1, 5],
    [6],
  ])
})

test('positions go on after the prompt in every answer', () => {
  const pair = [
    { ids: [1, 2, 5], answerStart: 2 },
    { ids: [1, 2, 6], answerStart: 2 },
  ]
  const { cos } = rowFeeds(packRows([pair], CONTEXT)[0]!, TINY_CONFIG)
  const half = TINY_CONFIG.shape.headDim / 2
  expect([0, 1, 2, 3].map((t) => cos.data[t * half]!)).toEqual(
    [0, 1, 2, 2].map((p) => Math.fround(Math.cos(p))),
  )
})

test('answers to one prompt share its tokens, across items too', () => {
  const prompt = Array.from({ length: 50 }, (_, i) => i)
  const list = [1, 2, 3, 4].map((id) => [{ ids: [...prompt, id], answerStart: 50 }])
  const rows = packRows(list, CONTEXT)
  expect(rows).toHaveLength(1)
  expect(rows[0]!.size).toBe(54)
  expect(inBucket(rows[0]!).size).toBe(64)
})

test('trimming takes the front of the prompt first, then the end of the answer', () => {
  const whole = { ids: [1, 2, 3, 4, 5], answerStart: 3 }
  expect(trimInput(whole, 5)).toEqual(whole)
  expect(trimInput(whole, 4)).toEqual({ ids: [2, 3, 4, 5], answerStart: 2 })
  expect(trimInput(whole, 2)).toEqual({ ids: [4, 5], answerStart: 0 })
  expect(trimInput(whole, 1)).toEqual({ ids: [4], answerStart: 0 })
})

test('row sizes are few and hold what they must', () => {
  const sizes = new Set(Array.from({ length: 512 }, (_, i) => bucketOf(i + 1)))
  expect(sizes.size).toBe(10)
  for (let n = 1; n <= 3000; n += 7) expect(bucketOf(n)).toBeGreaterThanOrEqual(n)
})

test.each([
  ['an empty answer', { ids: [1, 2], answerStart: 2 }],
  ['no tokens', { ids: [], answerStart: 0 }],
  ['a start before the first token', { ids: [1], answerStart: -1 }],
  ['more tokens than the context', { ids: Array.from({ length: 1001 }, () => 1), answerStart: 0 }],
])('refuses %s with E_SHAPE', (_, bad) => {
  expectCode('E_SHAPE', () => packRows([[bad]], CONTEXT))
})

test('a block of queries looks back to the earliest text or prompt of its own, in whole blocks', () => {
  const text = (first: number, length: number) => ({
    ids: Array.from({ length }, (_, i) => (first + i) % 50),
    answerStart: 0,
  })
  const apart = packRows([[text(1, 140)], [text(2, 120)], [text(3, 100)]], CONTEXT).map(inBucket)
  expect(apart).toHaveLength(1)
  expect(blocksOf(apart[0]!)).toEqual([
    { from: 0, start: 0, end: 128 },
    { from: 0, start: 128, end: 256 },
    { from: 128, start: 256, end: 384 },
  ])
  const prompt = text(1, 90).ids
  const answers = [4, 5].map((id) => ({ ids: [...prompt, ...text(id, 140).ids], answerStart: 90 }))
  const [together] = packRows([answers], CONTEXT).map(inBucket)
  expect(blocksOf(together!).map(({ from }) => from)).toEqual([0, 0, 0])
})
