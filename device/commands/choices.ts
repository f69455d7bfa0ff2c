/** A choice log that somebody brings: read, told about, and taken whole or not at all. */
import { FedError } from '../../adapters/errors.ts'
import type { ChoiceLine } from '../../adapters/wire/choice-log.ts'
import { tellLines } from '../../adapters/wire/json-lines.ts'
import { parseChoiceLog } from '../../adapters/wire/read-choices.ts'
import type { ImportReport } from '../agent/imported.ts'
import type { Device } from '../agent/types.ts'
import { type Io, nameOf } from './io.ts'

/** user: whose lines are taken. skipBad: goes on without the lines that cannot be read. */
export type LogOptions = { readonly user?: string; readonly skipBad?: boolean }

/** skipped: lines that could not be read; others: those of other users. */
export type LogReport = ImportReport & { readonly skipped: number; readonly others: number }

/** Says of each bad line what it lacks. Fails with E_DATA, E_USAGE; then nothing was taken. */
export const importLog = async (
  io: Io,
  device: Pick<Device, 'importChoices'>,
  path: string,
  { user, skipBad = false }: LogOptions,
): Promise<LogReport> => {
  const log = parseChoiceLog(io.readLines(path))
  const skipped = tellLines(log, {
    name: nameOf(path),
    skipBad,
    tell: (line) => io.err(`${line}\n`),
  })
  const choices = log.items.map(({ item }) => item)
  const own = ownChoices(choices, nameOf(path), user)
  const report = await device.importChoices(own)
  return { ...report, skipped, others: choices.length - own.length }
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
