/** Requests from a file or from the bank, to be asked again: of a choice log only what was asked. */
import { z } from 'zod'
import { FedError } from '../adapters/errors.ts'
import { ChatMessage, SystemPrompt } from '../adapters/wire/choice-log.ts'
import type { CountTokensBody } from './mock/claude-wire.ts'
import { REQUESTS } from './mock/requests.ts'
import { readOutputs } from './outputs.ts'
import { readText } from './run/choice-file.ts'

/** Of a line, what is asked again; a choice log's other fields are passed over. */
const RequestLine = z.looseObject({
  messages: z.array(ChatMessage).min(1).max(1000),
  system: SystemPrompt.optional(),
})

export type AskedRequest = Pick<CountTokensBody, 'messages' | 'system'>

/** "bank", AlpacaEval outputs, or JSON lines with `messages`. Fails with E_DATA by the line's number. */
export const readRequests = (source: string): AskedRequest[] => {
  if (source === 'bank') return REQUESTS.map(askable)
  const text = readText(source)
  if (text.trimStart().startsWith('[')) return readOutputs([{ name: source, text }]).map(askable)
  return text.split('\n').flatMap((raw, i) => (raw.trim() === '' ? [] : [parseLine(raw, i + 1)]))
}

const parseLine = (raw: string, number: number): AskedRequest => {
  let json: unknown
  try {
    json = JSON.parse(raw)
  } catch {
    throw new FedError('E_DATA', `requests, line ${number}: is not JSON`)
  }
  const parsed = RequestLine.safeParse(json)
  if (parsed.success) return askable(parsed.data)
  const issue = parsed.error.issues[0]
  throw new FedError(
    'E_DATA',
    `requests, line ${number}: ${issue?.path.join('.') || 'line'}: ${issue?.message ?? 'bad'}`,
  )
}

const askable = (request: {
  readonly messages: readonly object[]
  readonly system?: unknown
}): AskedRequest => {
  const { messages, system } = request
  return { ...(system !== undefined && { system }), messages } as AskedRequest
}
