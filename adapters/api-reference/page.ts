/**
 * The reference at /docs: the OpenAPI document as a page that works offline. Every text in it comes
 * from the document, escaped.
 */
import type { Json } from './document.ts'

type Operation = {
  readonly operationId: string
  readonly tags: readonly string[]
  readonly summary: string
  readonly description: string
  readonly security: readonly Json[]
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: { readonly content: Content }
  readonly responses: Readonly<Record<string, Answer>>
}
type Parameter = { name: string; in: string; description?: string; schema: Json }
type Content = Readonly<Record<string, { readonly schema?: Json; readonly example?: unknown }>>
type Answer = {
  readonly description: string
  readonly headers?: Readonly<Record<string, { readonly description: string }>>
  readonly content: Content
}
type Document = {
  readonly info: { readonly version: string; readonly description: string }
  readonly tags: readonly { readonly name: string; readonly description: string }[]
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, Json>> }
}
type Entry = { readonly method: string; readonly path: string; readonly operation: Operation }

/** What one API's page says beside its document. */
export type PageWords = {
  readonly title: string
  readonly heading: string
  /** Beside the name of the product, before the version. */
  readonly of: string
  /** Security schemes in words; those without words are passed over. */
  readonly who: Readonly<Record<string, string>>
  /** Where examples are sent. */
  readonly origin: string
  /** How `curl` shows a credential. */
  readonly credential: string
  /** Where the name of the product leads. */
  readonly home: string
  /** Further style sheets of the program. */
  readonly styles: readonly string[]
}

/** Nothing but the program's own files and API, no inline script or style, no frame around it, no referrer. */
export const PAGE_HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors " +
    "'none'; require-trusted-types-for 'script'; trusted-types 'none'",
  'x-frame-options': 'DENY',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  'cache-control': 'no-store',
} as const

const escaped = (text: string): string =>
  text.replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`)

/** Words with `code` in them. */
const words = (text: string): string =>
  escaped(text).replace(/`([^`]+)`/g, (_, code: string) => `<code>${code}</code>`)

/** document: as `openApiDocument` makes it. */
export const referencePage = (document: Json, page: PageWords): string => {
  const { info, tags, paths, components } = document as unknown as Document
  const entries = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method, path, operation })),
  )
  const under = (tag: string) => entries.filter(({ operation }) => operation.tags.includes(tag))
  const schemas = Object.entries(components.schemas)
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escaped(page.title)}</title>
<link rel="icon" href="data:,">
${['look.css', ...page.styles, 'docs.css'].map((name) => `<link rel="stylesheet" href="/assets/${name}">`).join('\n')}
<script type="module" src="/assets/docs.js"></script>
</head>
<body class="docs">
<a class="skip" href="#content">Skip to the content</a>
<header class="top"><div class="bar"><a class="brand" href="${page.home}">Loreweave</a><span class="quiet">${escaped(
    page.of,
  )}, version ${escaped(info.version)}</span></div></header>
<div class="columns">
<nav aria-label="Routes">
<label for="search">Find a route or a schema</label>
<input id="search" type="search" autocomplete="off" aria-controls="routes">
<p id="found" class="quiet" role="status"></p>
<div id="routes">
${tags.map((tag) => `<h2>${escaped(tag.name)}</h2><ul>${under(tag.name).map(link).join('')}</ul>`).join('\n')}
<h2>Schemas</h2><ul>${schemas.map(([name]) => schemaLink(escaped(name))).join('')}</ul>
</div>
</nav>
<main id="content" tabindex="-1">
<h1>${escaped(page.heading)}</h1>
<p class="lead">${words(info.description)}</p>
<p>For programs: <a href="/openapi.json">openapi.json</a> (OpenAPI 3.1).</p>
${tags
  .map(
    (tag) =>
      `<section aria-labelledby="tag-${tag.name}"><h2 id="tag-${tag.name}">${escaped(tag.name)}</h2>` +
      `<p>${words(tag.description)}</p>${under(tag.name)
        .map((entry) => article(entry, page))
        .join('\n')}</section>`,
  )
  .join('\n')}
<section aria-labelledby="schemas"><h2 id="schemas">Schemas</h2>
${schemas.map(([name, schema]) => schemaArticle(escaped(name), schema)).join('\n')}
</section>
</main>
</div>
</body>
</html>
`
}

/** name: escaped. */
const schemaLink = (name: string): string =>
  `<li data-find="${name}"><a href="#schema-${name}">${name}</a></li>`

const schemaArticle = (name: string, schema: Json): string =>
  `<article id="schema-${name}"><h3>${name}</h3>${described(schema)}${shape(schema)}</article>`

const parameterRow = (p: Parameter): string =>
  `<dt><code>${escaped(p.name)}</code> <span class="quiet">${p.in}, ${type(p.schema)}</span></dt>` +
  `<dd>${words(p.description ?? '')}</dd>`

const refusalRow = ([status, r]: readonly [string, { readonly description: string }]): string =>
  `<dt>${status}</dt><dd>${escaped(r.description)}</dd>`

const link = ({ method, path, operation }: Entry): string =>
  `<li data-find="${escaped(`${method} ${path} ${operation.summary}`)}">` +
  `<a href="#${operation.operationId}"><span class="method">${method.toUpperCase()}</span> ` +
  `${escaped(path)}</a></li>`

const article = ({ method, path, operation }: Entry, page: PageWords): string => {
  const { operationId, summary, description, security, parameters, requestBody } = operation
  const who = security.flatMap((scheme) => page.who[Object.keys(scheme)[0] ?? ''] ?? [])
  const { headers, content } = usualAnswer(operation)
  const asked = requestBody?.content['application/json']
  const answered = content?.['application/json']
  const refused = Object.entries(operation.responses).filter(([status]) => Number(status) >= 400)
  return `<article id="${operationId}">
