/** Routes of the page's files and the reference, which hold no data. */
import { type Context, Hono } from 'hono'
import type { Json } from '../../../adapters/api-reference/document.ts'
import { PAGE_HEADERS } from '../../../adapters/api-reference/page.ts'
import { file, JSON_TYPE } from '../../../adapters/api-reference/route.ts'
import { FedError } from '../../../adapters/errors.ts'
import { type PageFile, pageFile, pageScript } from '../page/files.ts'
import { type ApiRoute, pathOf, type RouteEnv } from './route.ts'

const page = { method: 'get', tag: 'Page', who: 'anyone', errors: [] } as const

export const PAGE_ROUTES = {
  page: {
    ...page,
    path: '/',
    summary: 'The page for people',
    description:
      'Holds no data and no secret. `loreweave page` opens it and prints the one-time code to type there.',
    responses: { 200: file('text/html') },
  },
  docs: {
    ...page,
    path: '/docs',
    summary: 'This reference, to read',
    description: 'Made from the document at `/openapi.json`; works offline.',
    responses: { 200: file('text/html') },
  },
  openapi: {
    ...page,
    path: '/openapi.json',
    summary: 'This reference, for programs',
    description: 'OpenAPI 3.1, made from the schemas that the device checks with.',
    responses: { 200: file(JSON_TYPE) },
  },
  asset: {
    ...page,
    path: '/assets/{name}',
    summary: 'A style sheet or script of the page',
    description: 'look.css, parts.css, docs.css, page.js and docs.js.',
    errors: ['E_NOT_FOUND'],
    responses: { 200: file('text/plain') },
  },
} satisfies Record<string, ApiRoute>

/** The reference of this API, made at its first use. */
export type Reference = { readonly document: () => Json; readonly html: () => string }

export const pageRoutes = (reference: Reference): Hono<RouteEnv> => {
  const app = new Hono<RouteEnv>()
  const send = (type: string, text: string): Response =>
    new Response(text, { headers: { ...PAGE_HEADERS, 'content-type': `${type}; charset=utf-8` } })
  app.get(PAGE_ROUTES.page.path, () => send('text/html', pageFile('page.html')))
  app.get(PAGE_ROUTES.docs.path, () => send('text/html', reference.html()))
  app.get(PAGE_ROUTES.openapi.path, (c) => c.json(reference.document(), 200, PAGE_HEADERS))
  app.get(pathOf(PAGE_ROUTES.asset), (c: Context) => {
    const name = c.req.param('name') ?? ''
    if (name === 'page.js') return send('text/javascript', pageScript())
    if (name === 'docs.js') return send('text/javascript', pageFile(name))
    if (STYLES.has(name)) return send('text/css', pageFile(name as PageFile))
    throw new FedError('E_NOT_FOUND', 'no such file')
  })
  return app
}

const STYLES = new Set<string>(['look.css', 'parts.css', 'docs.css'] satisfies PageFile[])
