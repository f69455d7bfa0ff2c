/** What the Messages endpoint depends on, and what it reports about a request. */
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

/** Each has a default. */
export type EndpointOptions = {
  readonly settings?: Partial<EndpointSettings> | undefined
  /** Called for each answer, with numbers and statuses only. */
  readonly log?: ((event: Answered) => void) | undefined
  /** Waits between retries, and between the comments that keep a stream alive. */
  readonly sleep?: Sleep | undefined
  readonly random?: (() => number) | undefined
  /** Counts the users that requests name, if the device may learn from those requests. */
  readonly people?: People | undefined
}

export type MessagesDeps = EndpointOptions & {
  readonly device: Personalizer
  readonly upstream: Pick<Upstream, 'send'>
  readonly clock: () => number
  /** Gets what failed and its code, never any content. */
  readonly report: (event: { what: string; code: string }) => void
}

/** The value of the `loreweave-status` header. */
export type Status = 'personalized' | 'identity' | 'shadow' | 'passed-through' | 'failed-open'

type Answered = {
  readonly what: 'answered'
  readonly status: Status
  readonly http: number
  /** Until the answer, or its first byte, was passed on. */
  readonly ms: number
} & Partial<TotalUsage>

/** Called when an answer or an error from Claude has been passed on. */
export type LogAnswer = (event: Pick<Answered, 'status' | 'http'> & Partial<TotalUsage>) => void

const DEFAULTS: EndpointSettings = Settings.parse({})

export const settingsOf = ({ settings }: EndpointOptions): EndpointSettings => ({
  ...DEFAULTS,
  ...settings,
})

export const reportFailure = (deps: MessagesDeps, what: string, error: unknown): void =>
  deps.report({ what, code: isFedError(error) ? error.code : 'E_INTERNAL' })

/** Aborts the signal after `ms` and rejects. */
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
