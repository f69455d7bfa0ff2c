/** Decides from the machine's readings and the settings whether the agent may work. */
import { FedError } from '../../adapters/errors.ts'
import type { AgentSettings } from '../home/settings.ts'
import type { HoldReason, Readings } from '../records/agent-reports.ts'

/** What can be ignored or assumed for one run. */
const CONDITIONS = ['charging', 'idle', 'hours', 'heat', 'metered', 'budget'] as const
export type Condition = (typeof CONDITIONS)[number]

/** ignore: conditions that always hold. assume: replaces readings. */
export type Overrides = {
  readonly ignore: ReadonlySet<Condition>
  readonly assume: Partial<Readings>
}
export const NO_OVERRIDES: Overrides = { ignore: new Set(), assume: {} }

export type Circumstances = {
  readonly readings: Readings
  /** Minutes since local midnight. */
  readonly minutes: number
  readonly isPaused: boolean
  /** Whether it was too hot at the last tick. Work then resumes COOLER degrees below the limit. */
  readonly wasHot: boolean
}

const COOLER = 5

/**
 * Why no work may be done now; empty if it may. Unknown charging or idleness prevents work
 * (`cannot_tell`), since a wrong guess would drain a battery or disturb the user. Unknown heat does
 * not, since the processor protects itself.
 */
export const holdReasons = (
  { readings, minutes, isPaused, wasHot }: Circumstances,
  settings: AgentSettings,
  { ignore }: Overrides = NO_OVERRIDES,
): HoldReason[] => {
  const { charging, idleSeconds, celsius, throttled } = readings
  const reasons = new Set<HoldReason>()
  if (isPaused) reasons.add('paused')
  if (!settings.auto) reasons.add('auto_off')
  if (settings.charging && !ignore.has('charging')) {
    if (charging === null) reasons.add('cannot_tell')
    if (charging === false) reasons.add('on_battery')
  }
  if (settings.idleMinutes > 0 && !ignore.has('idle')) {
    if (idleSeconds === null) reasons.add('cannot_tell')
    else if (idleSeconds < 60 * settings.idleMinutes) reasons.add('not_idle')
  }
  if (!ignore.has('hours') && !isWithin(settings.hours, minutes)) reasons.add('outside_hours')
  if (settings.maxCelsius !== null && !ignore.has('heat')) {
    const ceiling = settings.maxCelsius - (wasHot ? COOLER : 0)
    if (throttled === true || (celsius !== null && celsius > ceiling)) reasons.add('too_hot')
  }
  return [...reasons]
}

/** Whether rounds may not use the network. An unknown network counts as not metered. */
export const isBlockedByMetering = (
  { metered }: Readings,
  settings: AgentSettings,
  { ignore }: Overrides = NO_OVERRIDES,
): boolean => metered === true && !settings.metered && !ignore.has('metered')

/**
 * hours: "22:00-07:00", the end excluded, over midnight if the end is before the start. Equal ends
 * mean the whole day.
 */
const isWithin = (hours: string | null, minutes: number): boolean => {
  if (hours === null) return true
  const [from = 0, to = 0] = hours.split('-').map(minutesOf)
  if (from === to) return true
  return from < to ? minutes >= from && minutes < to : minutes >= from || minutes < to
}

const minutesOf = (text: string): number => {
  const [hours = 0, minutes = 0] = text.split(':').map(Number)
  return 60 * hours + minutes
}

/**
 * ignore: "charging,idle"; assume: "charging=yes,idle=no,metered=no,celsius=60". Fails with
 * E_USAGE.
 */
export const parseOverrides = (ignore = '', assume = ''): Overrides => ({
  ignore: new Set(words(ignore).map(conditionOf)),
  assume: Object.assign({}, ...words(assume).map(assumptionOf)) as Partial<Readings>,
})

const words = (text: string): string[] =>
  text
    .split(',')
    .map((word) => word.trim())
    .filter(Boolean)

const conditionOf = (word: string): Condition => {
  const known = CONDITIONS.find((name) => name === word)
  if (known) return known
  throw new FedError('E_USAGE', `--ignore expects some of ${CONDITIONS.join(', ')}, got ${word}`)
}

const LONG_SECONDS = 24 * 3600

const assumptionOf = (word: string): Partial<Readings> => {
  const [name, value = ''] = word.split('=')
  const isYes = value === 'yes' ? true : value === 'no' ? false : null
  if (name === 'charging' && isYes !== null) return { charging: isYes }
  if (name === 'metered' && isYes !== null) return { metered: isYes }
  if (name === 'idle' && isYes !== null) return { idleSeconds: isYes ? LONG_SECONDS : 0 }
  const degrees = Number(value)
  if (name === 'celsius' && value !== '' && degrees > -100 && degrees < 300)
    return { celsius: degrees, throttled: false }
  throw new FedError(
    'E_USAGE',
    `--assume expects charging=yes|no, idle=yes|no, metered=yes|no or celsius=DEGREES, got ${word}`,
  )
}
