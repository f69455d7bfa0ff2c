/**
 * The HTTP status of each error code, and the envelope of refusals: Claude's own form with the
 * device's `error.code`, so that an app reads the device's errors as it reads Claude's.
 */
import type { Context } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { z } from 'zod'
import {
  ERROR_CODES,
  type ErrorCode,
  FedError,
  isFedError,
  SHARED_STATUS,
} from '../../../adapters/errors.ts'
import { randomBytes } from '../../../adapters/random.ts'

type Status = 400 | 401 | 403 | 404 | 408 | 409 | 413 | 422 | 429 | 500 | 502 | 503

/** Claude's type for a status, which SDKs branch on (docs/api/errors). */
const TYPES = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  408: 'timeout_error',
  409: 'conflict_error',
  413: 'request_too_large',
  422: 'invalid_request_error',
  429: 'rate_limit_error',
  500: 'api_error',
  502: 'api_error',
  503: 'api_error',
} as const satisfies Record<Status, string>

export const STATUS: Record<ErrorCode, Status> = {
  ...SHARED_STATUS,
  E_BASE_MODEL: 409,
  E_FEATURES: 409,
  E_MODEL_MISSING: 503,
  E_CHECKSUM: 502,
  E_NO_SOURCE: 503,
  E_MEMORY: 503,
  E_NOT_ENROLLED: 409,
  E_FULL: 500,
  E_NO_KEY: 401,
  E_INSECURE: 403,
  E_DATA: 400,
  E_CANCELLED: 408,
}

export const ApiError = z.strictObject({
  type: z.literal('error'),
  error: z.strictObject({
    type: z.enum(Object.values(TYPES)).describe('As Claude names an error of this status.'),
    code: z.enum(ERROR_CODES).describe('Which error of the device it is.'),
    message: z.string().max(2000),
  }),
  request_id: z.string().max(100).describe('The same as in the header `request-id`.'),
})
export type ApiError = z.infer<typeof ApiError>

export const errorResponse = (error: unknown, c: Context): Response => {
  const body = envelopeOf(error)
  return c.json(body, STATUS[body.error.code], {
    'request-id': body.request_id,
    ...(error instanceof Error && final.has(error) && NOT_AGAIN),
    ...(body.error.code === 'E_STORE' && { 'retry-after': RETRY_S }),
  })
}

/** Most problems of a disk or a lock last longer than this. */
const RETRY_S = '5'

/** Ends a stream in which the device failed. The empty line ends an event that was cut. */
export const errorEvent = (error: unknown): Uint8Array =>
  new TextEncoder().encode(`\n\nevent: error\ndata: ${JSON.stringify(envelopeOf(error))}\n\n`)

const envelopeOf = (error: unknown): ApiError => {
  const { code, message } = refusalOf(error)
  return {
    type: 'error',
    error: { type: TYPES[STATUS[code]], code, message },
    // Claude's ids begin with req_ too; this prefix shows that the id is not Claude's.
    request_id: `req_device_${Buffer.from(randomBytes(12)).toString('hex')}`,
  }
}

/** Tells an SDK that the device has already retried. */
export const NOT_AGAIN = { 'x-should-retry': 'false' } as const

const final = new WeakSet<Error>()

/** Marks the error, so that its response carries NOT_AGAIN. */
export const asFinal = (error: Error): Error => {
  final.add(error)
  return error
}

/** The refusal for an error; one that is not a FedError becomes E_INTERNAL. */
export const refusalOf = (error: unknown): FedError => {
  if (isFedError(error)) return error
  if (error instanceof HTTPException && error.status === 413)
    return new FedError('E_TOO_LARGE', 'the body is larger than this route takes')
  if (error instanceof HTTPException && error.status === 400)
    return new FedError('E_BODY', 'the body must be JSON')
  if (error instanceof HTTPException && error.status < 500)
    return new FedError('E_BODY', 'the body is not what this route takes')
  return new FedError('E_INTERNAL', 'the device failed; its log says which part')
}
