/** The service's error envelope. */
import { createHash } from 'node:crypto'

const ERROR_TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  409: 'conflict_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  500: 'api_error',
  504: 'timeout_error',
  529: 'overloaded_error',
}

const errorType = (status: number): string => ERROR_TYPES[status] ?? 'api_error'

/** Why a request is refused. details: what programs branch on, `error_code` above all. */
export type Problem = {
  readonly status: number
  readonly message: string
  readonly details?: Readonly<Record<string, unknown>>
}

/** A 400. code: of `details`. */
export const problem = (message: string, code?: string, more: object = {}): Problem => ({
  status: 400,
  message,
  ...(code && { details: { error_code: code, ...more } }),
})

export const errorBody = ({ status, message, details }: Problem) => ({
  type: 'error',
  error: { type: errorType(status), message, ...(details && { details }) },
})

export const failureOf = (
  refused: Problem,
  headers: Readonly<Record<string, string>> = {},
): Response => {
  const { status, message } = refused
  const digest = createHash('sha256').update(`${status}/${message}`).digest('hex')
  const requestId = `req_${digest.slice(0, 24)}`
  const body = { ...errorBody(refused), request_id: requestId }
  return Response.json(body, { status, headers: { 'request-id': requestId, ...headers } })
}

export const failure = (
  status: number,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Response => failureOf({ status, message }, headers)
