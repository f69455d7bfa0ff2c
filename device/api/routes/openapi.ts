/** The OpenAPI 3.1 document of the local API, made from the table of routes and the schemas that the device itself checks with. */
import { z } from 'zod'
import * as choiceLog from '../../../adapters/formats/choice-log.ts'
import { VERSION } from '../../../adapters/version.ts'
import * as federation from '../../../adapters/wire/federation.ts'
import * as reports from '../../records/agent-reports.ts'
import * as event from '../../records/feedback-event.ts'
import * as preference from '../../records/preference.ts'
import * as rerankDecision from '../../records/rerank-decision.ts'
import * as rewriteDecision from '../../records/rewrite-decision.ts'
import * as forgetReport from '../../store/forget-report.ts'
import * as trainingStatus from '../../store/training-status.ts'
import { ApiError, STATUS } from '../envelope/errors.ts'
import * as home from '../schemas/home.ts'
import * as inspection from '../schemas/inspection.ts'
import * as personalization from '../schemas/personalization.ts'
import * as sessions from '../schemas/sessions.ts'
import { OTHER_ROUTES } from './claude.ts'
import { HOME_ROUTES } from './home.ts'
import { INSPECTION_ROUTES } from './inspection.ts'
import { PERSONAL_ROUTES } from './personal.ts'
import {
  commonErrors,
  type OtherRoute,
  type OwnRoute,
  openApiPath,
  TAGS,
  type Who,
} from './route.ts'

export type Json = { readonly [key: string]: unknown }

/** Every route by the name of its operation. */
export const OWN_ROUTES = { ...PERSONAL_ROUTES, ...INSPECTION_ROUTES, ...HOME_ROUTES }
export const ALL_ROUTES: Readonly<Record<string, OwnRoute | OtherRoute>> = {
  ...OTHER_ROUTES,
  ...OWN_ROUTES,
}

const MODULES = [
  choiceLog,
  event,
  federation,
  forgetReport,
  home,
  inspection,
  personalization,
  preference,
  reports,
  rerankDecision,
  rewriteDecision,
  sessions,
  trainingStatus,
]
/** Numbers that are said where they stand. */
const UNNAMED = ['Direction', 'Index', 'Points', 'Share']

/** Schemas get the names that they are exported under. */
const registered = () => {
  const registry = z.registry<{ id: string }>()
  registry.add(ApiError, { id: 'ApiError' })
  for (const module of MODULES)
    for (const [id, schema] of Object.entries(module))
      if (schema instanceof z.ZodType && !UNNAMED.includes(id)) registry.add(schema, { id })
  for (const [name, { body, response }] of Object.entries(ALL_ROUTES))
    for (const [suffix, schema] of [
      ['Request', body],
      ['Response', response],
    ] as const)
      if (schema && !registry.has(schema))
        registry.add(schema, { id: `${name[0]?.toUpperCase()}${name.slice(1)}${suffix}` })
  return registry
}

const reference = (id: string): string => `#/components/schemas/${id}`

/** The document; the same object each time. */
export const openApiDocument = (): Json => {
  document ??= build()
  return document
}
let document: Json | undefined

