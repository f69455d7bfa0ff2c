import { OpenAPIHono } from '@hono/zod-openapi'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { handledRoutes } from '../../../adapters/api-reference/handled.ts'
import { file, honoPath, json, type Route } from '../../../adapters/api-reference/route.ts'

type Env = { Variables: { caller: string } }
const route = handledRoutes<Env, Route>()({})
const about = {
  method: 'get' as const,
  tag: 'points',
  who: 'anyone',
  summary: 'Read a point',
  description: 'Reads a point.',
  errors: [],
}
const Point = z.strictObject({ id: z.string(), caller: z.string() })

test('a handler answers at its route, with the parameters and variables that its types promise', async () => {
  const row = route(
    {
      ...about,
      path: '/v1/points/{id}',
      responses: { 200: json(Point, { id: 'a', caller: 'b' }) },
    },
    (c) => c.json({ id: c.req.param('id'), caller: c.var.caller }, 200),
  )
  expect(row).toMatchObject({ ...about, path: '/v1/points/{id}' })
  const app = new OpenAPIHono<Env>()
  app.use(async (c, next) => {
    c.set('caller', 'me')
    await next()
  })
  app.get(honoPath(row.path), row.handler)
  const answer = await app.request('/v1/points/7')
  expect(await answer.json()).toEqual({ id: '7', caller: 'me' })
})

test('an answer of another shape than the schema does not compile; a file may be any response', async () => {
  const responses = { 200: json(Point, { id: 'a', caller: 'b' }) }
  // @ts-expect-error: `caller` is missing.
  route({ ...about, path: '/wrong', responses }, (c) => c.json({ id: 'a' }, 200))
  const row = route(
    { ...about, path: '/look.css', responses: { 200: file('text/css') } },
    () => new Response('body {}'),
  )
  const app = new OpenAPIHono<Env>()
  app.get(row.path, row.handler)
  expect(await (await app.request('/look.css')).text()).toBe('body {}')
})
