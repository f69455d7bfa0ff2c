/** What the Messages endpoint is given, and what it says of a request. */
import { isFedError } from '../../../adapters/errors.ts'
import { type DeviceSettings, DeviceSettings as Settings } from '../../home/settings.ts'
import type { Sleep } from '../../http/sleep.ts'
import type { Personalizer } from '../../owner/personalizer.ts'
import type { People } from '../../store/people.ts'
import { orAborted } from '../../text/in-time.ts'
import type { Upstream } from '../upstream/forward.ts'
import type { TotalUsage } from './usage.ts'

export type EndpointSettings = Pick<
  DeviceSettings,
  'deadlineMs' | 'rankDeadlineMs' | 'compareStreams' | 'retries' | 'prices'
>

/** What the endpoint takes beside the device and the way to Claude; each has a default. */
export type EndpointOptions = {
  readonly settings?: Partial<EndpointSettings> | undefined
  /** Told of each answer: numbers and statuses only. */
  readonly log?: ((event: Answered) => void) | undefined
  /** Waits between retries, and between comments that keep a stream alive. */
  readonly sleep?: Sleep | undefined
  readonly random?: (() => number) | undefined
  /** Told for whom a request is, where it says so and may be learned from. */
  readonly people?: People | undefined
}

export type MessagesDeps = EndpointOptions & {
  readonly device: Personalizer
  readonly upstream: Pick<Upstream, 'send'>
  readonly clock: () => number
  /** Told what failed and with which code; never what was said. */
  readonly report: (event: { what: string; code: string }) => void
}

/** What became of a request, in the `loreweave-status` header. */
export type Status = 'personalized' | 'identity' | 'shadow' | 'passed-through' | 'failed-open'

type Answered = {
  readonly what: 'answered'
  readonly status: Status
  readonly http: number
  /** Until the answer was passed on, or began to be. */
  readonly ms: number
} & Partial<TotalUsage>

/** Called once an answer, or an error of Claude's, is passed on. */
export type LogAnswer = (event: Pick<Answered, 'status' | 'http'> & Partial<TotalUsage>) => void

const DEFAULTS: EndpointSettings = Settings.parse({})

export const settingsOf = ({ settings }: EndpointOptions): EndpointSettings => ({
  ...DEFAULTS,
  ...settings,
})

export const reportFailure = (deps: MessagesDeps, what: string, error: unknown): void =>
  deps.report({ what, code: isFedError(error) ? error.code : 'E_INTERNAL' })

/** The signal aborts after so long; the work settles soon after. */
export const within = async <T>(
  ms: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> => {
  const abort = new AbortController()
  const timer = setTimeout(() => abort.abort(), ms)
  try {
    return await orAborted(work(abort.signal), abort.signal)
  } finally {
    clearTimeout(timer)
  }
}
