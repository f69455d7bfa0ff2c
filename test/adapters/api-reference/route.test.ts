import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import {
  answerOf,
  container,
  exampleOf,
  file,
  honoPath,
  json,
  lines,
  type Route,
  schemaOf,
  typeOf,
} from '../../../adapters/api-reference/route.ts'

const Point = z.strictObject({ x: z.number() })

describe('a body', () => {
  test.each([
    ['json', json(Point, { x: 1 }), 'application/json'],
    ['lines', lines(Point, { x: 1 }), 'application/x-ndjson'],
    ['container', container(Point, { x: 1 }), 'application/octet-stream'],
  ])('of %s has its schema and its example under one media type', (_, body, type) => {
    expect(Object.keys(body.content)).toEqual([type])
    expect(typeOf(body)).toBe(type)
    expect(schemaOf(body)).toBe(Point)
    expect(exampleOf(body)).toEqual({ x: 1 })
  })

  test('that is a file has a type and neither schema nor example', () => {
    const body = file('text/css', 'A style sheet')
    expect(body.description).toBe('A style sheet')
    expect(typeOf(body)).toBe('text/css')
    expect(schemaOf(body)).toBeUndefined()
    expect(exampleOf(body)).toBeUndefined()
  })

  test('that is missing has nothing', () => {
    expect([typeOf(undefined), schemaOf(undefined), exampleOf(undefined)]).toEqual([
      undefined,
      undefined,
      undefined,
    ])
  })

  test('keeps an example that is false, zero or null', () => {
    for (const example of [false, 0, null]) expect(exampleOf(json(z.any(), example))).toBe(example)
  })
})

test('the usual answer of a route is that of its lowest status', () => {
  const created = json(Point, { x: 2 })
  const route: Route = {
    method: 'post',
    path: '/v1/points',
    tag: 'points',
    who: 'anyone',
    summary: 'Add a point',
    description: 'Adds a point.',
    responses: { 202: file('text/plain'), 201: created },
    errors: [],
  }
  expect(answerOf(route)).toBe(created)
  expect(answerOf({ ...route, responses: {} })).toBeUndefined()
})

test.each([
  ['/v1/jobs', '/v1/jobs'],
  ['/v1/jobs/{id}', '/v1/jobs/:id'],
  ['/v1/jobs/{id}/rounds/{round}', '/v1/jobs/:id/rounds/:round'],
  ['/v1/{rest}', '/v1/*'],
  ['/v1/{rest}/end', '/v1/:rest/end'],
])('Hono writes %s as %s', (path, written) => {
  expect(honoPath(path)).toBe(written)
})
