/** What a route says about itself: its place, its callers, its bodies. The app, the reference and the tests read it. */
import type { z } from 'zod'
import type { ErrorCode } from '../errors.ts'

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete'

/** A body under its media type, with an example. */
export type Media<T extends string, S extends z.ZodType> = {
  readonly description: string
  readonly content: {
    readonly [K in T]: { readonly schema: S; readonly example: z.input<S> }
  }
}
/** Any body. A file has no schema. */
export type AnyMedia = {
  readonly description: string
  readonly content: {
    readonly [type: string]: { readonly schema?: z.ZodType; readonly example?: unknown }
  }
}

export const JSON_TYPE = 'application/json'
export const LINES_TYPE = 'application/x-ndjson'
export const BYTES_TYPE = 'application/octet-stream'

const media =
  <T extends string>(type: T) =>
  <S extends z.ZodType>(schema: S, example: z.input<S>): Media<T, S> =>
    ({ description: 'Done', content: { [type]: { schema, example } } }) as unknown as Media<T, S>

export const json = media(JSON_TYPE)
/** One JSON value of the schema a line. */
export const lines = media(LINES_TYPE)
/** A container (adapters/container) whose header has the schema. */
export const container = media(BYTES_TYPE)
/** A file, or bytes that only their receiver reads. */
export const file = (type: string, description = 'Done'): AnyMedia => ({
  description,
  content: { [type]: {} },
})

/** errors: beyond those that every caller of this kind can meet. Paths are written as OpenAPI does: `/v1/jobs/{id}`. */
export type Route = {
  readonly method: Method
  readonly path: string
  readonly tag: string
  /** Who may call it: a name in the conventions of the API. */
  readonly who: string
  readonly summary: string
  readonly description: string
  /** Headers by name, with what each says. */
  readonly requestHeaders?: Readonly<Record<string, string>>
  readonly responseHeaders?: Readonly<Record<string, string>>
  readonly request?: { readonly body?: AnyMedia; readonly query?: z.ZodObject }
  /** By status; the first is the usual one. */
  readonly responses: { readonly [status: string]: AnyMedia }
  readonly errors: readonly ErrorCode[]
}

/** The usual answer. */
export const answerOf = (route: Route): AnyMedia | undefined => Object.values(route.responses)[0]

export const schemaOf = (body: AnyMedia | undefined): z.ZodType | undefined =>
  Object.values(body?.content ?? {})[0]?.schema

export const exampleOf = (body: AnyMedia | undefined): unknown =>
  Object.values(body?.content ?? {})[0]?.example

/** The media type of a body. */
export const typeOf = (body: AnyMedia | undefined): string | undefined =>
  Object.keys(body?.content ?? {})[0]

/** `/v1/jobs/{id}` as Hono writes it: `/v1/jobs/:id`; a last `{rest}` stands for whatever follows. */
export const honoPath = (path: string): string =>
  path.replace(/\{rest\}$/, '*').replace(/\{(\w+)\}/g, ':$1')
