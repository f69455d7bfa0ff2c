/** Answers of the hosted Claude, one JSON object a line: recorded, then replayed by the mock. */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { FedError } from '../../adapters/errors.ts'
import { parseAs } from '../../adapters/parse.ts'
import type { Message } from './message.ts'
import { blocksOf, CountTokensBody } from './wire.ts'

const Tokens = z.int().min(0).catch(0)

/** A recorded message is replayed as it came; only its usage is read. */
const Recorded = z.looseObject({
  id: z.string(),
  type: z.literal('message'),
  content: z.array(z.looseObject({ type: z.string() })),
  stop_reason: z.string(),
  usage: z.looseObject({
    input_tokens: Tokens,
    output_tokens: Tokens,
    cache_read_input_tokens: Tokens,
    cache_creation_input_tokens: Tokens,
  }),
})

/** request: the body as sent, without `stream`. response: Claude's message. Holds no header. */
export const CassetteLine = z.strictObject({ request: CountTokensBody, response: Recorded })
export type CassetteLine = z.infer<typeof CassetteLine>

export type Cassette = {
  /** The k-th identical request gets its k-th answer, then the first again. */
  next(body: CountTokensBody): Message | undefined
}

/** The answer's fields that are read, checked; undefined where it is no message. */
export const readRecorded = (json: unknown): CassetteLine['response'] | undefined =>
  Recorded.safeParse(json).data

/**
 * Two requests are the same when model, tools, system, messages, thinking and tool choice are: a
 * text and its only block count as one, cache marks, limits and temperature do not count.
 */
export const requestKey = (body: CountTokensBody): string => {
  const plain = (content: Parameters<typeof blocksOf>[0]) =>
    blocksOf(content).map(({ cache_control: _, ...rest }) => rest)
  const parts = [
    body.model,
    (body.tools ?? []).map(({ cache_control: _, ...rest }) => rest),
    body.system === undefined ? [] : plain(body.system),
    body.messages.map((m) => [m.role, plain(m.content)]),
    body.thinking ?? null,
    body['tool_choice'] ?? null,
  ]
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}

/**
 * A last line without its line break was torn off while it was written and is passed over;
 * wholeLength: characters before it. Fails with E_DATA by the line's number.
 */
export const parseCassette = (
  text: string,
): { readonly lines: CassetteLine[]; readonly wholeLength: number } => {
  const wholeLength = text.lastIndexOf('\n') + 1
  const lines = text
    .slice(0, wholeLength)
    .split('\n')
    .flatMap((raw, i) => (raw.trim() === '' ? [] : [parseLine(raw, i + 1)]))
  return { lines, wholeLength }
}

export const openCassette = (lines: readonly CassetteLine[]): Cassette => {
  const answers = new Map<string, { readonly recorded: Message[]; played: number }>()
  for (const { request, response } of lines) {
    const key = requestKey(request)
    const entry = answers.get(key) ?? { recorded: [], played: 0 }
    entry.recorded.push(response as unknown as Message)
    answers.set(key, entry)
  }
  return {
    next(body) {
      const entry = answers.get(requestKey(body))
      return entry?.recorded[entry.played++ % entry.recorded.length]
    },
  }
}

const parseLine = (raw: string, number: number): CassetteLine => {
  let json: unknown
  try {
    json = JSON.parse(raw)
  } catch {
    throw new FedError('E_DATA', `cassette, line ${number}: is not JSON`)
  }
  return parseAs(CassetteLine, json, 'E_DATA', `cassette, line ${number}: `, 'line')
}
