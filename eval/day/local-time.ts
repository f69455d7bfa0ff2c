/** Local time of the simulated machine. */
/** The clocks go back in the night: 03:00 is 02:00 again. */
const TIME_ZONE = 'Europe/Berlin'
const MINUTE = 60_000

const FORMAT = new Intl.DateTimeFormat('sv-SE', {
  timeZone: TIME_ZONE,
  dateStyle: 'short',
  timeStyle: 'medium',
})

/** "2026-10-24 20:00:00" by the machine's clock. */
export const localText = (now: number): string => FORMAT.format(now)

export const minutesOf = (now: number): number => {
  const [hours = 0, minutes = 0] = localText(now).slice(11).split(':').map(Number)
  return 60 * hours + minutes
}

const starts = new Map<string, number>()

/** The first minute of the same local date. */
export const startOfDay = (now: number): number => {
  const day = localText(now).slice(0, 10)
  const known = starts.get(day)
  if (known !== undefined) return known
  let start = now - (now % MINUTE)
  while (localText(start - MINUTE).startsWith(day)) start -= MINUTE
  starts.set(day, start)
  return start
}
