/** Choice logs from anywhere: read, completed with other programs' answers, and reduced to what can be judged. */
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { FedError } from '../../adapters/errors.ts'
import { type ChoiceLine, parseChoiceLog } from '../../adapters/wire/choice-log.ts'
import { logsByUser, type UserLog } from '../arms.ts'
import { type OutputsRequest, readOutputs } from '../outputs.ts'

export type ChoiceFile = {
  readonly path: string
  /** AlpacaEval files whose outputs are candidates of the lines that have none (completeLine). */
  readonly outputs?: readonly string[]
  readonly skipBad?: boolean
  readonly log: (line: string) => void
}

/** Users with their lines in the order in which they were chosen. Fails with E_DATA on bad lines (unless skipBad), or on no file. */
export const readChoiceFile = ({ path, outputs = [], skipBad, log }: ChoiceFile): UserLog[] => {
  const given = readText(path)
  const text =
    outputs.length === 0
      ? given
      : given
          .split('\n')
          .map(completeLine(outputsByRequest(outputs)))
          .join('\n')
  const { choices, problems } = parseChoiceLog(text)
  for (const { line, problem } of problems) log(`${basename(path)}, line ${line}: ${problem}`)
  if (problems.length > 0 && !skipBad)
    throw new FedError(
      'E_DATA',
      `${basename(path)}: ${problems.length} bad lines (the first is line ${problems[0]!.line}); mend them or say --skip-bad`,
    )
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
 * A line without `candidates` gets those of its `request`, which names an instruction of the outputs by its text or by its id
 * (`<dataset>/<n>`); default: the text of the last message. `chosen` may then be a generator's name. Where nothing fits, the line stays
 * as it is, and the schema says what it lacks.
 */
const completeLine =
  (outputs: Outputs) =>
  (raw: string): string => {
    let line: Record<string, unknown>
    try {
      line = JSON.parse(raw)
    } catch {
      return raw
    }
    if (line === null || typeof line !== 'object' || 'candidates' in line) return raw
    const { request, chosen, ...rest } = line
    const messages = line['messages'] as { content?: unknown }[] | undefined
    const asked = request ?? (Array.isArray(messages) ? messages.at(-1)?.content : undefined)
    const found = typeof asked === 'string' ? outputs.get(asked) : undefined
    if (!found) return raw
    const { candidates, generators } = found
    return JSON.stringify({
      ...rest,
      messages: messages ?? found.messages,
      candidates,
      chosen: typeof chosen === 'string' ? generators.indexOf(chosen) : chosen,
    })
  }

/** Fails with E_DATA where there is no such file. */
export const readText = (path: string): string => {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new FedError('E_DATA', `${basename(path)} cannot be read`, { cause })
  }
}