const build = (): Json => {
  const registry = registered()
  const refOf = (schema: z.ZodType): Json => ({ $ref: reference(registry.get(schema)?.id ?? '') })
  const paths: Record<string, Record<string, Json>> = {}
  for (const [name, route] of Object.entries(ALL_ROUTES)) {
    const path = openApiPath(route.path)
    paths[path] = { ...paths[path], [route.method]: operation(name, route, refOf) }
  }
  const made = z.toJSONSchema(registry, { uri: reference, io: 'input' }).schemas
  const schemas = Object.fromEntries(
    Object.entries(made).map(([id, { $schema: _, $id: __, ...schema }]) => [id, schema]),
  )
  return {
    openapi: '3.1.0',
    info: {
      title: 'Loreweave on this device',
      version: VERSION,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      description:
        'The local API of a Loreweave device, on 127.0.0.1 and ::1. Every refusal is `{"type":"error","error":{"type","code","message"},"request_id"}`: Claude’s own form, with the device’s code. Requests with another Host, from other origins or other sites are refused, and no CORS headers are ever sent. `protocol` may be left out of requests.',
    },
    jsonSchemaDialect: 'https://json-schema.org/draft/2020-12/schema',
    servers: [{ url: 'http://127.0.0.1:4141', description: 'Unless another port was set' }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths,
    components: {
      schemas: reachable(schemas, JSON.stringify(paths)),
      securitySchemes: SCHEMES,
    },
  }
}

const bearer = { type: 'http', scheme: 'bearer' }
const SCHEMES = {
  deviceToken: { ...bearer, description: 'The file device-token of the home folder.' },
  deviceTokenKey: {
    type: 'apiKey',
    in: 'header',
    name: 'x-api-key',
    description: 'The same, where an SDK has only this header.',
  },
  pageSession: { ...bearer, description: 'Of the page: POST /v1/session.' },
  claudeToken: { ...bearer, description: 'Your own credential at Claude; it is sent on.' },
  claudeKey: {
    type: 'apiKey',
    in: 'header',
    name: 'x-api-key',
    description: 'Your own key at Claude; it is sent on.',
  },
}

const SECURITY: Readonly<Record<Who, readonly (keyof typeof SCHEMES)[]>> = {
  anyone: [],
  user: ['deviceToken', 'deviceTokenKey', 'pageSession'],
  device: ['deviceToken', 'deviceTokenKey'],
  claude: ['claudeKey', 'claudeToken', 'deviceToken', 'deviceTokenKey'],
}

/** Of what a route takes and gives. */
const TYPES = {
  json: 'application/json',
  lines: 'application/x-ndjson',
  container: 'application/octet-stream',
} as const

const operation = (
  name: string,
  route: OwnRoute | OtherRoute,
  refOf: (schema: z.ZodType) => Json,
): Json => {
  const { body, response, example } = route
  const takes = ('takes' in route && route.takes) || 'json'
  const gives = ('gives' in route && route.gives) || 'json'
  const content = (type: keyof typeof TYPES, schema: z.ZodType | undefined, shown: unknown) => ({
    ['contentType' in route ? route.contentType : TYPES[type]]: {
      ...(schema && { schema: refOf(schema) }),
      ...(shown !== undefined && { example: shown }),
    },
  })
  const parameters = [...pathParameters(route), ...queryParameters(route), ...headersIn(route)]
  return {
    operationId: name,
    tags: [route.tag],
    summary: route.summary,
    description: route.description,
    security: SECURITY[route.who].map((scheme) => ({ [scheme]: [] })),
    ...(parameters.length > 0 && { parameters }),
    ...(body && {
      requestBody: { required: true, content: content(takes, body, example?.request) },
    }),
    responses: {
      [route.who === 'claude' && !response ? 'default' : '200']: {
        description: route.who === 'claude' ? 'Claude’s answer' : 'Done',
        ...(route.responseHeaders && { headers: headersOut(route.responseHeaders) }),
        content: content(gives, response, example?.response),
      },
      ...refusals(route, refOf),
    },
  }
}

const pathParameters = ({ path }: OwnRoute | OtherRoute): Json[] =>
  [...openApiPath(path).matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string', maxLength: name === 'rest' ? 2000 : 64 },
  }))

const queryParameters = (route: OwnRoute | OtherRoute): Json[] => {
  if (!('query' in route) || !route.query) return []
  const { properties } = z.toJSONSchema(route.query, { io: 'input' }) as { properties: Json }
  return Object.entries(properties).map(([name, schema]) => ({ name, in: 'query', schema }))
}

const headersIn = ({ requestHeaders = {} }: OwnRoute | OtherRoute): Json[] =>
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

/** The refusals by status, each with its codes. */
const refusals = (route: OwnRoute | OtherRoute, refOf: (schema: z.ZodType) => Json): Json => {
  const codes = [...new Set([...commonErrors(route.who), ...route.errors])]
  const statuses = [...new Set(codes.map((code) => STATUS[code]))]
  return Object.fromEntries(
    statuses.map((status) => [
      status,
      {
        description: codes.filter((code) => STATUS[code] === status).join(', '),
        content: { 'application/json': { schema: refOf(ApiError) } },
      },
    ]),
  )
}

/** Of the schemas those that are referred to, directly or through others. */
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
