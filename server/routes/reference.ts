/** What anyone may read: whether the server is there, and the reference of its API. */

import { z } from 'zod'
import { type Json, namedSchemas, openApiDocument } from '../../adapters/api-reference/document.ts'
import { PAGE_HEADERS, referencePage } from '../../adapters/api-reference/page.ts'
import { file, JSON_TYPE, json, typeOf } from '../../adapters/api-reference/route.ts'
import type { ErrorCode } from '../../adapters/errors.ts'
import { VERSION } from '../../adapters/version.ts'
import * as containers from '../../adapters/wire/containers.ts'
import * as edges from '../../adapters/wire/edges.ts'
import * as federation from '../../adapters/wire/federation.ts'
import * as governance from '../../adapters/wire/governance.ts'
import * as jobs from '../../adapters/wire/jobs.ts'
import * as operator from '../../adapters/wire/operator.ts'
import * as primitives from '../../adapters/wire/primitives.ts'
import * as privacy from '../../adapters/wire/privacy.ts'
import * as releaseLog from '../../adapters/wire/release-log.ts'
import * as serverKey from '../../adapters/wire/server-key.ts'
import { ACCESS_ROUTES } from './access.ts'
import { neededRole } from './authorize.ts'
import { DEVICE_ROUTES } from './devices.ts'
import { EDGE_ROUTES } from './edges.ts'
import { HTTP_STATUS } from './errors.ts'
import { EVENT_ROUTES } from './events.ts'
import { FLEET_ROUTES } from './fleet.ts'
import { HEALTH_ROUTES, Liveness, Readiness } from './health.ts'
import { JOB_ROUTES } from './jobs.ts'
import { LOG_ROUTES } from './log.ts'
import { MASK_ROUTES } from './masks.ts'
import { MEMBERSHIP_ROUTES } from './membership.ts'
import { OPERATOR_ROUTES } from './operator.ts'
import { OVERVIEW_ROUTES } from './overview.ts'
import { PAGE_ROUTES, sendFile } from './page.ts'
import { PRIVACY_ROUTES } from './privacy.ts'
import { RELEASE_ROUTES } from './releases.ts'
import { type ServerRoute, served, type Tag, type Who } from './route.ts'
import { SERVER_KEY_ROUTES } from './server-key.ts'
import { UPLOAD_ROUTES } from './uploads.ts'

const page = { method: 'get', tag: 'Server', who: 'anyone', errors: [] } as const
const protocol = primitives.PROTOCOL_VERSION

const Health = z.strictObject({ status: z.literal('ok'), protocol: primitives.Protocol })

const REFERENCE_ROUTES = {
  health: served(
    {
      ...page,
      path: '/v1/health',
      summary: 'Whether the server answers',
      description: 'And the protocol version that it speaks.',
      responses: { 200: json(Health, { status: 'ok', protocol }) },
    },
    (c) => c.json({ status: 'ok' as const, protocol }, 200),
  ),
  docs: served(
    {
      ...page,
      path: '/docs',
      summary: 'This reference, to read',
      description: 'Made from the document at `/openapi.json`; works offline.',
      responses: { 200: file('text/html') },
    },
    () => sendFile('text/html', serverPage()),
  ),
  openapi: served(
    {
      ...page,
      path: '/openapi.json',
      summary: 'This reference, for programs',
      description: 'OpenAPI 3.1, made from the schemas that the server checks with.',
      responses: { 200: file(JSON_TYPE) },
    },
    (c) => c.json(serverDocument(), 200, PAGE_HEADERS),
  ),
}

/** Every route by the name of its operation. */
export const ALL_ROUTES: Readonly<Record<string, ServerRoute>> = {
  ...DEVICE_ROUTES,
  ...MEMBERSHIP_ROUTES,
  ...LOG_ROUTES,
  ...EDGE_ROUTES,
  ...JOB_ROUTES,
  ...FLEET_ROUTES,
  ...UPLOAD_ROUTES,
  ...MASK_ROUTES,
  ...OPERATOR_ROUTES,
  ...RELEASE_ROUTES,
  ...PRIVACY_ROUTES,
  ...ACCESS_ROUTES,
  ...OVERVIEW_ROUTES,
  ...EVENT_ROUTES,
  ...HEALTH_ROUTES,
  ...SERVER_KEY_ROUTES,
  ...REFERENCE_ROUTES,
  ...PAGE_ROUTES,
}

