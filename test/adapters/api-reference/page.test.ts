import { describe, expect, test } from 'vitest'
import type { Json } from '../../../adapters/api-reference/document.ts'
import {
  PAGE_HEADERS,
  type PageWords,
  referencePage,
} from '../../../adapters/api-reference/page.ts'

const WORDS: PageWords = {
  title: 'Points',
  heading: 'The points API',
  of: 'for tests',
  who: { token: 'the owner’s token' },
  origin: 'http://127.0.0.1:1',
  credential: "-H 'authorization: Bearer …'",
  home: '/home',
  styles: ['own.css'],
}
const answer = (schema: Json, example?: unknown) => ({
  description: 'Done',
  content: { 'application/json': { schema, ...(example !== undefined && { example }) } },
})
const read = {
  operationId: 'read',
  tags: ['points'],
  summary: 'Read points',
  description: 'Reads `all` points.',
  security: [],
  responses: { 200: answer({ $ref: '#/components/schemas/Point' }) } as Record<string, unknown>,
}

/** The page of one operation and one schema. */
const pageOf = (
  {
    method = 'get',
    path = '/v1/points',
    ...operation
  }: Json & { method?: string; path?: string } = {},
  schemas: Record<string, Json> = {},
) =>
  referencePage(
    {
      info: { version: '1.0', description: 'About `points`.' },
      tags: [{ name: 'points', description: 'On a plane.' }],
      paths: { [path]: { [method]: { ...read, ...operation } } },
      components: { schemas },
    },
    WORDS,
  )
/** What the page says of the fields or the type of one schema. */
const saidOf = (schema: Json): string =>
  /<article id="schema-Some"><h3>Some<\/h3>(.*?)<\/article>/s.exec(
    pageOf({}, { Some: schema }),
  )![1]!

