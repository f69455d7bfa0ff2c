/** What a route is: one table row, from which the app registers it, the OpenAPI document describes it, and tests check both. */
import type { z } from 'zod'
import type { ErrorCode } from '../../../adapters/errors.ts'

/**
 * anyone: no credential, no data in the answer. user: the device token or a session of the page. device: the device token alone.
 * claude: a credential of Claude's, which is sent on, or the device token.
 */
export type Who = 'anyone' | 'user' | 'device' | 'claude'

export const TAGS = {
  Claude: 'Claude’s own API in front of Claude: point an SDK’s base URL here.',
  Personalization: 'The same in parts, for apps that call Claude themselves; and feedback.',
  Inspection: 'What the device knows, has decided and has sent, and what may leave it.',
  Home: 'What the command line asks of the process that owns the home; for the device token alone.',
  Page: 'The page for people, its sessions, and this reference.',
} as const
export type Tag = keyof typeof TAGS

export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete'

/** Headers by name, with what each says. */
type HeaderWords = Readonly<Record<string, string>>

type Words = {
  readonly method: Method
  /** As Hono writes it: `/v1/decisions/:id`. */
  readonly path: string
  readonly tag: Tag
  readonly summary: string
  readonly description: string
  readonly who: Who
  readonly requestHeaders?: HeaderWords
  readonly responseHeaders?: HeaderWords
  /** Beyond those that every route can answer with: E_HOST, E_ORIGIN, E_AUTH, E_INTERNAL. */
  readonly errors: readonly ErrorCode[]
}

/**
 * A route of the device's own: JSON in, JSON out. body, query: undefined where it takes none.
 * takes: lines: one JSON object of the body's schema a line; container: one whose header is the
 * body. gives: lines: how far it is, and at last the response (see lines.ts); container: one whose
 * header is the response. isLong: keeps the device busy for seconds to hours.
 */
export type OwnRoute<
  B extends z.ZodType | undefined = z.ZodType | undefined,
  R extends z.ZodType = z.ZodType,
  Q extends z.ZodObject | undefined = z.ZodObject | undefined,
> = Words & {
  readonly query?: Q
  readonly body: B
  readonly response: R
  readonly takes?: 'lines' | 'container'
  readonly gives?: 'lines' | 'container'
  readonly isLong?: true
  /** Both are checked against the schemas by a test. */
  readonly example: {
    readonly request: B extends z.ZodType ? z.input<B> : undefined
    readonly response: z.input<R>
  }
}

/** Anything else: a file, or what goes to Claude. Its bodies are Claude's business; the schemas say what the device reads. */
export type OtherRoute = Words & {
  readonly body?: z.ZodType
  readonly response?: z.ZodType
  readonly contentType: string
  readonly example?: { readonly request: unknown; readonly response: unknown }
}

/** Keeps the types of body, response and query. */
export const own = <
  B extends z.ZodType | undefined,
  R extends z.ZodType,
  Q extends z.ZodObject | undefined = undefined,
>(
  route: OwnRoute<B, R, Q>,
): OwnRoute<B, R, Q> => route

/** `/v1/decisions/:id` as OpenAPI writes it: `/v1/decisions/{id}`. */
export const openApiPath = (path: string): string =>
  path.replace(/:(\w+)/g, '{$1}').replace(/\*$/, '{rest}')

/** The errors that each kind of caller can meet on every route. */
export const commonErrors = (who: Who): readonly ErrorCode[] =>
  who === 'anyone' ? ['E_HOST', 'E_ORIGIN'] : ['E_HOST', 'E_ORIGIN', 'E_AUTH', 'E_INTERNAL']
