/** Choice logs that somebody brings: read and told about, before any of it is taken. */
import { FedError } from '../../adapters/errors.ts'
import type { ChoiceLine } from '../../adapters/formats/choice-log.ts'
import { tellLines } from '../../adapters/formats/json-lines.ts'
import { parseChoiceLog } from '../../adapters/formats/read-choices.ts'
import type { ImportReport } from '../feedback/import-choices.ts'
import { type Io, nameOf } from './io.ts'

/** user: whose lines are taken. skipBad: goes on without the lines that cannot be read. */
export type LogOptions = { readonly user?: string; readonly skipBad?: boolean }

/** skipped: lines that could not be read; others: those of other users. */
type Counts = { readonly skipped: number; readonly others: number }
export type ReadLog = Counts & { readonly choices: readonly ChoiceLine[] }
export type LogReport = ImportReport & Counts

/**
 * The choices of all files, in their order, so that the last one corrects those before. Says of
 * each bad line what it lacks. Fails with E_DATA, E_USAGE.
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

/** How it ended, for people. */
export const importText = ({ added, replaced, known, test, skipped, others }: LogReport): string =>
  [
    `choices: ${added} new, ${replaced} replaced, ${known} known already, ${skipped} skipped`,
    ...(test > 0 ? [`${test} left for testing`] : []),
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
      : `${name} has no choice of this user: --user expects what its lines call "user"`,
  )
}
