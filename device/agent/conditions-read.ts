/**
 * Reads the machine's conditions. Each reader has a time limit; a reader that fails, hangs or has
 * no value gives null.
 */

import type { Sleep } from '../http/sleep.ts'
import type { Readings } from '../records/agent-reports.ts'
import { readLinux } from './conditions-linux.ts'
import { readMacos } from './conditions-macos.ts'
import { NO_READINGS } from './conditions-status.ts'
import type { MachineIo } from './machine-io.ts'

export type ReaderOptions = {
  readonly platform: NodeJS.Platform
  readonly io: MachineIo
  /** Processor seconds of this program and its children so far; null if unknown. */
  readonly ownSeconds: () => Promise<number | null>
  readonly sleep: Sleep
}

/** Time limit of a reader, after which its value is null. */
const READER_MS = 3000

export const openReaders = ({
  platform,
  io,
  ownSeconds,
  sleep,
}: ReaderOptions): (() => Promise<Readings>) => {
  if (platform !== 'linux' && platform !== 'darwin') return async () => NO_READINGS
  const readers = platform === 'linux' ? readLinux(io) : readMacos(io)
  const timed = async <T>(read: () => Promise<T | null>): Promise<T | null> => {
    const answered = new AbortController()
    const tooLate = sleep(READER_MS, answered.signal).then(
      () => null,
      () => null,
    )
    const value = await Promise.race([read().catch(() => null), tooLate])
    answered.abort()
    return value
  }
  let quiet: Quiet | null = null
  return async () => {
    const now = io.monotonicMs()
    const [power, heat, input, metered, load, own] = await Promise.all([
      timed(readers.power),
      timed(readers.heat),
      timed(readers.idle),
      timed(readers.metered),
      timed(readers.load),
      timed(ownSeconds),
    ])
    quiet = load && own !== null ? quietSince(quiet, { ...load, own, at: now }) : null
    return {
      charging: power?.charging ?? null,
      battery: power?.battery ?? null,
      celsius: heat?.celsius ?? null,
      throttled: heat?.throttled ?? null,
      idleSeconds: input ?? (quiet && (now - quiet.since) / 1000),
      metered,
    }
  }
}

/** busy, total, own: processor seconds so far; at, since: milliseconds. */
export type Load = {
  readonly busy: number
  readonly total: number
  readonly own: number
  readonly at: number
}
export type Quiet = { readonly last: Load; readonly since: number }

/** Share of all cores that other programs may use while the machine counts as idle. */
const QUIET_SHARE = 0.25

/** Since when other programs have left most of the processor free. */
export const quietSince = (before: Quiet | null, load: Load): Quiet => {
  const last = before?.last
  const total = last ? load.total - last.total : 0
  const others = last ? load.busy - last.busy - (load.own - last.own) : 0
  const isQuiet = before !== null && total >= 0 && others <= QUIET_SHARE * total
  return { last: load, since: isQuiet ? before.since : load.at }
}
