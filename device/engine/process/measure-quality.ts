/** Quality lost by quantized weights: two engines answer the same requests and are compared. */
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { seededRng } from '../../../adapters/random.ts'
import type { AnswerInput, Engine } from '../engine.ts'
import type { LocalModel } from '../model/open.ts'
import type { Quality } from '../model/quality.ts'

/** Requests with four answers each, written for comparing two precisions of a model. */
const TextsSchema = z.array(z.strictObject({ request: z.string(), answers: z.array(z.string()) }))
const readTexts = () =>
  TextsSchema.parse(
    JSON.parse(readFileSync(new URL('./quality-texts.json', import.meta.url), 'utf8')),
  )

/** Random linear rewards over standardized states, by which each request's answers are ordered. */
const REWARDS = 32
/** Greedy tokens generated after each request. */
const GREEDY = 24

/** exact, quantized: engines over `model`. Takes about a minute for 135M weights. */
export const measureQuality = async (
  model: LocalModel,
  exact: Engine,
  quantized: Engine,
  onProgress: (done: number, of: number) => void = () => {},
): Promise<Quality> => {
  const requests = readTexts()
  let [error, total, answers, same, asked] = [0, 0, 0, 0, 0]
  const states: [exact: Float32Array[], quantized: Float32Array[]][] = []
  const options = { exitLayer: model.suggestedExit, adapters: [] }
  for (const [index, { request, answers: texts }] of requests.entries()) {
    onProgress(index, requests.length)
    const chat = [{ role: 'user' as const, content: request }]
    const prompt = model.tokenizer.chat(chat, { generationPrompt: true }).ids
    const candidates = texts.map((text) => model.tokenizer.encode(text))
    const inputs: AnswerInput[] = candidates.map((ids) => ({
      ids: [...prompt, ...ids],
      answerStart: prompt.length,
    }))
    const greedy = { adapters: [], maxTokens: GREEDY, stopIds: [] }
    const ask = async (engine: Engine) => ({
      scores: await engine.score(prompt, candidates, { adapters: [] }),
      pooled: await engine.pooled(inputs, options),
      text: await engine.generate(prompt, greedy),
    })
    const [a, b] = [await ask(exact), await ask(quantized)]
    for (const [i, { logProb, tokens }] of a.scores.entries()) {
      error += Math.abs(logProb - b.scores[i]!.logProb) / tokens
      total += logProb / tokens
      answers++
    }
    const split = a.text.findIndex((token, i) => token !== b.text[i])
    same += split === -1 ? a.text.length : split
    asked += a.text.length
    states.push([a.pooled, b.pooled])
  }
  onProgress(requests.length, requests.length)
  return {
    logProbError: error / answers,
    logProb: total / answers,
    greedyAgreement: asked === 0 ? 1 : same / asked,
    ...orderAgreement(states),
  }
}

const orderAgreement = (
  states: readonly (readonly [
    exact: readonly Float32Array[],
    quantized: readonly Float32Array[],
  ])[],
): Pick<Quality, 'rerankAgreement' | 'orders'> => {
  const scale = inverseDeviation(states.flatMap(([exact]) => exact))
  const rng = seededRng('quality')
  let same = 0
  for (let reward = 0; reward < REWARDS; reward++) {
    const head = scale.map((s) => s * rng.normal())
    for (const [exact, quantized] of states)
      if (String(orderBy(exact, head)) === String(orderBy(quantized, head))) same++
  }
  const orders = REWARDS * states.length
  return { rerankAgreement: same / orders, orders }
}

const orderBy = (states: readonly Float32Array[], head: Float64Array): number[] => {
  const rewards = states.map((state) => state.reduce((sum, x, i) => sum + x * head[i]!, 0))
  return [...rewards.keys()].sort((a, b) => rewards[b]! - rewards[a]! || a - b)
}

const inverseDeviation = (states: readonly Float32Array[]): Float64Array =>
  Float64Array.from({ length: states[0]?.length ?? 0 }, (_, i) => {
    const values = states.map((state) => state[i]!)
    const mean = values.reduce((a, b) => a + b) / values.length
    const variance = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length
    return variance > 0 ? 1 / Math.sqrt(variance) : 0
  })
