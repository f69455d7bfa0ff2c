/**
 * The OpenAPI 3.1 document of an API, made from its routes and the schemas that it checks with.
 * Schemas are written by zod itself: the generator of @hono/zod-openapi 1.6 describes a reference
 * that may be null as one that never is (`allOf` of the reference and a nullable type).
 */
import { z } from 'zod'
import type { ErrorCode } from '../errors.ts'
import { type AnyMedia, exampleOf, type Route, schemaOf } from './route.ts'

export type Json = { readonly [key: string]: unknown }

/** What holds for a whole API. */
export type Conventions = {
  /** info, servers and tags of the document. */
  readonly head: Json
  readonly securitySchemes: Readonly<Record<string, Json>>
  /** For each kind of caller: the credentials that it may show, and the errors that it can meet on every route. */
  readonly who: Readonly<
    Record<string, { readonly schemes: readonly string[]; readonly errors: readonly ErrorCode[] }>
  >
  readonly status: Readonly<Record<ErrorCode, number>>
  /** The schema of every refusal. */
  readonly refusal: z.ZodType
}

/** Names schemas as their modules export them, but for those that are left without a name. */
export const namedSchemas = (
  modules: readonly object[],
  unnamed: readonly string[] = [],
): Record<string, z.ZodType> =>
  Object.fromEntries(
    modules
      .flatMap((module) => Object.entries(module) as [string, unknown][])
      .filter(
        (entry): entry is [string, z.ZodType] =>
          entry[1] instanceof z.ZodType && !unnamed.includes(entry[0]),
      ),
  )

/** routes: by operation id. named: schemas that get a place and a name of their own. */
export const openApiDocument = (
  routes: Readonly<Record<string, Route>>,
  named: Readonly<Record<string, z.ZodType>>,
  conventions: Conventions,
): Json => {
  const registry = z.registry<{ id: string }>()
  const name = (id: string, schema: z.ZodType | undefined) => {
    if (schema && !registry.has(schema)) registry.add(schema, { id })
  }
  for (const [id, schema] of Object.entries(named)) name(id, schema)
  for (const [id, { request, responses }] of Object.entries(routes)) {
    name(`${capital(id)}Request`, schemaOf(request?.body))
    for (const answer of Object.values(responses)) name(`${capital(id)}Response`, schemaOf(answer))
  }
  const reference = (id: string): string => `#/components/schemas/${id}`
  const refOf: RefOf = (schema) => ({ $ref: reference(registry.get(schema)?.id ?? '') })
  const paths: Record<string, Record<string, Json>> = {}
  for (const [id, route] of Object.entries(routes))
    paths[route.path] = {
      ...paths[route.path],
      [route.method]: operation(id, route, conventions, refOf),
    }
  const made = z.toJSONSchema(registry, { uri: reference, io: 'input' }).schemas
  const schemas = Object.fromEntries(
    Object.entries(made).map(([id, { $schema: _, $id: __, ...schema }]) => [id, schema]),
  )
  return {
    openapi: '3.1.0',
    jsonSchemaDialect: 'https://json-schema.org/draft/2020-12/schema',
    ...conventions.head,
    paths,
    components: {
      schemas: reachable(schemas, JSON.stringify(paths)),
      securitySchemes: conventions.securitySchemes,
    },
  }
}

type RefOf = (schema: z.ZodType) => Json

const capital = (name: string): string => `${name[0]?.toUpperCase()}${name.slice(1)}`

const operation = (id: string, route: Route, conventions: Conventions, refOf: RefOf): Json => {
  const { request, responses, responseHeaders } = route
  const parameters = [...pathParameters(route), ...queryParameters(route), ...headersIn(route)]
  return {
    operationId: id,
    tags: [route.tag],
    summary: route.summary,
    description: route.description,
    security: (conventions.who[route.who]?.schemes ?? []).map((scheme) => ({ [scheme]: [] })),
    ...(parameters.length > 0 && { parameters }),
    ...(request?.body && {
      requestBody: { required: true, content: contentOf(request.body, refOf) },
    }),
    responses: {
      ...Object.fromEntries(
        Object.entries(responses).map(([status, answer]) => [
          status,
          {
            description: answer.description,
            ...(responseHeaders && { headers: headersOut(responseHeaders) }),
            content: contentOf(answer, refOf),
          },
        ]),
      ),
      ...refusals(route, conventions, refOf),
    },
  }
}

const contentOf = (body: AnyMedia, refOf: RefOf): Json => {
  const schema = schemaOf(body)
  const example = exampleOf(body)
  const described = {
    ...(schema && { schema: refOf(schema) }),
    ...(example !== undefined && { example }),
  }
  return Object.fromEntries(Object.keys(body.content).map((type) => [type, described]))
}

const pathParameters = ({ path }: Route): Json[] =>
  [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string', maxLength: name === 'rest' ? 2000 : 64 },
  }))

const queryParameters = ({ request }: Route): Json[] => {
  if (!request?.query) return []
  const { properties } = z.toJSONSchema(request.query, { io: 'input' }) as { properties: Json }
  return Object.entries(properties).map(([name, schema]) => ({ name, in: 'query', schema }))
}

const headersIn = ({ requestHeaders = {} }: Route): Json[] =>
  Object.entries(requestHeaders).map(([name, description]) => ({
    name,
    in: 'header',
    description,
    schema: { type: 'string', maxLength: 100 },
  }))

const headersOut = (headers: Readonly<Record<string, string>>): Json =>
  Object.fromEntries(
    Object.entries(headers).map(([name, description]) => [
      name,
      { description, schema: { type: 'string' } },
    ]),
  )

/** Refusals by status, each with its codes. */
const refusals = (route: Route, { who, status, refusal }: Conventions, refOf: RefOf): Json => {
  const codes = [...new Set([...(who[route.who]?.errors ?? []), ...route.errors])]
  const statuses = [...new Set(codes.map((code) => status[code]))]
  return Object.fromEntries(
    statuses.map((one) => [
      one,
      {
        description: codes.filter((code) => status[code] === one).join(', '),
        content: { 'application/json': { schema: refOf(refusal) } },
      },
    ]),
  )
}

/** Those schemas that are referred to, directly or through others. */
const reachable = (schemas: Readonly<Record<string, Json>>, from: string): Json => {
  const found = new Set<string>()
  const visit = (text: string): void => {
    for (const [, id = ''] of text.matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
      if (found.has(id)) continue
      found.add(id)
      visit(JSON.stringify(schemas[id]))
    }
  }
  visit(from)
  return Object.fromEntries([...found].sort().map((id) => [id, schemas[id]]))
}
