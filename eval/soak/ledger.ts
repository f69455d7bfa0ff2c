/** What the device has acknowledged during the week, and what must therefore hold. Pure. */
import type { Passed } from './network.ts'

/** word: occurs in this conversation and nowhere else. */
export type Conversation = {
  readonly word: string
  readonly decisions: readonly string[]
  readonly isForgotten: boolean
}

/** A 2xx answer to feedback. */
export type Acknowledged = {
  readonly decisionId: string
  readonly kind: string
  readonly word: string
}

/** until: null while it lasts. */
export type Span = { readonly from: number; readonly until: number | null }

/** What a look into the device and its home found. */
export type Found = {
  readonly feedbackOn: (decisionId: string) => readonly string[] | null
  readonly directions: Readonly<Record<string, number>>
  readonly isConsented: boolean
  /** Traces of forgotten conversations, in any file of the home. */
  readonly forgottenWords: readonly string[]
  readonly residentBytes: number | null
  readonly homeBytes: number
  /** Rounds that the device counts as accepted. */
  readonly acceptedRounds: readonly string[]
}

export type Ledger = {
  readonly acknowledged: readonly Acknowledged[]
  readonly conversations: readonly Conversation[]
  readonly stated: Readonly<Record<string, number>>
  readonly isConsented: boolean | null
  readonly withoutConsent: readonly Span[]
  readonly toServer: readonly Passed[]
}

export type Bounds = { readonly residentBytes: number; readonly homeBytes: number }

export const wrongs = (ledger: Ledger, found: Found, bounds: Bounds): string[] => [
  ...lostFeedback(ledger, found),
  ...lostPreferences(ledger, found),
  ...(ledger.isConsented === null || found.isConsented === ledger.isConsented
    ? []
    : [
        `consent is ${found.isConsented ? 'granted' : 'withdrawn'}, though the user said otherwise`,
      ]),
  ...found.forgottenWords.map((word) => `the home still holds ${word}, which was forgotten`),
  ...sentWithoutConsent(ledger),
  ...lostUpdates(ledger, found),
  ...(found.residentBytes !== null && found.residentBytes > bounds.residentBytes
    ? [
        `the agent holds ${megabytes(found.residentBytes)} of memory, more than ` +
          `${megabytes(bounds.residentBytes)}`,
      ]
    : []),
  ...(found.homeBytes > bounds.homeBytes
    ? [`the home takes ${megabytes(found.homeBytes)}, more than ${megabytes(bounds.homeBytes)}`]
    : []),
]

export const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`

const isForgotten = ({ conversations }: Ledger, word: string): boolean =>
  conversations.some((one) => one.word === word && one.isForgotten)

const lostFeedback = (ledger: Ledger, { feedbackOn }: Found): string[] =>
  ledger.acknowledged
    .filter(({ word }) => !isForgotten(ledger, word))
    .flatMap(({ decisionId, kind }) =>
      feedbackOn(decisionId)?.includes(kind) ? [] : [`feedback "${kind}" on ${decisionId} is lost`],
    )

const lostPreferences = ({ stated }: Ledger, { directions }: Found): string[] =>
  Object.entries(stated).flatMap(([dimension, direction]) =>
    directions[dimension] === direction ? [] : [`the stated preference for ${dimension} is lost`],
  )

/** Enrolling is a command of the user's, and no contribution; it asks for the server's key first. */
const ENROLLING = new Set(['/v1/server/key', '/v1/enroll'])

const sentWithoutConsent = ({ toServer, withoutConsent }: Ledger): string[] =>
  toServer
    .filter(({ path }) => !ENROLLING.has(path))
    .filter(({ at }) =>
      withoutConsent.some(
        ({ from, until }) => at >= from && at < (until ?? Number.POSITIVE_INFINITY),
      ),
    )
    .map(({ method, path }) => `${method} ${withoutIds(path)} was sent without consent`)

const UPDATE = /^\/v1\/rounds\/([^/]+)\/update$/

/** An update whose acceptance reached the device is accepted there too, or was forgotten. */
const lostUpdates = ({ toServer }: Ledger, { acceptedRounds }: Found): string[] => {
  const taken = toServer.flatMap(({ method, path, status }) =>
    method === 'PUT' && status !== null && status < 300 ? (UPDATE.exec(path)?.[1] ?? []) : [],
  )
  return acceptedRounds
    .filter((round) => !taken.includes(round))
    .map(
      (round) =>
        `the device counts its update of ${round} as accepted, which the server never said`,
    )
}

const withoutIds = (path: string): string => path.replace(/\/[^/]{12,}/g, '/…')
