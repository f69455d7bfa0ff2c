/** Packs answers into rows of tokens. Answers of one prompt share its tokens; the mask keeps
 *  everything else apart, so that the states are those of each sequence run alone. */
import { FedError } from '../../../adapters/errors.ts'
import type { AnswerInput } from '../engine.ts'
import type { ModelConfig } from '../model/config.ts'
import { QUERY_BLOCK, type QueryBlock } from '../model/llama.ts'
import type { Feed } from './sessions.ts'

/** A run of tokens of one sequence: a prompt, or an answer that follows its prompt. */
export type Span = {
  /** First index in the row. */
  readonly start: number
  /** Position of the first token in its sequence. */
  readonly position: number
  readonly ids: readonly number[]
  /** Equal keys mean equal tokens after equal prompts. */
  readonly key: string
  /** The prompt that an answer follows; absent for a prompt itself. */
  readonly prompt?: Span
}

/** size: tokens, padding included; answers: span of each input by its index in the packed list. */
export type Row = {
  readonly size: number
  readonly spans: readonly Span[]
  readonly answers: ReadonlyMap<number, Span>
  /** Indices of the items in this row. */
  readonly items: readonly number[]
}

/** Tokens that a row may hold before another is begun. */
export const ROW_TOKENS = 384
/** Added to a score that must not count. Finite, so a fully masked row stays finite. */
export const MASKED = -1e9
/** Rows still open for short items; older ones are nearly full. */
const OPEN_ROWS = 8

/** Each item's answers stay together in one row; input i of item k is number `k's first + i` over
 *  all items.
 *  Fails with E_SHAPE for an empty answer, or a sequence longer than the context. */
export const packRows = (
  items: readonly (readonly AnswerInput[])[],
  contextLength: number,
  limit = ROW_TOKENS,
): Row[] => {
  const rows: OpenRow[] = []
  let first = 0
  for (const [k, inputs] of items.entries()) {
    for (const input of inputs) checkInput(input, contextLength)
    const split = inputs.map(splitInput)
    const open = rows.slice(-OPEN_ROWS).find((row) => row.used + cost(row, split) <= limit)
    const row: OpenRow = open ?? { used: 0, spans: new Map(), answers: new Map(), items: [] }
    if (!open) rows.push(row)
    row.items.push(k)
    for (const [i, part] of split.entries()) row.answers.set(first + i, place(row, part))
    first += inputs.length
  }
  return rows.map(({ used, spans, answers, items: held }) => ({
    size: used,
    spans: [...spans.values()],
    answers,
    items: held,
  }))
}

/** The row padded to one of a few sizes, since each size needs its own graph and session. */
export const inBucket = (row: Row): Row => ({ ...row, size: bucketOf(row.size) })

/** The keys that each block of the row's queries attends to: from their earliest text or prompt on,
 *  rounded to whole blocks, so that there are few patterns. */
export const blocksOf = ({ size, spans }: Row): QueryBlock[] =>
  Array.from({ length: Math.ceil(size / QUERY_BLOCK) }, (_, i) => {
    const [start, end] = [i * QUERY_BLOCK, Math.min(size, (i + 1) * QUERY_BLOCK)]
    const seen = spans
      .filter((span) => span.start < end && span.start + span.ids.length > start)
      .map((span) => (span.prompt ?? span).start)
    return { from: Math.floor(Math.min(start, ...seen) / QUERY_BLOCK) * QUERY_BLOCK, start, end }
  })

/** Ids, rotary tables and mask (buildTrunk). Padding attends to itself. E_SHAPE for a bad id. */
export const rowFeeds = ({ size, spans }: Row, config: ModelConfig) => {
  const half = config.shape.headDim / 2
  const all = new BigInt64Array(size)
  const [cos, sin] = [new Float32Array(size * half), new Float32Array(size * half)]
  const mask = new Float32Array(size * size).fill(MASKED)
  for (let t = 0; t < size; t++) mask[t * size + t] = 0
  for (const { start, position, ids, prompt } of spans) {
    fillRotary({ cos, sin }, start, position, ids.length, config)
    all.set(tokenIds(ids, config), start)
    for (let i = 0; i < ids.length; i++) {
      const line = (start + i) * size
      mask.fill(0, line + start, line + start + i + 1)
      if (prompt) mask.fill(0, line + prompt.start, line + prompt.start + prompt.ids.length)
    }
  }
  return {
    ids: { data: all, shape: [size] },
    cos: { data: cos, shape: [1, size, half] },
    sin: { data: sin, shape: [1, size, half] },
    mask: { data: mask, shape: [size, size] },
  } satisfies Record<string, Feed>
}

