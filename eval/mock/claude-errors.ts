/** The service's error envelope. */
import { createHash } from 'node:crypto'

const ERROR_TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  529: 'overloaded_error',
}

export const errorType = (status: number): string => ERROR_TYPES[status] ?? 'api_error'

export const failure = (
  status: number,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Response => {
  const requestId = `req_${createHash('sha256').update(`${status}/${message}`).digest('hex').slice(0, 24)}`
  const body = { type: 'error', error: { type: errorType(status), message }, request_id: requestId }
  return Response.json(body, { status, headers: { 'request-id': requestId, ...headers } })
}
