/** The hours of a job. */
import { DAY_MS } from '../../adapters/time.ts'
import type { SchedulePlan } from '../../adapters/wire/job-life.ts'

const MINUTE_MS = 60_000
const DAY_MINUTES = 24 * 60

const minutesOf = (time: string): number => {
  const [hours, minutes] = time.split(':').map(Number)
  return 60 * hours! + minutes!
}

/** How far `to` lies behind `from` on a clock of a day. */
const distance = (from: number, to: number): number => (to - from + DAY_MINUTES) % DAY_MINUTES

/** Milliseconds until the job works; 0: it does. */
export const untilHours = (schedule: SchedulePlan | undefined, now: number): number => {
  if (!schedule?.hours) return 0
  const ofDay = now + (schedule.utcOffsetMinutes ?? 0) * MINUTE_MS
  const minute = (((ofDay % DAY_MS) + DAY_MS) % DAY_MS) / MINUTE_MS
  const waits = schedule.hours.map(({ from, to }) => {
    const begin = minutesOf(from)
    const isWithin = distance(begin, minute) < distance(begin, minutesOf(to))
    return isWithin ? 0 : distance(minute, begin) * MINUTE_MS
  })
  return Math.min(...waits)
}
