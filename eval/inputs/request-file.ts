/**
 * Requests from a file or from the bank, to be asked again: of a choice log only what was asked.
 */
import { basename } from 'node:path'
import { z } from 'zod'
import { ChatMessage, SystemPrompt } from '../../adapters/formats/choice-log.ts'
import { type JsonLines, readJsonLines, tellLines } from '../../adapters/formats/json-lines.ts'
import { CHOICE_FIELDS, readAs } from '../../adapters/formats/read-choices.ts'
import { REQUESTS } from '../answers/requests.ts'
import { readLines } from './files.ts'
import { readOutputs } from './outputs.ts'

/** What was asked; a choice log's other fields are ignored. */
const RequestLine = z.object({
  id: z.string().max(200).optional(),
  user: z.string().max(200).optional(),
  messages: z.array(ChatMessage).min(1).max(1000),
  system: SystemPrompt.optional(),
})
export type RequestLine = z.infer<typeof RequestLine>

export type AskedRequest = Pick<RequestLine, 'messages' | 'system'>

/** lines: of the file, or its text. */
export const parseRequests = (lines: string | readonly (string | null)[]): JsonLines<RequestLine> =>
  readJsonLines(lines, (fields, told) => readAs(RequestLine, CHOICE_FIELDS, fields, told))

/**
 * "bank", AlpacaEval outputs, or JSON lines with `messages`. Fails with E_DATA by the line's
 * number.
 */
export const readRequests = (
  source: string,
  tell: (line: string) => void = () => {},
): AskedRequest[] => {
  if (source === 'bank') return REQUESTS.map(askable)
  const lines = readLines(source)
  const name = basename(source)
  if (
    lines
      .find((line) => line?.trim() !== '')
      ?.trimStart()
      .startsWith('[')
  )
    return readOutputs([{ name, text: lines.join('\n') }]).map(askable)
  const requests = parseRequests(lines)
  tellLines(requests, { name, tell })
  return requests.items.map(({ item }) => askable(item))
}

const askable = (request: {
  readonly messages: readonly object[]
  readonly system?: unknown
}): AskedRequest => {
  const { messages, system } = request
  return { ...(system !== undefined && { system }), messages } as AskedRequest
}
