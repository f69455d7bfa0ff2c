import { expect, test } from 'vitest'
import { ALL_ROUTES, localDocument, localPage } from '../../../../device/api/routes/reference.ts'

const html = localPage()

test('every route and every schema has its place, and every link inside leads to one', () => {
  const ids = new Set([...html.matchAll(/ id="([^"]+)"/g)].map((m) => m[1]))
  for (const name of Object.keys(ALL_ROUTES)) expect(ids).toContain(name)
  const { components } = localDocument() as { components: { schemas: object } }
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
