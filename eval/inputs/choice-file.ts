/**
 * Choice logs from anywhere: read, completed with other programs' answers, and reduced to what can
 * be judged.
 */
import { basename } from 'node:path'
import type { ChoiceLine } from '../../adapters/formats/choice-log.ts'
import { tellLines } from '../../adapters/formats/json-lines.ts'
import { latestChoices, parseChoiceLog } from '../../adapters/formats/read-choices.ts'
import { readLines, readText } from './files.ts'
import { type OutputsRequest, readOutputs } from './outputs.ts'
import { logsByUser, type UserLog } from './user-log.ts'

export type ChoiceFile = {
  readonly path: string
  /** AlpacaEval files whose outputs are candidates of the lines that have none (completeLine). */
  readonly outputs?: readonly string[]
  readonly skipBad?: boolean
  readonly log: (line: string) => void
}

/**
 * Users with their lines in the order in which they were chosen. Fails with E_DATA on bad lines
 * (unless skipBad), or on no file.
 */
export const readChoiceFile = ({
  path,
  outputs = [],
  skipBad = false,
  log,
}: ChoiceFile): UserLog[] => {
  const complete = outputs.length > 0 ? completeLine(outputsByRequest(outputs)) : undefined
  const read = parseChoiceLog(readLines(path), complete)
  tellLines(read, { name: basename(path), skipBad, tell: log })
  const choices = [...latestChoices(read.items.map(({ item }) => item)).values()]
  return logsByUser(choices.map(judgeable)).map((user) => ({ ...user, train: inTime(user.train) }))
}

/** Without utilities nothing is known of a candidate that the user was not shown. */
const judgeable = (line: ChoiceLine): ChoiceLine => {
  const { shown, utilities, ...rest } = line
  if (line.split !== 'test' || utilities || !shown) return line
  return {
    ...rest,
    candidates: shown.map((i) => line.candidates[i]!),
    chosen: shown.indexOf(line.chosen),
  }
}

/** By time where every line has one; else as they stand in the file. */
const inTime = (lines: readonly ChoiceLine[]): readonly ChoiceLine[] =>
  lines.every((line) => line.at !== undefined) ? lines.toSorted((a, b) => a.at! - b.at!) : lines

type Outputs = ReadonlyMap<string, OutputsRequest>

const outputsByRequest = (paths: readonly string[]): Outputs => {
  const requests = readOutputs(
    paths.map((path) => ({ name: basename(path), text: readText(path) })),
  )
  const byRequest = new Map<string, OutputsRequest>()
  for (const request of requests) {
    byRequest.set(request.id, request)
    const instruction = request.messages.at(-1)!.content
    if (!byRequest.has(instruction)) byRequest.set(instruction, request)
  }
  return byRequest
}

/**
 * A line without `candidates` gets those of its `request`, which names an instruction of the
 * outputs by its text or by its id (`<dataset>/<n>`); default: the text of the last message.
 * `chosen` may then be a generator's name. Where nothing fits, the line stays as it is, and the
 * schema says what it lacks.
 */
const completeLine =
  (outputs: Outputs) =>
  (line: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> => {
    if ('candidates' in line) return line
    const { request, chosen, ...rest } = line
    const messages = line['messages'] as { content?: unknown }[] | undefined
    const asked = request ?? (Array.isArray(messages) ? messages.at(-1)?.content : undefined)
    const found = typeof asked === 'string' ? outputs.get(asked) : undefined
    if (!found) return line
    const { candidates, generators } = found
    return {
      ...rest,
      messages: messages ?? found.messages,
      candidates,
      chosen: typeof chosen === 'string' ? generators.indexOf(chosen) : chosen,
    }
  }