const TAGS: Readonly<Record<Tag, string>> = {
  Devices: 'What devices call. Every request is signed (RFC 9421) by the key of the device.',
  Operator: 'What the operator calls, with the bearer credential.',
  Server: 'Whether the server answers, and this reference.',
}

const SCHEMES = {
  signature: {
    type: 'apiKey',
    in: 'header',
    name: 'signature',
    description:
      'An Ed25519 signature of the device over method, path and Content-Digest (RFC ' +
      '9421, RFC 9530), with Signature-Input beside it. Each nonce is taken once, ' +
      'within five minutes.',
  },
  operator: {
    type: 'http',
    scheme: 'bearer',
    description:
      'A token of `loreweave-server operator create`, or the credential of the data folder.',
  },
}

const DEVICES: readonly ErrorCode[] = [
  'E_UNSIGNED',
  'E_SIGNATURE',
  'E_CLOCK',
  'E_REPLAY',
  'E_NOT_ENROLLED',
]
const OPERATORS: readonly ErrorCode[] = ['E_HOST', 'E_ORIGIN', 'E_AUTH']

/** What each caller meets, beside what follows from the route. */
const WHO: Readonly<Record<Who, readonly ErrorCode[]>> = {
  anyone: [],
  newcomer: DEVICES,
  device: DEVICES,
  operator: OPERATORS,
  monitor: ['E_AUTH'],
}

/**
 * Every refusal that a route can answer with. Only routes for anyone read no store, which may fail
 * or not be reached.
 */
export const refusalsOf = (route: ServerRoute): ErrorCode[] => {
  const { who, path, request, errors } = route
  const type = typeOf(request?.body)
  return [
    ...new Set<ErrorCode>([
      ...errors,
      ...(who === 'anyone' ? [] : (['E_INTERNAL', 'E_UNAVAILABLE'] as const)),
      ...(path.startsWith('/v1/') ? (['E_TOO_MANY'] as const) : []),
      ...(type === undefined ? [] : (['E_TOO_LARGE', 'E_TOO_SLOW'] as const)),
      ...(type === JSON_TYPE ? (['E_BODY', 'E_PROTOCOL'] as const) : []),
      ...WHO[who],
      ...(who === 'operator' && neededRole(route) !== 'viewer' ? (['E_ROLE'] as const) : []),
    ]),
  ]
}

const SHOWN: Readonly<Record<Who, readonly string[]>> = {
  anyone: [],
  newcomer: ['signature'],
  device: ['signature'],
  operator: ['operator'],
  monitor: ['operator'],
}

/** Texts and numbers that are described where they stand. */
const UNNAMED = [
  'CohortSize',
  'CountBucket',
  'Id',
  'Name',
  'Protocol',
  'PublicKey',
  'Purpose',
  'Sha256',
  'Signature',
  'TimeMs',
]

/** The document; the same object each time. */
export const serverDocument = (): Json => {
  document ??= openApiDocument(
    Object.fromEntries(
      Object.entries(ALL_ROUTES).map(([id, route]) => [
        id,
        { ...route, errors: refusalsOf(route) },
      ]),
    ),
    namedSchemas(
      [
        containers,
        edges,
        federation,
        governance,
        jobs,
        operator,
        primitives,
        privacy,
        releaseLog,
        serverKey,
        { Health, Liveness, Readiness },
      ],
      UNNAMED,
    ),
    {
      head: {
        info: {
          title: 'Loreweave federation server',
          version: VERSION,
          license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
          description:
            'The API between the devices of a federation, its operator and its ' +
            'server. Every refusal is `{"error":{"code","message"}}`. A request says ' +
            'the protocol version that it speaks; another one is refused with ' +
            'E_PROTOCOL.',
        },
        tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
      },
      securitySchemes: SCHEMES,
      who: Object.fromEntries(
        Object.entries(SHOWN).map(([who, schemes]) => [who, { schemes, errors: [] }]),
      ),
      status: HTTP_STATUS,
      refusal: federation.ErrorResponse,
    },
  )
  return document
}
let document: Json | undefined

const serverPage = (): string => {
  html ??= referencePage(serverDocument(), {
    title: 'Loreweave: reference of the federation server',
    heading: 'The federation server',
    of: 'federation server',
    who: { signature: 'the signature of a device', operator: 'the credential of the operator' },
    origin: '$SERVER',
    credential: '-H "authorization: Bearer $CREDENTIAL"',
    home: '/',
    styles: [],
  })
  return html
}
let html: string | undefined
