import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import {
  type Conventions,
  type Json,
  namedSchemas,
  openApiDocument,
} from '../../../adapters/api-reference/document.ts'
import { file, json, type Route } from '../../../adapters/api-reference/route.ts'
import { ERROR_CODES, type ErrorCode } from '../../../adapters/errors.ts'

const Refusal = z.strictObject({ error: z.string() })
const Inner = z.strictObject({ depth: z.int() })
const Point = z.strictObject({ x: z.number(), inner: Inner.nullable() })
const Unused = z.strictObject({ never: z.string() })

const status = {
  ...Object.fromEntries(ERROR_CODES.map((code) => [code, 500])),
  E_BODY: 400,
  E_SHAPE: 400,
  E_AUTH: 401,
} as Readonly<Record<ErrorCode, number>>

const conventions: Conventions = {
  head: { info: { title: 'Points', version: '1' } },
  securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
  who: {
    anyone: { schemes: [], errors: ['E_BODY'] },
    owner: { schemes: ['token', 'cookie'], errors: ['E_AUTH', 'E_BODY'] },
  },
  status,
  refusal: Refusal,
}

const route: Route = {
  method: 'get',
  path: '/v1/points',
  tag: 'points',
  who: 'anyone',
  summary: 'Read points',
  description: 'Reads points.',
  responses: { 200: json(Point, { x: 1, inner: null }) },
  errors: [],
}

type Operation = {
  operationId: string
  security: Json[]
  parameters?: Json[]
  requestBody?: Json
  responses: Record<string, { description: string; headers?: Json; content: Json }>
}
type Document = {
  openapi: string
  info: Json
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, Json>; securitySchemes: Json }
}
const documentOf = (
  routes: Record<string, Route>,
  named: Record<string, z.ZodType> = { Refusal, Point, Inner, Unused },
) => openApiDocument(routes, named, conventions) as unknown as Document
const operationOf = (given: Partial<Route>) =>
  documentOf({ act: { ...route, ...given } }).paths[given.path ?? route.path]![
    given.method ?? route.method
  ]!

test('modules name their schemas, but for other exports and those left unnamed', () => {
  const modules = [
    { Point, helper: () => 1, LIMIT: 3 },
    { Refusal, Inner },
  ]
  expect(namedSchemas(modules, ['Inner'])).toEqual({ Point, Refusal })
  expect(namedSchemas([])).toEqual({})
})

describe('the document', () => {
  test('has the version, the head, and every method of a path side by side', () => {
    const document = documentOf({ read: route, write: { ...route, method: 'post' } })
    expect(document.openapi).toBe('3.1.0')
    expect(document.info).toEqual({ title: 'Points', version: '1' })
    expect(Object.keys(document.paths)).toEqual(['/v1/points'])
    expect(Object.keys(document.paths['/v1/points']!)).toEqual(['get', 'post'])
    expect(document.paths['/v1/points']!['post']!.operationId).toBe('write')
  })

  test('refers to schemas by name, directly and through others, and leaves out the rest', () => {
    const { paths, components } = documentOf({ read: route })
    expect(paths['/v1/points']!['get']!.responses['200']!.content).toEqual({
      'application/json': {
        schema: { $ref: '#/components/schemas/Point' },
        example: { x: 1, inner: null },
      },
    })
    expect(Object.keys(components.schemas)).toEqual(['Inner', 'Point', 'Refusal'])
    expect(JSON.stringify(components.schemas)).not.toMatch(/\$schema|\$id/)
  })

  test('says of a reference that may be null that it may be null', () => {
    const { properties } = documentOf({ read: route }).components.schemas['Point'] as {
      properties: Json
    }
    expect(properties['inner']).toEqual({
      anyOf: [{ $ref: '#/components/schemas/Inner' }, { type: 'null' }],
    })
  })

  test('names schemas without a name after their route', () => {
    const body = json(z.strictObject({ a: z.string() }), { a: 'b' })
    const answer = json(z.strictObject({ b: z.string() }), { b: 'c' })
    const act: Route = { ...route, request: { body }, responses: { 200: answer } }
    const { schemas } = documentOf({ act }, { Refusal }).components
    expect(Object.keys(schemas)).toEqual(['ActRequest', 'ActResponse', 'Refusal'])
  })
})

describe('an operation', () => {
  test('without parameters or a body mentions neither', () => {
    const operation = operationOf({})
    expect(operation).not.toHaveProperty('parameters')
    expect(operation).not.toHaveProperty('requestBody')
  })

  test('lists what stands in the path, the query and the headers, in this order', () => {
    const query = z.strictObject({ limit: z.int().min(1).max(9).optional() })
    const path = '/v1/points/{id}/{rest}'
    const operation = operationOf({
      path,
      request: { query },
      requestHeaders: { 'x-trace': 'A name.' },
    })
    expect(operation.parameters).toEqual([
      { name: 'id', in: 'path', required: true, schema: { type: 'string', maxLength: 64 } },
      { name: 'rest', in: 'path', required: true, schema: { type: 'string', maxLength: 2000 } },
      { name: 'limit', in: 'query', schema: { type: 'integer', minimum: 1, maximum: 9 } },
      {
        name: 'x-trace',
        in: 'header',
        description: 'A name.',
        schema: { type: 'string', maxLength: 100 },
      },
    ])
  })

  test('requires its body, and shows a file without schema or example', () => {
    const { requestBody, responses } = operationOf({
      request: { body: json(Point, { x: 1, inner: null }) },
      responses: { 200: file('text/css') },
      responseHeaders: { etag: 'A tag.' },
    })
    expect(requestBody).toMatchObject({ required: true })
    expect(responses['200']).toEqual({
      description: 'Done',
      headers: { etag: { description: 'A tag.', schema: { type: 'string' } } },
      content: { 'text/css': {} },
    })
  })

  test('shows the credentials of its callers, and none for unknown callers', () => {
    expect(operationOf({ who: 'owner' }).security).toEqual([{ token: [] }, { cookie: [] }])
    expect(operationOf({}).security).toEqual([])
    expect(operationOf({ who: 'unheard of' }).security).toEqual([])
  })

  test('joins the refusals of a status, each code once, its callers’ own first', () => {
    const { responses } = operationOf({ who: 'owner', errors: ['E_SHAPE', 'E_BODY'] })
    expect(Object.keys(responses)).toEqual(['200', '400', '401'])
    expect(responses['400']).toEqual({
      description: 'E_BODY, E_SHAPE',
      content: { 'application/json': { schema: { $ref: '#/components/schemas/Refusal' } } },
    })
    expect(responses['401']!.description).toBe('E_AUTH')
  })
})
