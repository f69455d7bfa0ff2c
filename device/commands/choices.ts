/** Reads choice logs and reports bad lines before anything is imported. */
import { FedError } from '../../adapters/errors.ts'
import type { ChoiceLine } from '../../adapters/formats/choice-log.ts'
import { tellLines } from '../../adapters/formats/json-lines.ts'
import { parseChoiceLog } from '../../adapters/formats/read-choices.ts'
import type { ImportReport } from '../feedback/import-choices.ts'
import { type Io, nameOf } from './io.ts'

/** user: whose lines are read. skipBad: continue without invalid lines. */
export type LogOptions = { readonly user?: string; readonly skipBad?: boolean }

/** skipped: invalid lines. others: lines of other users. */
type Counts = { readonly skipped: number; readonly others: number }
export type ReadLog = Counts & { readonly choices: readonly ChoiceLine[] }
export type LogReport = ImportReport & Counts

/**
 * The choices of all files, in order, so that the last one corrects earlier ones. Reports what is
 * wrong with each bad line. Fails with E_DATA, E_USAGE.
 */
export const readLog = (
  io: Io,
  paths: readonly string[],
  { user, skipBad = false }: LogOptions,
): ReadLog => {
  const all: ChoiceLine[] = []
  let skipped = 0
  for (const path of paths) {
    const log = parseChoiceLog(io.readLines(path))
    skipped += tellLines(log, {
      name: nameOf(path),
      skipBad,
      tell: (line) => io.err(`${line}\n`),
    })
    for (const { item } of log.items) all.push(item)
  }
  const choices = ownChoices(all, paths.map(nameOf).join(', '), user)
  return { choices, skipped, others: all.length - choices.length }
}

/** The report as text. */
export const importText = ({ added, replaced, known, test, skipped, others }: LogReport): string =>
  [
    `choices: ${added} new, ${replaced} replaced, ${known} already known, ${skipped} skipped`,
    ...(test > 0 ? [`${test} reserved for testing`] : []),
    ...(others > 0 ? [`${others} of other users`] : []),
  ].join(', ')

const ownChoices = (
  choices: readonly ChoiceLine[],
  name: string,
  user: string | undefined,
): readonly ChoiceLine[] => {
  const users = new Set(choices.map((choice) => choice.user)).size
  if (user === undefined && users > 1)
    throw new FedError('E_USAGE', `${name} has choices of ${users} users: name one with --user`)
  const own = choices.filter((choice) => user === undefined || choice.user === user)
  if (own.length > 0) return own
  throw new FedError(
    'E_DATA',
    choices.length === 0
      ? `${name} has no line that is a choice`
      : `${name} has no choice of this user: --user takes the value of "user" in its lines`,
  )
}
