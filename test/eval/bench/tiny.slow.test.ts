// Every benchmark on the tiny model, alone: what it names, not how fast it is.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { benchAccuracy } from '../../../eval/bench/accuracy.ts'
import { type Bench, openBench, openLlama } from '../../../eval/bench/context.ts'
import { benchFederated } from '../../../eval/bench/federated/bench.ts'
import { benchGenerate } from '../../../eval/bench/generate.ts'
import { benchLoad } from '../../../eval/bench/load.ts'
import { benchRerank } from '../../../eval/bench/rerank.ts'
import { benchRound } from '../../../eval/bench/round.ts'
import { benchTrain } from '../../../eval/bench/train.ts'
import { Result, type Results } from '../../../eval/measure/results.ts'

const cache = mkdtempSync(join(tmpdir(), 'loreweave-bench-'))
const said: string[] = []
let bench: Bench
beforeAll(async () => {
  bench = await openBench({ model: 'tiny', cache, runs: 1, threads: 1, log: (l) => said.push(l) })
})
afterAll(() => rmSync(cache, { recursive: true }))

const valuesOf = ({ results }: Results) =>
  Object.fromEntries(
    Result.array()
      .parse(results)
      .map(({ name, value }) => [name, value]),
  )

test('train: throughput, memory and the first loss of both batches', async () => {
  const values = valuesOf(await benchTrain(bench))
  // The losses are PEFT's own (peft 0.21.2, torch 2.13.0) on the same weights and tokens.
  for (const [batch, loss] of [
    ['1x512', 8.649929],
    ['4x128', 8.717686],
  ] as const) {
    expect(values[`bench.train.${batch}.tokens_per_second`]).toBeGreaterThan(0)
    expect(values[`bench.train.${batch}.first_loss`]).toBeCloseTo(loss, 4)
    if (process.platform === 'linux')
      expect(values[`bench.train.${batch}.peak_pss`]).toBeGreaterThan(30 * 2 ** 20)
  }
})

test('round: seconds of one round, from texts to adapter, and the size of its pairs', async () => {
  const options = { choices: 3, peerChoices: 2, learningRate: 1e-3 }
  const values = valuesOf(await benchRound(bench, options))
  expect(values['bench.round.pairs']).toBe(3)
  expect(values['bench.round.seconds']).toBeGreaterThan(0)
  expect(values['bench.round.tokens_per_pair']).toBeLessThanOrEqual(2 * 384)
})

test('accuracy: three arms over the same unseen choices', async () => {
  const options = { users: 1, choices: 4, unseen: 4, learningRate: 1e-3, fullLearningRate: 1e-3 }
  const results = await benchAccuracy(bench, options)
  expect(results.map(({ name, n }) => [name, n])).toEqual([
    ['bench.accuracy.no_adapter', 4],
    ['bench.accuracy.ours', 4],
    ['bench.accuracy.full_depth', 4],
    ['bench.accuracy.ours_minus_full_depth', 4],
  ])
})

test('rerank, generate and load: their figures, and how often quantized weights order alike', async () => {
  const values = {
    ...valuesOf(await benchRerank(bench, { requests: 3 })),
    ...valuesOf(await benchGenerate(bench)),
    ...valuesOf(await benchLoad(bench)),
  }
  expect(values['bench.rerank.quantized.same_best']).toBeGreaterThan(0.4)
  for (const name of ['rerank.seconds', 'generate.prefill', 'generate.decode', 'load.first_score'])
    expect(values[`bench.${name}`]).toBeGreaterThan(0)
  if (process.platform === 'linux') {
    const atRest = values['bench.load.device_at_rest_pss']!
    expect(atRest).toBeGreaterThan(20 * 2 ** 20)
    expect(values['bench.load.device_pss']).toBeGreaterThan(atRest + 20 * 2 ** 20)
  }
})

test('a peer that cannot take part is named with the reason', async () => {
  expect(await openLlama({ ...bench, peers: true }, 64)).toBeUndefined()
  expect(said.at(-1)).toBe('llama.cpp takes no part: the model is no GGUF file')
})

test('federated: ours falls from one loss by every strategy, and its curves are a page', async () => {
  const report = mkdtempSync(join(tmpdir(), 'loreweave-federated-'))
  const size = { devices: 2, rounds: 2, steps: 4, batch: 2, length: 32, worlds: 1 }
  const values = valuesOf(await benchFederated(bench, { ...size, rates: [1e-2], report }))
  const first = values['bench.federated.fedavg.loss.first']!
  for (const arm of ['alternating', 'alternating_compressed', 'fedavg']) {
    expect(values[`bench.federated.${arm}.loss.first`]).toBe(first)
    expect(values[`bench.federated.${arm}.loss.equal_bytes`]).toBeLessThan(first)
  }
  const sizes = ['alternating_compressed', 'alternating', 'fedavg'].map(
    (arm) => values[`bench.federated.${arm}.round_bytes`]!,
  )
  expect(sizes).toEqual(sizes.toSorted((a, b) => a - b))
  expect(readFileSync(join(report, 'federated.html'), 'utf8')).toContain('<svg')
  rmSync(report, { recursive: true })
})
