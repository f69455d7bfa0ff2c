import { describe, expect, test } from 'vitest'
import type { Json } from '../../../../adapters/api-reference/document.ts'
import {
  answerOf,
  exampleOf,
  honoPath,
  schemaOf,
} from '../../../../adapters/api-reference/route.ts'
import { ERROR_CODES } from '../../../../adapters/errors.ts'
import { OWN_ROUTES } from '../../../../device/api/routes/own.ts'
import { ALL_ROUTES, localDocument, WHO } from '../../../../device/api/routes/reference.ts'
import type { OwnRoute } from '../../../../device/api/routes/route.ts'
import { buildApi } from '../fakes.ts'

type Operation = {
  operationId: string
  tags: string[]
  parameters?: { name: string; in: string; required?: boolean; schema: Json }[]
  responses: Record<string, { description: string }>
  security: Record<string, unknown[]>[]
}
const document = localDocument() as unknown as {
  openapi: string
  tags: { name: string }[]
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, Json>; securitySchemes: Record<string, Json> }
}
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
)

/** Every value under a key of this name, wherever it is. */
const valuesOf = (node: unknown, key: string): unknown[] => {
  if (Array.isArray(node)) return node.flatMap((one) => valuesOf(one, key))
  if (typeof node !== 'object' || node === null) return []
  return Object.entries(node).flatMap(([name, value]) => [
    ...(name === key ? [value] : []),
    ...valuesOf(value, key),
  ])
}

describe('the document', () => {
  test('holds every route of the app, and the app every operation of it', () => {
    const METHODS = ['get', 'post', 'put', 'patch', 'delete']
    const registered = buildApi()
      .app.routes.filter(({ path }) => path !== '/*')
      .flatMap(({ method, path }) =>
        (method === 'ALL' ? METHODS : [method.toLowerCase()]).map((one) => `${one} ${path}`),
      )
    const described = operations.map(({ method, path }) => `${method} ${honoPath(path)}`)
    expect([...new Set(registered)].sort()).toEqual(described.sort())
  })

  test('is OpenAPI 3.1: names, references, parameters and security hold together', () => {
    expect(document.openapi).toMatch(/^3\.1\.\d+$/)
    const { schemas, securitySchemes } = document.components
    for (const name of [...Object.keys(schemas), ...Object.keys(securitySchemes)])
      expect(name).toMatch(/^[A-Za-z0-9._-]+$/)
    const ids = operations.map(({ operation }) => operation.operationId)
    expect(new Set(ids).size).toBe(ids.length)
    for (const reference of valuesOf(document, '$ref'))
      expect(schemas).toHaveProperty([String(reference).replace('#/components/schemas/', '')])
    for (const { path, operation } of operations) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map((m) => m[1])
      const named = (operation.parameters ?? []).filter((p) => p.in === 'path')
      expect(named.map((p) => p.name)).toEqual(inPath)
      for (const p of named) expect(p.required).toBe(true)
      for (const p of operation.parameters ?? [])
        expect(['path', 'query', 'header']).toContain(p.in)
      for (const tag of operation.tags) expect(document.tags.map(({ name }) => name)).toContain(tag)
      for (const one of operation.security)
        for (const name of Object.keys(one)) expect(securitySchemes).toHaveProperty(name)
      expect(Object.keys(operation.responses).length).toBeGreaterThan(0)
      for (const [status, { description }] of Object.entries(operation.responses)) {
        expect(status).toMatch(/^(?:default|[1-5]\d\d)$/)
        expect(description).not.toBe('')
      }
    }
  })

  test('holds plain JSON Schemas: no dialect or id of their own, no reference that is not used', () => {
    expect(valuesOf(document.components.schemas, '$id')).toEqual([])
    expect(valuesOf(document.components.schemas, '$schema')).toEqual([])
    const used = new Set(valuesOf(document, '$ref').map((r) => String(r).split('/').at(-1)))
    expect(Object.keys(document.components.schemas).filter((name) => !used.has(name))).toEqual([])
  })

  test('is served as it is', async () => {
    const response = await buildApi().app.request('http://127.0.0.1:4141/openapi.json')
    expect(response.headers.get('content-type')).toContain('application/json')
    expect(await response.json()).toEqual(JSON.parse(JSON.stringify(document)))
  })
})

describe('the routes', () => {
  const own = Object.entries(OWN_ROUTES) as [string, OwnRoute][]
  test.each(own)('%s: its examples are what its schemas say', (_, route) => {
    for (const body of [route.request?.body, answerOf(route)]) {
      const example = exampleOf(body)
      if (body) expect(schemaOf(body)!.parse(example)).toMatchObject(example as object)
    }
    expect(exampleOf(answerOf(route))).toBeDefined()
  })

  test.each(Object.entries(ALL_ROUTES).filter(([, r]) => schemaOf(answerOf(r))))(
    '%s: an example of another shape is refused',
    (_, route) => {
      expect(schemaOf(answerOf(route))!.safeParse({ unknown: 1 }).success).toBe(false)
    },
  )

  test.each(Object.entries(ALL_ROUTES))(
    '%s says what it does, and names codes that exist',
    (_, r) => {
      expect(r.summary).not.toMatch(/\.$/)
      expect(r.description).toMatch(/\.$/)
      for (const code of [...r.errors, ...WHO[r.who].errors]) expect(ERROR_CODES).toContain(code)
    },
  )
})