describe('the page', () => {
  test('names the program, its version and its style sheets', () => {
    const page = pageOf()
    expect(page).toContain('<title>Points</title>')
    expect(page).toContain('for tests, version 1.0')
    expect(page).toContain('<a class="brand" href="/home">')
    const styles = [...page.matchAll(/stylesheet" href="([^"]+)"/g)].map(([, at]) => at)
    expect(styles).toEqual(['/assets/look.css', '/assets/own.css', '/assets/docs.css'])
    expect(page).toContain('About <code>points</code>.')
  })

  test('escapes every text of the document', () => {
    const evil = '<b a="\'">&'
    const page = referencePage(
      {
        info: { version: evil, description: evil },
        tags: [{ name: 'points', description: evil }],
        paths: {
          '/v1/points': {
            post: {
              ...read,
              summary: evil,
              description: evil,
              parameters: [{ name: evil, in: 'query', description: evil, schema: { type: evil } }],
              requestBody: {
                content: { 'application/json': { schema: { const: evil }, example: evil } },
              },
              responses: {
                200: {
                  ...answer({ type: 'object' }, evil),
                  headers: { [evil]: { description: evil } },
                },
                400: { description: evil, content: {} },
              },
            },
          },
        },
        components: {
          schemas: {
            [evil]: {
              type: 'object',
              description: evil,
              properties: { [evil]: { type: 'string', pattern: evil, description: evil } },
            },
            Kind: { enum: [evil] },
          },
        },
      },
      { ...WORDS, title: evil, heading: evil, of: evil },
    )
    expect(page).not.toContain('<b ')
    expect(page).not.toMatch(/&(?!#\d+;)/)
    expect(page).toContain('&#60;b a=&#34;&#39;&#34;&#62;&#38;')
  })

  test('may load and run nothing but the program’s own files, and be framed by no one', () => {
    const policy = PAGE_HEADERS['content-security-policy']
    for (const part of ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"])
      expect(policy).toContain(part)
    expect(policy).not.toMatch(/unsafe|\*|http/)
    expect(pageOf()).not.toMatch(/<script(?![^>]* src=)|<style|style=|\son\w+=/)
  })
})

describe('an operation', () => {
  test('says which credential it needs; schemes without words are passed over', () => {
    expect(pageOf()).toContain('Needs no credential.')
    const page = pageOf({ security: [{ token: [] }, { cookie: [] }] })
    expect(page).toContain('Needs the owner’s token.')
    expect(page).toContain('-H &#39;authorization: Bearer …&#39;')
  })

  test('shows a request that a shell reads as it was meant', () => {
    expect(pageOf()).toContain('<code>curl http://127.0.0.1:1/v1/points</code>')
    const content = { 'application/json': { schema: { type: 'object' }, example: { a: "it's" } } }
    expect(pageOf({ method: 'post', requestBody: { content } })).toContain(
      'curl -X POST http://127.0.0.1:1/v1/points \\\n' +
        '  -H &#39;content-type: application/json&#39; \\\n' +
        '  -d &#39;{&#34;a&#34;:&#34;it&#39;\\&#39;&#39;s&#34;}&#39;',
    )
  })

  test('shows its answer and lists its refusals, and an example that is null', () => {
    const page = pageOf({
      responses: {
        400: { description: 'E_BODY', content: {} },
        201: answer({ type: 'null' }, null),
      },
    })
    expect(page).toContain('<h4>Answer</h4><p>null</p>')
    expect(page).toContain('<pre><code>null</code></pre>')
    expect(page).toContain('<dt>400</dt><dd>E_BODY</dd>')
    expect(pageOf()).not.toContain('<h4>Refusals</h4>')
  })

  test('that only ever refuses has no answer', () => {
    const page = pageOf({ responses: { 404: { description: 'E_NOT_FOUND', content: {} } } })
    expect(page).not.toContain('<h4>Answer</h4>')
    expect(page).toContain('E_NOT_FOUND')
  })
})

test.each<[string, Json, string]>([
  ['a text with its limit', { type: 'string', maxLength: 2000 }, 'text at most 2,000'],
  ['a text with its pattern', { type: 'string', pattern: '^a' }, 'text, <code>^a</code>'],
  ['a number with its bounds', { type: 'integer', minimum: 0, maximum: 9 }, 'integer from 0 to 9'],
  ['no bound that is not exact', { type: 'number', maximum: 2 ** 53 }, 'number'],
  ['a constant', { const: false }, '<code>false</code>'],
  ['one of a few', { enum: ['a', 1] }, '<code>a</code> or <code>1</code>'],
  ['anything', {}, 'anything'],
  [
    'a list and what it holds',
    { type: 'array', maxItems: 3, items: { $ref: '#/components/schemas/Point' } },
    'list of <a href="#schema-Point">Point</a> at most 3',
  ],
])('a schema is read as %s', (_, schema, said) => {
  expect(saidOf(schema)).toContain(`<p>${said}</p>`)
})

describe('the fields of a schema', () => {
  test('that may be left out are marked, and objects inside are opened', () => {
    const inner = {
      type: 'object',
      properties: { depth: { type: 'integer' } },
      required: ['depth'],
    }
    const said = saidOf({
      type: 'object',
      properties: { inner, list: { type: 'array', items: inner }, note: { type: 'string' } },
      required: ['inner', 'list'],
    })
    expect(said.match(/may be left out/g)).toHaveLength(1)
    expect(said).toContain('<code>note</code> <span class="quiet">text, may be left out')
    expect(said.match(/<code>depth<\/code>/g)).toHaveLength(2)
  })

  test('are shown for each alternative', () => {
    const one = { type: 'object', properties: { a: { type: 'string' } } }
    const said = saidOf({ oneOf: [one, { type: 'null' }] })
    expect(said).toContain('<code>a</code>')
    expect(said).toContain('<p class="quiet">or</p><p>null</p>')
  })

  test('of an object without known fields are none', () => {
    expect(saidOf({ type: 'object', additionalProperties: { type: 'string' } })).toBe('')
  })
})
