/**
 * JSON lines: one event a line. Fields are ids, counts and codes; never bodies, credentials or
 * anything of a person.
 */

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'
export type LogFields = Readonly<Record<string, string | number | boolean | null>>
export type Log = (level: LogLevel, event: string, fields?: LogFields) => void

const LEVELS: Record<LogLevel, number> = { debug: 0, info: 1, warn: 2, error: 3 }

/** write takes one line without its end; clock is in milliseconds since 1970. */
export const jsonLog = (
  write: (line: string) => void,
  clock: () => number,
  least: LogLevel = 'info',
): Log => {
  return (level, event, fields = {}) => {
    if (LEVELS[level] < LEVELS[least]) return
    write(JSON.stringify({ at: new Date(clock()).toISOString(), level, event, ...fields }))
  }
}

export const silentLog: Log = () => {}