/** Ids as a graph reads them. E_SHAPE for one outside the vocabulary. */
export const tokenIds = (
  ids: readonly number[],
  { shape: { vocab } }: ModelConfig,
): BigInt64Array =>
  BigInt64Array.from(ids, (id) => {
    if (!(id >= 0 && id < vocab))
      throw new FedError('E_SHAPE', `a token id must be below ${vocab}, got ${id}`)
    return BigInt(id)
  })

/** cos and sin of position · base^(−2i / headDim) / factor i, written at `start` for `count` tokens
 *  from `position` on. */
export const fillRotary = (
  { cos, sin }: Readonly<Record<'cos' | 'sin', Float32Array>>,
  start: number,
  position: number,
  count: number,
  { shape: { headDim }, ropeBase, ropeFactors }: ModelConfig,
): void => {
  const half = headDim / 2
  for (let i = 0; i < half; i++) {
    const frequency = ropeBase ** ((-2 * i) / headDim) / (ropeFactors?.[i] ?? 1)
    for (let t = 0; t < count; t++) {
      const angle = (position + t) * frequency
      cos[(start + t) * half + i] = Math.cos(angle)
      sin[(start + t) * half + i] = Math.sin(angle)
    }
  }
}

/** Smallest row size that holds `tokens`. */
export const bucketOf = (tokens: number): number => {
  const step = tokens <= 128 ? 32 : tokens <= 1024 ? 64 : 256
  return Math.max(step, Math.ceil(tokens / step) * step)
}

/** The input cut to maxTokens: the front of the prompt first, then the end of the answer. */
export const trimInput = ({ ids, answerStart }: AnswerInput, maxTokens: number): AnswerInput => {
  const over = Math.max(0, ids.length - maxTokens)
  const front = Math.min(over, answerStart)
  return { ids: ids.slice(front, front + maxTokens), answerStart: answerStart - front }
}

type OpenRow = {
  used: number
  spans: Map<string, Span>
  answers: Map<number, Span>
  items: number[]
}

type Split = {
  readonly prompt: readonly number[]
  readonly answer: readonly number[]
  readonly promptKey: string
  readonly answerKey: string
}

const splitInput = ({ ids, answerStart }: AnswerInput): Split => {
  const prompt = ids.slice(0, answerStart)
  const answer = ids.slice(answerStart)
  const promptKey = prompt.join(' ')
  return { prompt, answer, promptKey, answerKey: `${promptKey}|${answer.join(' ')}` }
}

const cost = (row: OpenRow, parts: readonly Split[]): number => {
  const added = new Map<string, number>()
  for (const { prompt, answer, promptKey, answerKey } of parts) {
    if (!row.spans.has(promptKey)) added.set(promptKey, prompt.length)
    if (!row.spans.has(answerKey)) added.set(answerKey, answer.length)
  }
  return [...added.values()].reduce((a, b) => a + b, 0)
}

const place = (row: OpenRow, { prompt, answer, promptKey, answerKey }: Split): Span => {
  const add = (span: Span): Span => {
    row.spans.set(span.key, span)
    row.used += span.ids.length
    return span
  }
  const before =
    prompt.length === 0
      ? undefined
      : (row.spans.get(promptKey) ??
        add({ start: row.used, position: 0, ids: prompt, key: promptKey }))
  return (
    row.spans.get(answerKey) ??
    add({
      start: row.used,
      position: prompt.length,
      ids: answer,
      key: answerKey,
      ...(before && { prompt: before }),
    })
  )
}

const checkInput = ({ ids, answerStart }: AnswerInput, contextLength: number): void => {
  if (answerStart < 0 || answerStart >= ids.length)
    throw new FedError(
      'E_SHAPE',
      `an answer needs at least one token, got ${ids.length} with start ${answerStart}`,
    )
  if (ids.length > contextLength)
    throw new FedError(
      'E_SHAPE',
      `${ids.length} tokens are more than the context, ${contextLength}`,
    )
}
