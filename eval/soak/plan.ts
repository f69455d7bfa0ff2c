/** What happens in a simulated week: drawn from a seed, and nothing else. */
import { type Rng, seededRng } from '../../adapters/random.ts'
import type { Weather } from './network.ts'

const ASKS = ['plain', 'stream', 'turn', 'tools', 'image', 'compare', 'left'] as const
export type Ask = (typeof ASKS)[number]
const REACTIONS = ['up', 'down', 'edit', 'keep', 'regenerate', 'undo'] as const
export type Reaction = (typeof REACTIONS)[number]
const COMMANDS = ['status', 'log', 'profile show', 'consent show', 'training status'] as const
type CommandLine = (typeof COMMANDS)[number]

/**
 * ask: the app asks; turn goes on with the last conversation, left is given up before the answer.
 * clock: the wall clock is set. disk: the home's, for so long. job: the operator's, with one round.
 */
export type Act =
  | { readonly kind: 'ask'; readonly ask: Ask }
  | { readonly kind: 'react'; readonly reaction: Reaction }
  | { readonly kind: 'prefer'; readonly dimension: string; readonly direction: 1 | -1 }
  | { readonly kind: 'consent'; readonly isGranted: boolean }
  | { readonly kind: 'forget' }
  | { readonly kind: 'pause'; readonly isPaused: boolean }
  | { readonly kind: 'look' }
  | { readonly kind: 'command'; readonly line: CommandLine }
  | { readonly kind: 'claude'; readonly weather: Weather }
  | { readonly kind: 'server'; readonly weather: Weather }
  | { readonly kind: 'disk'; readonly trouble: 'none' | 'locked' | 'full' | 'read-only' }
  | { readonly kind: 'sleep'; readonly ms: number }
  | { readonly kind: 'clock'; readonly ms: number; readonly isPutRight: boolean }
  | { readonly kind: 'kill'; readonly what: 'agent' | 'model' | 'server' }
  | { readonly kind: 'restart' }
  | { readonly kind: 'job' }
  | { readonly kind: 'cancel-job' }
  | { readonly kind: 'check' }

/** at: milliseconds after midnight of the first day. */
export type Event = Act & { readonly at: number }

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** Oldest first. No faults before the first noon, nor in the last hours: all must then recover. */
export const planWeek = (seed: number, days: number): Event[] => {
  const rng = seededRng(`soak/${seed}`)
  const events = Array.from({ length: days }, (_, day) =>
    [...talk(rng), ...user(rng), ...faults(rng, day), ...operator(rng), ...checks()].map(
      (event) => ({ ...event, at: event.at + day * DAY }),
    ),
  ).flat()
  const calm = days * DAY - 5 * HOUR
  const isLate = (event: Event): boolean =>
    event.kind === 'clock' && !event.isPutRight
      ? event.at + WRONG_CLOCK_MS >= calm
      : event.at >= calm && isFault(event) && !isEndOfFault(event)
  events.push({ at: days * DAY + 7 * HOUR, kind: 'check' })
  return withoutSleepers(events)
    .filter((event) => !isLate(event))
    .sort((a, b) => a.at - b.at)
}

/** Nobody uses a computer that sleeps. */
const withoutSleepers = (events: readonly Event[]): Event[] => {
  const naps = events.flatMap((event) => (event.kind === 'sleep' ? [event] : []))
  const isUse = ({ kind }: Event): boolean =>
    ['ask', 'react', 'prefer', 'look', 'command', 'forget', 'restart'].includes(kind)
  return events.filter(
    (event) => !isUse(event) || !naps.some(({ at, ms }) => event.at > at && event.at <= at + ms),
  )
}

const isFault = ({ kind }: Event): boolean =>
  ['claude', 'server', 'disk', 'sleep', 'clock', 'kill', 'restart', 'cancel-job'].includes(kind)
const isEndOfFault = (event: Event): boolean =>
  ('weather' in event && event.weather === 'fair') ||
  (event.kind === 'disk' && event.trouble === 'none')

const between = (rng: Rng, from: number, to: number): number =>
  Math.floor(from + (to - from) * rng.uniform())
const oneOf = <T>(rng: Rng, all: readonly T[]): T => all[between(rng, 0, all.length)] as T

/** All day, every ten minutes or so. */
const talk = (rng: Rng): Event[] => {
  const events: Event[] = []
  for (let at = 7 * HOUR; at < 22 * HOUR; at += between(rng, 4 * MINUTE, 20 * MINUTE))
    events.push({ at, kind: 'ask', ask: rng.uniform() < 0.4 ? 'turn' : oneOf(rng, ASKS) })
  return events
}

