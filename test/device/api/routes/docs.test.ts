import { expect, test } from 'vitest'
import { docsHtml } from '../../../../device/api/routes/docs.ts'
import { ALL_ROUTES, openApiDocument } from '../../../../device/api/routes/openapi.ts'

const html = docsHtml()

test('every route and every schema has its place, and every link inside leads to one', () => {
  const ids = new Set([...html.matchAll(/ id="([^"]+)"/g)].map((m) => m[1]))
  for (const name of Object.keys(ALL_ROUTES)) expect(ids).toContain(name)
  const { components } = openApiDocument() as { components: { schemas: object } }
  for (const name of Object.keys(components.schemas)) expect(ids).toContain(`schema-${name}`)
  for (const [, target] of html.matchAll(/href="#([^"]+)"/g)) expect(ids).toContain(target)
})

test('it loads nothing from elsewhere, and holds no script or style of its own', () => {
  for (const [, address] of html.matchAll(/(?:src|href)="([^"]+)"/g))
    expect(address).toMatch(/^(?:[/#]|data:,$)/)
  expect(html).not.toMatch(/<script(?![^>]* src=)|<style|style=|\son\w+=/)
})

test('texts of the document are escaped', () => {
  expect(html).toContain('&#60;reader_preferences&#62;')
  expect(html).not.toContain('<reader_preferences>')
})
