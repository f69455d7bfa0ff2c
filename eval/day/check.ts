/** Judges a day by its log: each second at work by the conditions then, joules by the budget. */
import type { AgentSettings } from '../../device/home/settings.ts'
import type { Circumstances } from './world.ts'

/** One second in which the agent worked. minutes, day: of the machine's clock in its time zone. */
export type WorkSecond = {
  readonly truth: number
  readonly minutes: number
  readonly day: string
  readonly work: 'training' | 'round'
  readonly joules: number
  readonly freeMs: number
  readonly circumstances: Circumstances
}

/** Seconds that the agent has for seeing a change and stopping. */
const GRACE = 6

/** What was broken, one line each; empty where the agent kept to everything. */
export const violations = (seconds: readonly WorkSecond[], settings: AgentSettings): string[] => {
  const rules: Record<string, (s: WorkSecond) => boolean> = {
    'worked on battery': ({ circumstances }) => !circumstances.isPluggedIn && settings.charging,
    'worked while the user was there': ({ freeMs }) =>
      freeMs < 60_000 * settings.idleMinutes - 1000,
    'worked outside its hours': ({ minutes }) => !isAllowedAt(settings.hours, minutes),
    'worked while it was too hot': ({ circumstances }) =>
      settings.maxCelsius !== null && circumstances.celsius > settings.maxCelsius,
    'took part in a round over a metered network': ({ work, circumstances }) =>
      work === 'round' && circumstances.isMetered && !settings.metered,
  }
  const broken = Object.entries(rules).flatMap(([what, isBroken]) => {
    const longest = longestRun(seconds, isBroken)
    return longest > GRACE ? [`${what}: ${longest} seconds on end`] : []
  })
  return [...broken, ...overspent(seconds, settings)]
}

/** Seconds on end in which a rule was broken. */
const longestRun = (seconds: readonly WorkSecond[], isBroken: (s: WorkSecond) => boolean) => {
  let [longest, run, last] = [0, 0, Number.NEGATIVE_INFINITY]
  for (const second of seconds) {
    run = !isBroken(second) ? 0 : second.truth - last < 2000 ? run + 1 : 1
    last = second.truth
    longest = Math.max(longest, run)
  }
  return longest
}

const overspent = (seconds: readonly WorkSecond[], { joulesPerDay }: AgentSettings): string[] => {
  if (joulesPerDay === null) return []
  const days = new Map<string, number>()
  for (const { day, joules } of seconds) days.set(day, (days.get(day) ?? 0) + joules)
  const most = Math.max(0, ...seconds.map(({ joules }) => joules))
  return [...days].flatMap(([day, joules]) =>
    joules > joulesPerDay + GRACE * most
      ? [`spent ${Math.round(joules)} J on ${day}, of ${joulesPerDay}`]
      : [],
  )
}

const isAllowedAt = (hours: string | null, minutes: number): boolean => {
  if (hours === null) return true
  const [h1, m1, h2, m2] = hours.split(/[-:]/).map(Number) as [number, number, number, number]
  const length = (60 * (h2 - h1) + m2 - m1 + 1440) % 1440
  return (minutes - 60 * h1 - m1 + 1440) % 1440 < length
}
