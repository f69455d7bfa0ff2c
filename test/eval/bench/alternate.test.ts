import { expect, test } from 'vitest'
import {
  alternate,
  bytesResult,
  extrapolated,
  rateResult,
  secondsResult,
} from '../../../eval/bench/alternate.ts'

/** Contestants that take 1, 2, … seconds by their turn, and the order of all turns. */
const contest = () => {
  const turns: string[] = []
  const of = (name: string) => async (run: number) => {
    turns.push(`${name}${run}`)
    return turns.length
  }
  return { turns, ours: of('o'), peft: of('p') }
}

test('runs alternate, begin by turns, and the warm-up is not counted', async () => {
  const { turns, ours, peft } = contest()
  const lines: string[] = []
  const times = await alternate({ ours, peft }, 3, (line) => lines.push(line))
  expect(turns).toEqual(['p-1', 'o-1', 'o0', 'p0', 'p1', 'o1', 'o2', 'p2'])
  expect(times).toEqual({ ours: [3, 6, 7], peft: [4, 5, 8] })
  expect(lines[0]).toBe('warm-up: peft 1.000 s')
  expect(lines.at(-1)).toBe('run 3 of 3: peft 8.000 s')
})

test('without a peer ours runs alone, and no figure names one', async () => {
  const { ours } = contest()
  const times = await alternate({ ours }, 3)
  expect(rateResult({ name: 'x', n: 3 }, 12, times.ours)).toEqual({
    name: 'x',
    value: 4,
    unit: 'tokens/s',
    n: 3,
  })
})

test('a ratio above 1 is faster in both units, and a share in bytes', () => {
  const peer = { name: 'PEFT', seconds: [9, 4, 4] }
  const named = { name: 'x', n: 3 }
  expect(rateResult(named, 8, [2, 1, 2], peer)).toMatchObject({
    value: 4,
    ratio: 2,
    peer: { name: 'PEFT', value: 2 },
  })
  expect(secondsResult(named, [2, 1, 2], peer)).toMatchObject({ value: 2, ratio: 2 })
  expect(bytesResult('x', 10, { name: 'PEFT', value: 40 })).toMatchObject({ ratio: 0.25 })
})

test('a whole run is extrapolated in proportion to its steps', () => {
  expect(extrapolated(20, 8, 600)).toBe(1500)
  expect(extrapolated(20, 8, 8)).toBe(20)
})
