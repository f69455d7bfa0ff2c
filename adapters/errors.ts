/**
 * The one error class of the project. Its code is part of the wire protocol: add codes, never
 * change a meaning.
 */

export const ERROR_CODES = [
  // what was sent
  'E_BODY',
  'E_PROTOCOL',
  'E_TOO_LARGE',
  'E_TOO_SLOW',
  'E_TOO_MANY',
  'E_FULL',
  'E_CONTAINER',
  'E_SHAPE',
  'E_NOT_FINITE',
  'E_NORM',
  'E_BASE_MODEL',
  'E_BASIS',
  'E_FEATURES',
  // who sent it
  'E_UNSIGNED',
  'E_SIGNATURE',
  'E_CLOCK',
  'E_REPLAY',
  'E_AUTH',
  'E_ROLE',
  'E_ENROLL_TOKEN',
  'E_CONSENT',
  'E_SERVER_KEY',
  'E_FORK',
  'E_LEDGER',
  'E_HOST',
  'E_ORIGIN',
  // what it was for
  'E_NOT_FOUND',
  'E_NO_JOB',
  'E_NO_ROUND',
  'E_NO_RELEASE',
  'E_NO_DECISION',
  'E_NOT_IN_COHORT',
  'E_ROUND_CLOSED',
  'E_JOB_STATE',
  'E_BUDGET_SPENT',
  'E_TWICE',
  'E_CONFLICT',
  // masks: what a device does not go along with
  'E_PLAN',
  'E_ROSTER',
  'E_SURVIVORS',
  'E_SHARES',
  // the device and its model
  'E_MODEL_FILE',
  'E_MODEL_UNSUPPORTED',
  'E_MODEL_MISSING',
  'E_CHECKSUM',
  'E_NO_SOURCE',
  'E_ENGINE',
  'E_DIVERGED',
  'E_MEMORY',
  'E_HOME',
  'E_STORE',
  'E_NOT_ENROLLED',
  'E_NO_KEY',
  'E_INSECURE',
  'E_DATA',
  'E_USAGE',
  'E_UPSTREAM',
  'E_UNAVAILABLE',
  'E_CANCELLED',
  'E_INTERNAL',
] as const

export type ErrorCode = (typeof ERROR_CODES)[number]

/** HTTP statuses that the server and the device's API give the same codes; each adds those of its own. */
export const SHARED_STATUS = {
  E_BODY: 400,
  E_PROTOCOL: 400,
  E_TOO_LARGE: 413,
  E_TOO_SLOW: 408,
  E_TOO_MANY: 429,
  E_CONTAINER: 400,
  E_SHAPE: 422,
  E_NOT_FINITE: 422,
  E_NORM: 422,
  E_BASIS: 409,
  E_UNSIGNED: 401,
  E_SIGNATURE: 401,
  E_CLOCK: 401,
  E_REPLAY: 409,
  E_AUTH: 401,
  E_ROLE: 403,
  E_ENROLL_TOKEN: 403,
  E_CONSENT: 403,
  E_SERVER_KEY: 502,
  E_FORK: 502,
  E_LEDGER: 502,
  E_HOST: 403,
  E_ORIGIN: 403,
  E_NOT_FOUND: 404,
  E_NO_JOB: 404,
  E_NO_ROUND: 404,
  E_NO_RELEASE: 404,
  E_NO_DECISION: 404,
  E_NOT_IN_COHORT: 403,
  E_ROUND_CLOSED: 409,
  E_JOB_STATE: 409,
  E_BUDGET_SPENT: 409,
  E_TWICE: 409,
  E_CONFLICT: 409,
  E_PLAN: 409,
  E_ROSTER: 409,
  E_SURVIVORS: 409,
  E_SHARES: 409,
  E_MODEL_FILE: 500,
  E_MODEL_UNSUPPORTED: 500,
  E_ENGINE: 500,
  E_DIVERGED: 500,
  E_HOME: 500,
  E_STORE: 503,
  E_USAGE: 400,
  E_UPSTREAM: 502,
  E_UNAVAILABLE: 503,
  E_INTERNAL: 500,
} as const satisfies Partial<Record<ErrorCode, number>>

/** message says what, expected and got; it never holds prompts, answers, weights or credentials. */
export class FedError extends Error {
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'FedError'
    this.code = code
  }
}

export const isFedError = (error: unknown): error is FedError => error instanceof FedError

/**
 * What a program prints of a failure: a line for people, or the envelope that HTTP answers have.
 */
export const failureText = ({ code, message }: FedError, isJson: boolean): string =>
  isJson ? JSON.stringify({ error: { code, message } }) : `error ${code}: ${message}`

/** Anything that was thrown, as an error with a code. */
export const asFedError = (error: unknown): FedError =>
  isFedError(error)
    ? error
    : new FedError('E_INTERNAL', error instanceof Error ? error.message : 'unknown failure', {
        cause: error,
      })
