/** llama.cpp through node-llama-cpp, a development dependency that only this file loads. */
import { failureText } from './programs.ts'

export type LlamaCppOptions = {
  readonly modelPath: string
  readonly threads: number
  /** Tokens of the longest sequence, and of the largest batch. */
  readonly contextSize: number
  /** GGUF LoRA files that are added to the weights. */
  readonly adapters?: readonly { readonly path: string; readonly scale?: number }[]
}

/** One model on the CPU with one key-value cache. Ids are the model's; calls must not overlap. */
export type LlamaCpp = {
  /** Cuts the cache to its first `keep` tokens (default none) and evaluates ids; no logits. */
  evaluate(ids: readonly number[], keep?: number): Promise<void>
  /** Probabilities of the token after ids, from an empty cache. */
  next(ids: readonly number[]): Promise<ReadonlyMap<number, number>>
  /** `count` greedy tokens after the prompt, past an end of text unless isEnding. */
  generate(prompt: readonly number[], count: number, isEnding?: boolean): Promise<number[]>
  tokenize(text: string): number[]
  close(): Promise<void>
}

/** Gives a reason where the package, its binaries or the model cannot be loaded. */
export const openLlamaCpp = async (
  options: LlamaCppOptions,
): Promise<LlamaCpp | { readonly reason: string }> => {
  const { modelPath, threads, contextSize, adapters = [] } = options
  const library = await load()
  if ('reason' in library) return library
  try {
    const llama = await library.getLlama({
      gpu: false,
      build: 'never',
      skipDownload: true,
      progressLogs: false,
      logLevel: library.LlamaLogLevel.error,
      maxThreads: threads,
    })
    const model = await llama.loadModel({ modelPath, gpuLayers: 0 })
    const context = await model.createContext({
      sequences: 1,
      contextSize,
      batchSize: contextSize,
      threads: { ideal: threads, min: threads },
      ...(adapters.length > 0 && {
        lora: { adapters: adapters.map(({ path, scale = 1 }) => ({ filePath: path, scale })) },
      }),
    })
    const sequence = context.getSequence()
    const tokens = (ids: readonly number[]) => ids as Parameters<typeof sequence.evaluate>[0]
    const cut = async (keep: number) => {
      if (sequence.nextTokenIndex > keep)
        await sequence.eraseContextTokenRanges([{ start: keep, end: sequence.nextTokenIndex }])
    }
    return {
      async evaluate(ids, keep = 0) {
        await cut(keep)
        await sequence.evaluateWithoutGeneratingNewTokens(tokens(ids))
      },
      async next(ids) {
        await cut(0)
        const input = tokens(ids)
        const last = input.at(-1)
        if (last === undefined) throw new RangeError('expected at least one token, got none')
        const outputs = await sequence.controlledEvaluate([
          ...input.slice(0, -1),
          [last, { generateNext: { probabilities: true, options: WHOLE } }],
        ])
        return outputs.at(-1)?.next.probabilities ?? new Map()
      },
      async generate(prompt, count, isEnding = false) {
        await cut(0)
        const out: number[] = []
        if (count === 0) return out
        for await (const token of sequence.evaluate(tokens(prompt), {
          temperature: 0,
          yieldEogToken: !isEnding,
        }))
          if (out.push(token) === count) break
        return out
      },
      tokenize: (text) => [...model.tokenize(text)],
      close: () => llama.dispose(),
    }
  } catch (error) {
    return { reason: `llama.cpp could not be started: ${failureText(error)}` }
  }
}

/** The whole distribution: nothing is cut off before the softmax. */
const WHOLE = { temperature: 1, topK: 0, topP: 1, minP: 0 } as const

const load = async () => {
  try {
    return await import('node-llama-cpp')
  } catch (error) {
    return {
      reason:
        'node-llama-cpp could not be loaded (it comes with a development install of this ' +
        `repository): ${failureText(error)}`,
    }
  }
}
