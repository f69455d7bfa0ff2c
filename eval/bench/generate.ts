/** Greedy decoding after a short prompt, and reading the prompt, against llama.cpp. */
import { seededRng } from '../../adapters/random.ts'
import { openEngine } from '../../device/engine/process/client.ts'
import type { Results } from '../measure/results.ts'
import { alternate, rateResult } from './alternate.ts'
import { type Bench, openLlama } from './context.ts'

/** Tokens of the prompt, and tokens that follow it. */
const SIZE = { prompt: 64, decoded: 128 } as const

export const benchGenerate = async (bench: Bench): Promise<Results> => {
  const { model, threads, runs, log } = bench
  const rng = seededRng('bench-generate')
  const prompt = Array.from({ length: SIZE.prompt }, () => rng.int(model.config.shape.vocab))
  const engine = openEngine({ folder: model.folder, threads })
  const llama = await openLlama(bench, 2 * (SIZE.prompt + SIZE.decoded))
  const ours = async (maxTokens: number): Promise<number> => {
    const began = performance.now()
    await engine.generate(prompt, { adapters: [], maxTokens, stopIds: [] })
    return (performance.now() - began) / 1000
  }
  const theirs = async (count: number) =>
    (await llama!.ask({ do: 'generate', prompt, count })).seconds!
  const peerOf = (seconds: readonly number[] | undefined) =>
    seconds && { name: 'llama.cpp', seconds }
  /** The first token costs the prompt; what more tokens take is decoding. */
  const contest = (count: number) =>
    alternate(
      { ours: () => ours(count), ...(llama && { llama: () => theirs(count) }) },
      runs,
      (line) => log(`${count} tokens, ${line}`),
    )
  try {
    const first = await contest(1)
    const all = await contest(1 + SIZE.decoded)
    const peerDecode = llama && decodeSeconds(all['llama']!, first['llama']!)
    return {
      results: [
        rateResult(
          { name: 'bench.generate.decode', n: runs },
          SIZE.decoded,
          decodeSeconds(all.ours, first.ours),
          peerOf(peerDecode),
        ),
        rateResult(
          { name: 'bench.generate.prefill', n: runs },
          SIZE.prompt,
          first.ours,
          peerOf(first['llama']),
        ),
      ],
    }
  } finally {
    await engine.close()
    await llama?.close()
  }
}

/** Run by run, what the tokens after the first took. */
export const decodeSeconds = (all: readonly number[], first: readonly number[]): number[] =>
  all.map((seconds, run) => seconds - first[run]!)
