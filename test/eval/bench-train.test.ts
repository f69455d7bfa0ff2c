import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openModel } from '../../device/engine/model/open.ts'
import { benchTrain } from '../../eval/bench-train.ts'

test('names throughput, step time and peak memory', async () => {
  const cacheFolder = mkdtempSync(join(tmpdir(), 'loreweave-bench-'))
  const model = await openModel({ cacheFolder, name: 'tiny' })
  const { results } = await benchTrain({ model, runs: 3, threads: 1 })
  expect(results.map(({ name }) => name)).toEqual([
    'bench.train.tokens_per_second',
    'bench.train.step_seconds',
    'bench.train.peak_pss',
  ])
  const [rate, seconds, bytes] = results.map(({ value }) => value)
  expect(rate! * seconds!).toBeCloseTo(512, 6)
  expect(bytes).toBeGreaterThan(10 * 2 ** 20)
  rmSync(cacheFolder, { recursive: true })
})