<h3><span class="method">${method.toUpperCase()}</span> <code>${escaped(path)}</code></h3>
<p><strong>${escaped(summary)}.</strong> ${words(description)}</p>
<p class="quiet">${who.length === 0 ? 'Needs no credential.' : `Needs ${who.join(' or ')}.`}</p>
${parameters ? `<h4>Parameters</h4><dl>${parameters.map(parameterRow).join('')}</dl>` : ''}
${asked?.schema ? `<h4>Request</h4><p>${type(asked.schema)}</p>` : ''}
${example(curl(method, path, who.length > 0, asked?.example, page))}
${answered?.schema ? `<h4>Answer</h4><p>${type(answered.schema)}</p>` : ''}
${
  headers
    ? `<dl>${Object.entries(headers)
        .map(
          ([name, h]) =>
            `<dt><code>${escaped(name)}</code> <span class="quiet">header</span></dt><dd>${words(h.description)}</dd>`,
        )
        .join('')}</dl>`
    : ''
}
${answered?.example === undefined ? '' : example(JSON.stringify(answered.example, null, 2))}
${refused.length > 0 ? `<h4>Refusals</h4><dl class="short">${refused.map(refusalRow).join('')}</dl>` : ''}
</article>`
}

/** The first that is no refusal. */
const usualAnswer = ({ responses }: Operation): Partial<Answer> =>
  Object.entries(responses).find(([status]) => !(Number(status) >= 400))?.[1] ?? {}

const curl = (
  method: string,
  path: string,
  isGuarded: boolean,
  body: unknown,
  { origin, credential }: PageWords,
): string => {
  const how = method === 'get' ? '' : ` -X ${method.toUpperCase()}`
  const shown = isGuarded ? ` \\\n  ${credential}` : ''
  const json =
    body === undefined
      ? ''
      : ` \\\n  -H 'content-type: application/json' \\\n  -d '${JSON.stringify(body).replaceAll("'", "'\\''")}'`
  return `curl${how} ${origin}${path}${shown}${json}`
}

const example = (text: string): string => `<pre><code>${escaped(text)}</code></pre>`

const described = ({ description }: Json): string =>
  typeof description === 'string' ? `<p>${words(description)}</p>` : ''

const list = (value: unknown): readonly Json[] | undefined =>
  Array.isArray(value) ? (value as Json[]) : undefined

/** A type in a few words; objects are told by `shape`. */
const type = (schema: Json): string => {
  const { $ref, enum: values, items } = schema
  const options = list(schema['anyOf']) ?? list(schema['oneOf'])
  if (typeof $ref === 'string') {
    const name = escaped($ref.split('/').at(-1) ?? '')
    return `<a href="#schema-${name}">${name}</a>`
  }
  if (schema['const'] !== undefined)
    return `<code>${escaped(JSON.stringify(schema['const']))}</code>`
  if (Array.isArray(values))
    return values.map((v) => `<code>${escaped(String(v))}</code>`).join(' or ')
  if (options) return options.map(type).join(' or ')
  const unit = escaped(String(schema['type'] ?? 'anything'))
  if (unit === 'array')
    return `list of ${type(items as Json)}${limit('at most', schema['maxItems'])}`
  if (unit === 'string') {
    const pattern = schema['pattern'] ? `, <code>${escaped(String(schema['pattern']))}</code>` : ''
    return `text${limit('at most', schema['maxLength'])}${pattern}`
  }
  if (unit === 'number' || unit === 'integer')
    return `${unit}${limit('from', schema['minimum'])}${limit('to', schema['maximum'])}`
  return unit
}

const limit = (word: string, value: unknown): string =>
  typeof value === 'number' && Number.isSafeInteger(value)
    ? ` ${word} ${value.toLocaleString('en')}`
    : ''

/** The fields of an object, of what a list holds, or of each alternative. */
const shape = (schema: Json): string => {
  const options = list(schema['anyOf']) ?? list(schema['oneOf'])
  const properties = schema['properties'] as Readonly<Record<string, Json>> | undefined
  if (options)
    return options
      .map((option) => shape(option) || `<p>${type(option)}</p>`)
      .join('<p class="quiet">or</p>')
  if (schema['type'] === 'array') return `<p>${type(schema)}</p>${shape(schema['items'] as Json)}`
  if (!properties) return schema['type'] === 'object' ? '' : `<p>${type(schema)}</p>`
  const required = new Set((schema['required'] as string[] | undefined) ?? [])
  const rows = Object.entries(properties).map(
    ([name, field]) =>
      `<dt><code>${escaped(name)}</code> <span class="quiet">${type(field)}${
        required.has(name) ? '' : ', may be left out'
      }</span></dt><dd>${described(field)}${nested(field)}</dd>`,
  )
  return `<dl>${rows.join('')}</dl>`
}

const nested = (field: Json): string => {
  if (field['properties']) return shape(field)
  const inner = [field['items'], ...(list(field['anyOf']) ?? [])] as (Json | undefined)[]
  return inner.map((one) => (one?.['properties'] ? shape(one) : '')).join('')
}
