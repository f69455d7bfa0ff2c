/** What times and numbers are called on the pages. */
import { h } from './dom.ts'

const when = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })
export const timeText = (at: number): string => when.format(at)
export const timeNode = (at: number): HTMLTimeElement =>
  h('time', { datetime: new Date(at).toISOString() }, timeText(at))

const number = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 })
export const numberText = (value: number): string => number.format(value)

export const bytesText = (bytes: number): string => {
  if (bytes < 1000) return `${bytes} bytes`
  return bytes < 1e6 ? `${number.format(bytes / 1e3)} kB` : `${number.format(bytes / 1e6)} MB`
}

export const percent = (share: number): string => `${Math.round(100 * share)} %`

export const counted = (count: number, one: string, many = `${one}s`): string =>
  `${number.format(count)} ${count === 1 ? one : many}`

/** The sentences that apply, as one text. */
export const joined = (...sentences: (string | false)[]): string =>
  sentences.filter(Boolean).join(' ')
