/** The week in words, a line an event; a run of ordinary questions is one line. */
import type { Weather } from './network.ts'

export type Diary = {
  /** What happened at a simulated time. */
  readonly write: (at: number, what: string) => void
  /** A question that was answered as it should be. */
  readonly count: (at: number, ms: number) => void
  readonly close: () => void
}

type Run = { readonly from: number; to: number; count: number; longestMs: number }

export const openDiary = (print: (line: string) => void): Diary => {
  let run: Run | null = null
  const flush = (): void => {
    if (run) print(`${stamp(run.from)}  ${sentence(run)}`)
    run = null
  }
  return {
    write: (at, what) => {
      flush()
      print(`${stamp(at)}  ${what}`)
    },
    count: (at, ms) => {
      if (!run) run = { from: at, to: at, count: 0, longestMs: 0 }
      run.to = at
      run.count++
      run.longestMs = Math.max(run.longestMs, ms)
    },
    close: flush,
  }
}

const sentence = ({ to, count, longestMs }: Run): string => {
  const longest = `${Math.round(longestMs)} ms`
  return count === 1
    ? `The app asks Claude, and is answered within ${longest}.`
    : `Until ${stamp(to).slice(4)} the app asks ${count} times and is answered, within ` +
        `${longest} at most.`
}

/** What is wrong, as "Claude …" or "the server …" goes on. */
export const WEATHER_WORDS: Record<Weather, string> = {
  fair: 'is well',
  refused: 'cannot be reached',
  hangs: 'takes requests and never answers',
  silent: 'begins answers and says nothing more',
  broken: 'breaks off in the middle of each answer',
  slow: 'takes a second longer',
  overloaded: 'is overloaded (529)',
  limited: 'says that there were too many requests (429)',
  failing: 'fails (500)',
  page: "is hidden behind a gateway's page (502)",
  small: 'is behind a gateway that takes no more than a megabyte (413)',
}

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const

const stamp = (at: number): string =>
  `${DAYS[new Date(at).getUTCDay()]} ${new Date(at).toISOString().slice(11, 16)}`

export const duration = (ms: number): string =>
  Math.abs(ms) < 3_600_000
    ? `${Math.round(Math.abs(ms) / 60_000)} minutes`
    : `${(Math.abs(ms) / 3_600_000).toFixed(1)} hours`
