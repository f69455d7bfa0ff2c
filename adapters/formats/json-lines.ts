/**
 * Files of one JSON object a line, as other programs write them: what is bad or passed over is
 * told, never quoted. Pure.
 */

import { FedError } from '../errors.ts'
import { NOT_UTF8 } from './text.ts'

/** line: from 1. problem: what is wrong and how to mend it. */
type LineProblem = { readonly line: number; readonly problem: string }

/**
 * items: with the line each stood in. notes: what was passed over or changed in the lines that were
 * taken, a sentence each.
 */
export type JsonLines<T> = {
  readonly items: { readonly line: number; readonly item: T }[]
  readonly problems: LineProblem[]
  readonly notes: string[]
}

/** What reading a line does not take as it stands. */
export type Told = {
  /** A field that is not read; its name is shown only where it looks like one. */
  ignored(field: string): void
  /** A text was longer than is read. */
  cut(): void
}

/** One object: what it says, or the problem with it. */
export type ReadLine<T> = (
  fields: Readonly<Record<string, unknown>>,
  told: Told,
) => { readonly item: T } | { readonly problem: string }

/**
 * lines: of a file, null where one is not UTF-8; or its text. Blank lines are passed over. `null`
 * for a field is its absence.
 */
export const readJsonLines = <T>(
  lines: string | readonly (string | null)[],
  read: ReadLine<T>,
): JsonLines<T> => {
  const items: { line: number; item: T }[] = []
  const problems: LineProblem[] = []
  const notes = openNotes()
  for (const [i, raw] of (typeof lines === 'string' ? lines.split('\n') : lines).entries()) {
    if (raw?.trim() === '') continue
    const line = i + 1
    const fields = parseLine(raw)
    const told = notes.ofLine()
    const result = typeof fields === 'string' ? { problem: fields } : read(fields, told)
    if ('problem' in result) problems.push({ line, problem: result.problem })
    else {
      items.push({ line, item: result.item })
      told.keep()
    }
  }
  return { items, problems, notes: notes.sentences() }
}

const MAX_LISTED_PROBLEMS = 20

/**
 * Tells each bad line, and what was passed over. Returns the number of bad lines. skipBad:
 * undefined where no option says so. Fails with E_DATA where there are some that may not be
 * skipped.
 */
export const tellLines = (
  { problems, notes }: Pick<JsonLines<unknown>, 'problems' | 'notes'>,
  {
    name,
    skipBad,
    tell,
  }: { name: string; skipBad?: boolean | undefined; tell: (line: string) => void },
): number => {
  for (const { line, problem } of problems.slice(0, MAX_LISTED_PROBLEMS))
    tell(`${name}, line ${line}: ${problem}`)
  if (problems.length > MAX_LISTED_PROBLEMS)
    tell(`${name}: ${problems.length - MAX_LISTED_PROBLEMS} more bad lines`)
  for (const note of notes) tell(`${name}: ${note}`)
  const [first] = problems
  if (!first || skipBad) return problems.length
  const count = problems.length === 1 ? '1 bad line' : `${problems.length} bad lines`
  const way = skipBad === undefined ? '' : '. Mend them, or go on without them: --skip-bad'
  throw new FedError(
    'E_DATA',
    `${name}: ${count} (the first is line ${first.line}: ${first.problem}), nothing was taken${way}`,
  )
}

/** What people write instead of one object a line. */
const HINTS: readonly (readonly [pattern: RegExp, hint: string])[] = [
  [/^\s*\[/, 'is a list, expected one object a line. Convert it: jq -c ".[]" FILE > NEW'],
  [
    /[:,[]\s*(?:NaN|-?Infinity)\b/,
    'is not JSON, in which NaN and Infinity do not exist: write null',
  ],
  [/^\s*[^\s{]/, 'is not JSON, expected an object: {"user": …, "id": …}'],
]

const parseLine = (raw: string | null): Readonly<Record<string, unknown>> | string => {
  if (raw === null) return NOT_UTF8
  let json: unknown
  try {
    json = JSON.parse(raw.replace(/^\ufeff/, ''))
  } catch {
    const hint = HINTS.find(([pattern]) => pattern.test(raw))?.[1]
    return hint ?? 'is not JSON, expected one whole object a line'
  }
  if (json === null || typeof json !== 'object' || Array.isArray(json))
    return Array.isArray(json) ? HINTS[0]![1] : 'is no object, expected {"user": …, "id": …}'
  return withoutNulls(json)
}

/** What is null is absent. */
export const withoutNulls = (fields: object): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null))

/** Names that a person would give a column; others may hold what somebody said. */
const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_.-]{0,39}$/
const MAX_LISTED_NAMES = 12

/** Of the lines that were taken. */
const openNotes = () => {
  const ignored = new Set<string>()
  let cut = 0
  return {
    ofLine: (): Told & { keep(): void } => {
      const fields: string[] = []
      let cuts = 0
      return {
        ignored: (field) => void fields.push(field),
        cut: () => void cuts++,
        keep: () => {
          for (const field of fields) ignored.add(field)
          cut += cuts
        },
      }
    },
    sentences: (): string[] => {
      const names = [...ignored].filter((name) => IDENTIFIER.test(name)).slice(0, MAX_LISTED_NAMES)
      const more = ignored.size - names.length
      return [
        ...(ignored.size > 0
          ? [`columns that are not read were passed over: ${listed(names, more)}`]
          : []),
        ...(cut > 0 ? [`${cut} texts were cut to the 200,000 characters that are read`] : []),
      ]
    },
  }
}

/** Names, and how many more there are whose names are not shown. */
const listed = (names: readonly string[], more: number): string => {
  const rest = `${more} ${names.length > 0 ? 'more' : 'whose names are not shown'}`
  return [...names, ...(more > 0 ? [rest] : [])].join(', ')
}
