/** The form of a route: text, schemas and handler in one row. */
import type { Context } from 'hono'
import type { z } from 'zod'
import { type Handled, handledRoutes } from '../../../adapters/api-reference/handled.ts'
import {
  honoPath,
  type JSON_TYPE,
  json,
  type LINES_TYPE,
  lines,
  type Media,
  type Route,
} from '../../../adapters/api-reference/route.ts'
import { FedError } from '../../../adapters/errors.ts'
import { PROTOCOL_VERSION } from '../../../adapters/wire/primitives.ts'
import type { HomeOperations } from '../../owner/operations.ts'
import type { Personalizer } from '../../owner/personalizer.ts'
import type { Sessions } from '../access/sessions.ts'
import { refusalOf } from '../envelope/errors.ts'
import { answerInLines, type LongWork } from '../envelope/lines.ts'
import type { Inspection } from '../inspection/inspection.ts'

/**
 * anyone: no credential, no data in the answer. user: the device token or a session of the page.
 * device: the device token alone. claude: a credential for Claude, which is sent on, or the device
 * token.
 */
export type Who = 'anyone' | 'user' | 'device' | 'claude'
export type Tag = 'Claude' | 'Personalization' | 'Inspection' | 'Home' | 'Page'

export type RoutedDevice = Pick<
  Personalizer,
  | 'rewrite'
  | 'rerank'
  | 'feedback'
  | 'forget'
  | 'profile'
  | 'editProfile'
  | 'proposals'
  | 'settleProposal'
  | 'questions'
  | 'dismissQuestion'
  | 'pauseTraining'
> & { status(): ReturnType<Personalizer['status']> | Promise<ReturnType<Personalizer['status']>> }

export type RouteDeps = {
  readonly device: RoutedDevice
  readonly inspection: Inspection
  /** undefined if the process owns no home. */
  readonly home: HomeOperations | undefined
  readonly sessions: Sessions
  readonly deviceToken: string
  /** Reports an error without a code. */
  readonly noteFailure: (error: unknown, c: Context, requestId?: string) => void
}
export type RouteEnv = { Variables: { deps: RouteDeps } }

export type ApiRoute = Route & { readonly who: Who; readonly tag: Tag }

/** A route of the device's own. isLong: it keeps the device busy for seconds to hours. */
export type OwnRoute = Handled<RouteEnv, ApiRoute & { readonly isLong?: true }>

/** Makes the builder of a file's routes. */
export const ownRoutes = handledRoutes<RouteEnv, Omit<OwnRoute, 'handler'>>()

/** A JSON body with the protocol version, which its example leaves out. */
export const versionedJson = <S extends z.ZodType>(
  schema: S,
  example: Omit<z.input<S>, 'protocol'>,
): Media<typeof JSON_TYPE, S> => json(schema, said(example) as z.input<S>)

/** An answer in lines, whose result has the protocol version. */
export const versionedLines = <S extends z.ZodType>(
  schema: S,
  example: Omit<z.input<S>, 'protocol'>,
): Media<typeof LINES_TYPE, S> => lines(schema, said(example) as z.input<S>)

export const withoutProtocol = <T extends { protocol: unknown }>({
  protocol: _,
  ...body
}: T): Omit<T, 'protocol'> => body

export const said = <T extends object>(body: T): { protocol: typeof PROTOCOL_VERSION } & T => ({
  protocol: PROTOCOL_VERSION,
  ...body,
})

/** Answers line by line: progress as the work goes on, then its result or its error. */
export const inLines = (
  c: Context<RouteEnv>,
  work: (long: LongWork) => Promise<object>,
): Response =>
  answerInLines(
    c.req.raw,
    async (long) => said(await work(long)),
    (error) => {
      c.var.deps.noteFailure(error, c)
      return refusalOf(error)
    },
  )

/** what: named in the error if no field is. Fails with E_BODY. */
export const checked = <S extends z.ZodType>(
  schema: S,
  value: unknown,
  what: string,
): z.output<S> => {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  throw invalid(what, result.error)
}

/** target: the part of the request. The error names the field, never its value. */
export const invalid = (target: string, { issues }: z.ZodError): FedError => {
  if (target === 'json' && issues.some(({ path }) => path[0] === 'protocol'))
    return new FedError('E_PROTOCOL', `this device speaks protocol ${PROTOCOL_VERSION}`)
  const [issue] = issues
  if (target === 'json' && issue?.path.length === 0 && issue.code === 'invalid_type')
    return new FedError('E_BODY', 'the body must be a JSON object')
  const place = issue?.path.join('.') || (target === 'json' ? 'body' : target)
  return new FedError('E_BODY', `${place}: ${issue?.code ?? 'is not valid'}`)
}

export const pathOf = (route: Route): string => honoPath(route.path)
