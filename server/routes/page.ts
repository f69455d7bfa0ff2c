/** The files of the operator page and of the reference, which hold no data. */
import { PAGE_HEADERS } from '../../adapters/api-reference/page.ts'
import { file } from '../../adapters/api-reference/route.ts'
import { FedError } from '../../adapters/errors.ts'
import { type PageFile, pageFile, pageScript } from '../page/files.ts'
import { served } from './route.ts'

const page = { method: 'get', tag: 'Server', who: 'anyone' } as const

export const sendFile = (type: string, text: string): Response =>
  new Response(text, { headers: { ...PAGE_HEADERS, 'content-type': `${type}; charset=utf-8` } })

/** What is at /assets/. */
const ASSETS: Readonly<Record<string, () => string>> = {
  'page.js': pageScript,
  ...Object.fromEntries(
    (['look.css', 'parts.css', 'operator.css', 'docs.css', 'docs.js'] satisfies PageFile[]).map(
      (name) => [name, () => pageFile(name)],
    ),
  ),
}

export const PAGE_ROUTES = {
  page: served(
    {
      ...page,
      path: '/',
      summary: 'The page for operators',
      description:
        'Holds no data and no secret: it asks for the token of an operator, and keeps it in the tab.',
      responses: { 200: file('text/html') },
      errors: [],
    },
    () => sendFile('text/html', pageFile('page.html')),
  ),

  asset: served(
    {
      ...page,
      path: '/assets/{name}',
      summary: 'A style sheet or script of the page or of this reference',
      description: `${Object.keys(ASSETS).join(', ')}.`,
      responses: { 200: file('text/plain') },
      errors: ['E_NOT_FOUND'],
    },
    (c) => {
      const name = c.req.param('name')
      if (!Object.hasOwn(ASSETS, name)) throw new FedError('E_NOT_FOUND', 'no such file')
      return sendFile(name.endsWith('.js') ? 'text/javascript' : 'text/css', ASSETS[name]!())
    },
  ),
}
