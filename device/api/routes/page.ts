/** The page's files and the reference, without data: what they show, they ask the API for. */
import { Hono } from 'hono'
import { FedError } from '../../../adapters/errors.ts'
import { pageFile, type Script, scriptText } from '../page/files.ts'
import { docsHtml } from './docs.ts'
import { openApiDocument } from './openapi.ts'

/** Nothing but the device's own files and API, no inline script or style, no frame around it, no referrer. */
const HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
  'x-frame-options': 'DENY',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  'cache-control': 'no-store',
}
const TYPES = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
}

export const pageRoutes = (): Hono => {
  const app = new Hono()
  const file = (type: keyof typeof TYPES, text: string): Response =>
    new Response(text, { headers: { ...HEADERS, 'content-type': TYPES[type] } })
  app.get('/', () => file('html', pageFile('page.html')))
  app.get('/docs', () => file('html', docsHtml()))
  app.get('/openapi.json', (c) => {
    for (const [name, value] of Object.entries(HEADERS)) c.header(name, value)
    return c.json(openApiDocument())
  })
  app.get('/assets/:name', (c) => {
    const name = c.req.param('name')
    if (name === 'look.css' || name === 'parts.css' || name === 'docs.css')
      return file('css', pageFile(name))
    if (name === 'page.js' || name === 'docs.js')
      return file('js', scriptText(name.slice(0, -3) as Script))
    throw new FedError('E_NOT_FOUND', 'no such file')
  })
  return app
}
