/** Holds what a server answers against its OpenAPI document. */
import type { ErrorCode } from '../../adapters/errors.ts'
import { HTTP_STATUS } from '../../server/routes/errors.ts'
import { ALL_ROUTES, refusalsOf } from '../../server/routes/reference.ts'

const OPERATIONS = Object.entries(ALL_ROUTES).map(([id, route]) => ({
  id,
  route,
  method: route.method.toUpperCase(),
  path: new RegExp(`^${route.path.replaceAll('.', '\\.').replace(/\{\w+\}/g, '[^/]+')}$`),
}))

const operationOf = (request: Request) => {
  const { pathname } = new URL(request.url)
  const method = request.method === 'HEAD' ? 'GET' : request.method
  return OPERATIONS.find((one) => one.method === method && one.path.test(pathname))
}

/** Throws where a route answers with a status, or a code, that the document does not name for it. */
export const checkDocumented = async (request: Request, response: Response): Promise<void> => {
  const operation = operationOf(request)
  const { status } = response
  if (!operation || operation.route.responses[status]) return
  const { error } = (await response.clone().json()) as { error: { code: ErrorCode } }
  if (!refusalsOf(operation.route).includes(error.code) || HTTP_STATUS[error.code] !== status)
    throw new Error(`${operation.id} answers ${status} ${error.code}, which is not documented`)
}
