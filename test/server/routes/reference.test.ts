import { describe, expect, test } from 'vitest'
import type { Json } from '../../../adapters/api-reference/document.ts'
import { exampleOf, honoPath, schemaOf } from '../../../adapters/api-reference/route.ts'
import { ERROR_CODES } from '../../../adapters/errors.ts'
import { ALL_ROUTES, refusalsOf, serverDocument } from '../../../server/routes/reference.ts'
import { testServer } from '../../support/federation-fixture.ts'

const document = serverDocument() as unknown as {
  openapi: string
  paths: Record<string, Record<string, { operationId: string; security: Json[] }>>
  components: { schemas: Record<string, Json>; securitySchemes: Json }
}
const get = (path: string) => testServer().app.request(`http://server.test${path}`)

describe('the reference of the server', () => {
  test('holds every route of the app, and the app every operation of it', async () => {
    const { app } = testServer()
    const registered = app.routes
      .filter(({ path }) => !path.endsWith('*'))
      .map(({ method, path }) => `${method.toLowerCase()} ${path}`)
    const described = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method} ${honoPath(path)}`),
    )
    expect([...new Set(registered)].sort()).toEqual(described.sort())
    expect(described).toHaveLength(Object.keys(ALL_ROUTES).length)
  })

  test('is OpenAPI 3.1, and each reference and credential in it is described', () => {
    expect(document.openapi).toMatch(/^3\.1\.\d+$/)
    for (const [, name] of JSON.stringify(document).matchAll(/#\/components\/schemas\/(\w+)"/g))
      expect(document.components.schemas).toHaveProperty([name!])
    for (const methods of Object.values(document.paths))
      for (const { security } of Object.values(methods))
        for (const one of security)
          for (const scheme of Object.keys(one))
            expect(document.components.securitySchemes).toHaveProperty(scheme)
  })

  test.each(Object.entries(ALL_ROUTES))('%s: its examples are what its schemas say', (_, route) => {
    for (const body of [route.request?.body, ...Object.values(route.responses)]) {
      const example = exampleOf(body)
      if (example !== undefined)
        expect(schemaOf(body)!.parse(example)).toMatchObject(example as object)
    }
  })

  test.each(Object.entries(ALL_ROUTES))(
    '%s says what it does, and names codes that exist',
    (_, route) => {
      const { summary, description } = route
      expect(summary).not.toMatch(/\.$/)
      expect(description).toMatch(/\.$/)
      for (const code of refusalsOf(route)) expect(ERROR_CODES).toContain(code)
    },
  )

  test('is compressed for whom takes that', async () => {
    const { app } = testServer()
    const headers = { 'accept-encoding': 'gzip' }
    const answer = await app.request('http://server.test/openapi.json', { headers })
    expect(answer.headers.get('content-encoding')).toBe('gzip')
    const whole = JSON.stringify(document).length
    expect((await answer.arrayBuffer()).byteLength).toBeLessThan(whole / 4)
  })

  test('needs no credential and holds no secret; the page loads nothing from elsewhere', async () => {
    const served = await get('/openapi.json')
    expect(await served.json()).toEqual(JSON.parse(JSON.stringify(document)))
    const page = await get('/docs')
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'")
    const html = await page.text()
    const ids = new Set([...html.matchAll(/ id="([^"]+)"/g)].map((m) => m[1]))
    for (const name of [
      ...Object.keys(ALL_ROUTES),
      ...Object.keys(document.components.schemas).map((name) => `schema-${name}`),
    ])
      expect(ids).toContain(name)
    expect(html).not.toMatch(/<script(?![^>]* src=)|<style|style=|\son\w+=/)
    for (const [, address] of html.matchAll(/(?:src|href)="([^"]+)"/g)) {
      expect(address).toMatch(/^(?:[/#]|data:,$)/)
      if (address!.startsWith('/')) expect((await get(address!)).status).toBe(200)
    }
  })

  test('another name is no file, and no path leads out', async () => {
    for (const name of ['reference.ts', '..%2f..%2fapp.ts', 'toString'])
      expect((await get(`/assets/${name}`)).status).toBe(404)
  })
})
