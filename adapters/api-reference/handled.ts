/** Ties a handler to its route, whose schemas type what it takes and gives. */
import type { RouteHandler } from '@hono/zod-openapi'
import type { Context, Env } from 'hono'
import type { z } from 'zod'
import type { AnyMedia, JSON_TYPE, Media, Route } from './route.ts'

type Parts = { readonly body?: AnyMedia; readonly query?: z.ZodObject }
type Answers = { readonly [status: number]: AnyMedia }

/** An answer that is not one JSON value is any response. */
type HandlerOf<P extends string, R extends Parts, A extends Answers, E extends Env> = RouteHandler<
  {
    method: 'get'
    path: P
    request: R
    responses: A[keyof A] extends Media<typeof JSON_TYPE, z.ZodType>
      ? A
      : { 200: { description: string } }
  },
  E
>

type Handler<E extends Env> = {
  readonly handler: (c: Context<E>) => Response | Promise<Response>
}
export type Handled<E extends Env, B extends Route> = B & Handler<E>

type Row<B, P extends string, R extends Parts, A extends Answers> = Omit<
  B,
  'path' | 'request' | 'responses'
> & { readonly path: P; readonly request?: R; readonly responses: A }

/**
 * For the environment E of an app, whose routes are of the kind B. group: what the routes of a file
 * have in common.
 */
export const handledRoutes =
  <E extends Env, B extends Route>() =>
  <G extends Partial<B>>(group: G) =>
  <P extends string, A extends Answers, R extends Parts = Record<never, never>>(
    row: Row<Omit<B, keyof G>, P, R, A>,
    handler: HandlerOf<P, R, A, E>,
  ) => ({ ...group, ...row, handler: handler as unknown as Handler<E>['handler'] })
