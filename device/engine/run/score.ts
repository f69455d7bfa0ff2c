/** Scoring: mean states of answers, and their log-probabilities. */
import { FedError } from '../../../adapters/errors.ts'
import type { AnswerInput, CandidateScore, LoraFeed, PooledOptions } from '../engine.ts'
import { concat } from './lora-feeds.ts'
import type { ModelRunner } from './model-runner.ts'
import { packRows, type Row, type Span } from './rows.ts'
import { logitsOf, logProbsOf, statesOf, statesThrough } from './states.ts'

/** Mean state over each answer after exitLayer layers, [hidden] each, in the order of the inputs;
 *  see PooledOptions.through. */
export const poolAnswers = async (
  runner: ModelRunner,
  inputs: readonly AnswerInput[],
  options: PooledOptions,
): Promise<Float32Array[]> => {
  const { exitLayer, through = [], adapters, packed, keep = true, onProgress = () => {} } = options
  const keepFrom = keep ? options.keepFrom : undefined
  const { hidden, layers } = runner.model.config.shape
  if (!(exitLayer >= 1 && exitLayer <= layers))
    throw new FedError('E_SHAPE', `the exit layer must be 1 to ${layers}, got ${exitLayer}`)
  const reader = { ...runner, packed }
  const pooled: Float32Array[] = []
  const distinct = distinctByPrompt(inputs)
  let done = 0
  for (const row of packSingles(
    runner,
    distinct.map(({ input }) => input),
  )) {
    const exits = await statesThrough(reader, row, [...through, exitLayer], adapters, keepFrom)
    for (const [k, span] of row.answers) {
      const { indices } = distinct[k]!
      for (const index of indices)
        pooled[index] = concat(exits.map((states) => meanState(states, span, hidden)))
      done += indices.length
    }
    onProgress(done, inputs.length)
  }
  return pooled
}

/** Each answer once, with its indices; those of one prompt next to each other, so that the prompt
 *  passes once. */
export const distinctByPrompt = (
  inputs: readonly AnswerInput[],
): { readonly input: AnswerInput; readonly indices: number[] }[] => {
  const byPrompt = new Map<string, Map<string, { input: AnswerInput; indices: number[] }>>()
  for (const [index, input] of inputs.entries()) {
    const { ids, answerStart } = input
    const prompt = ids.slice(0, answerStart).join(' ')
    const answers = byPrompt.get(prompt) ?? new Map()
    byPrompt.set(prompt, answers)
    const answer = ids.slice(answerStart).join(' ')
    const known = answers.get(answer) ?? { input, indices: [] }
    known.indices.push(index)
    answers.set(answer, known)
  }
  return [...byPrompt.values()].flatMap((answers) => [...answers.values()])
}

/** Sum of the log-probabilities of each answer's tokens after its prompt; an answer without prompt
 *  lacks its first.
 *  onStates: final states that predict the tokens of each row, [tokens, hidden]. */
export const answerLogProbs = async (
  runner: ModelRunner,
  inputs: readonly AnswerInput[],
  adapters: readonly LoraFeed[],
  onStates?: (states: Float32Array) => Promise<void>,
): Promise<Float64Array> => {
  const sums = new Float64Array(inputs.length)
  for (const row of packSingles(runner, inputs)) {
    const { states, labels, owners } = await predictions(runner, row, adapters)
    const logProbs = await logProbsOf(runner, states, labels)
    for (const [i, owner] of owners.entries()) sums[owner]! += logProbs[i]!
    await onStates?.(states)
  }
  return sums
}

/** Scores of candidates for one prompt; see CandidateScore. E_SHAPE for an empty prompt or
 *  candidate. */
export const scoreCandidates = async (
  runner: ModelRunner,
  prompt: readonly number[],
  candidates: readonly (readonly number[])[],
  adapters: readonly LoraFeed[],
): Promise<CandidateScore[]> => {
  if (prompt.length === 0) throw new FedError('E_SHAPE', 'scoring needs a prompt, got no token')
  const { hidden } = runner.model.config.shape
  const inputs = candidates.map((candidate) => ({
    ids: [...prompt, ...candidate],
    answerStart: prompt.length,
  }))
  let firstLogits: CandidateScore['firstLogits'] | undefined
  const logProbs = await answerLogProbs(runner, inputs, adapters, async (states) => {
    // The first state of a row is that of the prompt's last token.
    firstLogits ??= largest(await logitsOf(runner, states.slice(0, hidden)), 5)
  })
  return candidates.map((candidate, i) => ({
    logProb: logProbs[i]!,
    tokens: candidate.length,
    firstLogits: firstLogits ?? [],
  }))
}

/** Indices in the row whose states predict the tokens of an answer, and those tokens. */
export const predictedTokens = ({ start, ids, prompt }: Span): { at: number; label: number }[] =>
  ids.flatMap((label, i) => {
    if (i > 0) return [{ at: start + i - 1, label }]
    return prompt ? [{ at: prompt.start + prompt.ids.length - 1, label }] : []
  })

const predictions = async (runner: ModelRunner, row: Row, adapters: readonly LoraFeed[]) => {
  const { hidden, layers } = runner.model.config.shape
  const all = await statesOf(runner, row, layers, adapters)
  const wanted = [...row.answers].flatMap(([owner, span]) =>
    predictedTokens(span).map((token) => ({ owner, ...token })),
  )
  const states = new Float32Array(wanted.length * hidden)
  for (const [i, { at }] of wanted.entries())
    states.set(all.subarray(at * hidden, (at + 1) * hidden), i * hidden)
  return {
    states,
    labels: wanted.map(({ label }) => label),
    owners: wanted.map(({ owner }) => owner),
  }
}

const packSingles = (runner: ModelRunner, inputs: readonly AnswerInput[]): Row[] =>
  packRows(
    inputs.map((input) => [input]),
    runner.model.config.contextLength,
  )

const meanState = (states: Float32Array, { start, ids }: Span, hidden: number): Float32Array => {
  const sum = new Float64Array(hidden)
  for (let t = start; t < start + ids.length; t++)
    for (let i = 0; i < hidden; i++) sum[i]! += states[t * hidden + i]!
  return Float32Array.from(sum, (value) => value / ids.length)
}

const largest = (logits: Float32Array, count: number): { id: number; logit: number }[] =>
  [...logits.keys()]
    .sort((a, b) => logits[b]! - logits[a]!)
    .slice(0, count)
    .map((id) => ({ id, logit: logits[id]! }))
