/** Which HTTP status each error code has in the local API, and the envelope that every refusal comes in. */

import type { Context } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { type ErrorCode, FedError, isFedError } from '../../adapters/errors.ts'

type Status = 400 | 401 | 403 | 404 | 408 | 409 | 413 | 422 | 429 | 500 | 502 | 503

export const STATUS: Record<ErrorCode, Status> = {
  E_BODY: 400,
  E_PROTOCOL: 400,
  E_TOO_LARGE: 413,
  E_CONTAINER: 400,
  E_SHAPE: 422,
  E_NOT_FINITE: 422,
  E_NORM: 422,
  E_BASE_MODEL: 409,
  E_BASIS: 409,
  E_FEATURES: 409,
  E_UNSIGNED: 401,
  E_SIGNATURE: 401,
  E_CLOCK: 401,
  E_REPLAY: 409,
  E_AUTH: 401,
  E_ENROLL_TOKEN: 403,
  E_CONSENT: 403,
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
  E_TWICE: 409,
  E_CONFLICT: 409,
  E_MODEL_FILE: 500,
  E_MODEL_UNSUPPORTED: 500,
  E_MODEL_MISSING: 503,
  E_CHECKSUM: 502,
  E_NO_SOURCE: 503,
  E_ENGINE: 500,
  E_DIVERGED: 500,
  E_MEMORY: 503,
  E_HOME: 500,
  E_NOT_ENROLLED: 409,
  E_NO_KEY: 401,
  E_DATA: 400,
  E_USAGE: 400,
  E_UPSTREAM: 502,
  E_UNAVAILABLE: 503,
  E_CANCELLED: 408,
  E_INTERNAL: 500,
}

/** `{ error: { code, message } }` with the code's status. An error of another class says no more than E_INTERNAL. */
export const errorResponse = (error: unknown, c: Context): Response => {
  const fed = refusalOf(error)
  const headers = final.has(fed) ? NOT_AGAIN : {}
  return c.json({ error: { code: fed.code, message: fed.message } }, STATUS[fed.code], headers)
}

/** Tells an SDK that the device has tried again already. */
export const NOT_AGAIN = { 'x-should-retry': 'false' } as const

const final = new WeakSet<Error>()

/** The same error, whose response says so. */
export const asFinal = (error: Error): Error => {
  final.add(error)
  return error
}

const refusalOf = (error: unknown): FedError => {
  if (isFedError(error)) return error
  if (error instanceof HTTPException && error.status === 413)
    return new FedError('E_TOO_LARGE', 'the body is larger than this route takes')
  if (error instanceof HTTPException && error.status < 500)
    return new FedError('E_BODY', 'the body is not what this route takes')
  return new FedError('E_INTERNAL', 'the device failed; its log says which part')
}
