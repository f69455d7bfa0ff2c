/** What codes and numbers are called on the page. */
import type { HoldReason } from '../../../records/agent-reports.ts'
import { h } from './dom.ts'

export const HOLDS: Readonly<Record<HoldReason, string>> = {
  paused: 'you paused it',
  auto_off: 'training by itself is switched off in the settings',
  on_battery: 'the machine runs on its battery',
  not_idle: 'you are using the machine',
  outside_hours: 'it is outside the hours you set',
  too_hot: 'the processor is too hot',
  metered: 'the network is metered, so no rounds',
  budget_spent: 'today’s energy budget is spent',
  cannot_tell: 'a condition cannot be told on this machine',
  not_running: 'loreweave agent is not running',
}

export const CONTRIBUTIONS = {
  adapter: [
    'Adapter',
    'How one factor of the shared adapter would change on your choices: numbers, clipped, no texts.',
  ],
  prior: [
    'Prior',
    'First and second moments of your reward head. They are numbers about your ' +
      'taste: whoever runs the server can read them.',
  ],
  statistics: [
    'Statistics',
    'How many answers were compared, and sums of their style features, so that features get a common scale.',
  ],
} as const

const when = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })
export const timeNode = (at: number): HTMLTimeElement =>
  h('time', { datetime: new Date(at).toISOString() }, when.format(at))

const number = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 })

export const bytesText = (bytes: number): string => {
  if (bytes < 1000) return `${bytes} bytes`
  return bytes < 1e6 ? `${number.format(bytes / 1e3)} kB` : `${number.format(bytes / 1e6)} MB`
}

/** Joules, and watt-hours too from a kilojoule on. */
export const joulesText = (joules: number): string =>
  joules < 1000
    ? `${number.format(joules)} J`
    : `${number.format(joules / 1000)} kJ (${number.format(joules / 3600)} Wh)`

export const percent = (share: number): string => `${Math.round(100 * share)} %`

export const counted = (count: number, one: string, many = `${one}s`): string =>
  `${number.format(count)} ${count === 1 ? one : many}`

/** The sentences that apply, as one text. */
export const joined = (...sentences: (string | false)[]): string =>
  sentences.filter(Boolean).join(' ')