const DIMENSIONS = ['length', 'lists', 'emoji', 'headings', 'questions'] as const

const user = (rng: Rng): Event[] => {
  const at = () => between(rng, 7 * HOUR, 22 * HOUR)
  const some = (count: number, make: () => Act): Event[] =>
    Array.from({ length: count }, () => ({ ...make(), at: at() }))
  return [
    ...some(16, () => ({ kind: 'react', reaction: oneOf(rng, REACTIONS) })),
    ...some(2, () => ({
      kind: 'prefer' as const,
      dimension: oneOf(rng, DIMENSIONS),
      direction: rng.uniform() < 0.5 ? (1 as const) : (-1 as const),
    })),
    ...some(2, () => ({ kind: 'forget' })),
    ...some(8, () => ({ kind: 'look' })),
    ...some(1, () => ({ kind: 'command', line: oneOf(rng, COMMANDS) })),
    { at: 6.5 * HOUR, kind: 'consent', isGranted: true },
    ...(rng.uniform() < 0.4 ? ([{ at: at(), kind: 'consent', isGranted: false }] as const) : []),
    ...(rng.uniform() < 0.3
      ? ([
          { at: 20 * HOUR, kind: 'pause', isPaused: true },
          { at: 25 * HOUR, kind: 'pause', isPaused: false },
        ] as const)
      : []),
  ]
}

const CLAUDE_WEATHERS = [
  'refused',
  'hangs',
  'silent',
  'broken',
  'slow',
  'overloaded',
  'limited',
  'failing',
  'page',
] as const
const SERVER_WEATHERS = ['refused', 'hangs', 'broken', 'slow', 'failing', 'page', 'small'] as const

const faults = (rng: Rng, day: number): Event[] => {
  const from = day === 0 ? 12 * HOUR : 0
  const at = () => between(rng, from, DAY)
  const spell = (begins: number, ms: number, bad: Act, good: Act): Event[] => [
    { at: begins, ...bad },
    { at: begins + ms, ...good },
  ]
  const weather = (kind: 'claude' | 'server', weathers: readonly Weather[]): Event[] =>
    spell(
      at(),
      between(rng, 10 * MINUTE, 2 * HOUR),
      { kind, weather: oneOf(rng, weathers) },
      { kind, weather: 'fair' },
    )
  const disk = (trouble: 'locked' | 'full' | 'read-only'): Event[] =>
    spell(
      between(rng, Math.max(from, 8 * HOUR), 20 * HOUR),
      between(rng, 10 * MINUTE, HOUR),
      { kind: 'disk', trouble },
      { kind: 'disk', trouble: 'none' },
    )
  const kills: Event[] = (['agent', 'model', 'server'] as const).flatMap((what) =>
    rng.uniform() < 0.6 ? [{ at: at(), kind: 'kill', what } as const] : [],
  )
  return [
    ...weather('claude', CLAUDE_WEATHERS),
    ...weather('claude', CLAUDE_WEATHERS),
    ...weather('server', SERVER_WEATHERS),
    // At night, when rounds are.
    ...weather('server', SERVER_WEATHERS).map((event) => ({
      ...event,
      at: (event.at % HOUR) + 23 * HOUR,
    })),
    ...disk(oneOf(rng, ['locked', 'full', 'read-only'] as const)),
    ...kills,
    ...(rng.uniform() < 0.5 ? [{ at: at(), kind: 'restart' } as const] : []),
    { at: at(), kind: 'sleep', ms: between(rng, HOUR, 5 * HOUR) },
    ...(rng.uniform() < 0.5 ? clockIsSet(rng, at()) : []),
  ]
}

const WRONG_CLOCK_MS = 2 * HOUR

/** And put right again: some minutes, an hour as in autumn, a day. */
const clockIsSet = (rng: Rng, at: number): Event[] => {
  const ms = oneOf(rng, [-4 * MINUTE, 4 * MINUTE, HOUR, -HOUR, DAY, -DAY])
  return [
    { at, kind: 'clock', ms, isPutRight: false },
    { at: at + WRONG_CLOCK_MS, kind: 'clock', ms: -ms, isPutRight: true },
  ]
}

const operator = (rng: Rng): Event[] => [
  { at: 22 * HOUR, kind: 'job' },
  ...(rng.uniform() < 0.3 ? [{ at: 24 * HOUR + 30 * MINUTE, kind: 'cancel-job' } as const] : []),
]

const checks = (): Event[] => [
  { at: 6.9 * HOUR, kind: 'check' },
  { at: 22.5 * HOUR, kind: 'check' },
]
