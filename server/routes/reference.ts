/** What anyone may read: whether the server is there, and the reference of its API. */
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import {
  type Conventions,
  type Json,
  namedSchemas,
  openApiDocument,
} from '../../adapters/api-reference/document.ts'
import { PAGE_HEADERS, referencePage } from '../../adapters/api-reference/page.ts'
import { file, JSON_TYPE, json } from '../../adapters/api-reference/route.ts'
import { type ErrorCode, FedError } from '../../adapters/errors.ts'
import { VERSION } from '../../adapters/version.ts'
import * as containers from '../../adapters/wire/containers.ts'
import * as federation from '../../adapters/wire/federation.ts'
import * as governance from '../../adapters/wire/governance.ts'
import * as jobs from '../../adapters/wire/jobs.ts'
import * as operator from '../../adapters/wire/operator.ts'
import * as primitives from '../../adapters/wire/primitives.ts'
import { ACCESS_ROUTES } from './access.ts'
import { DEVICE_ROUTES } from './devices.ts'
import { HTTP_STATUS } from './errors.ts'
import { EVENT_ROUTES } from './events.ts'
import { FLEET_ROUTES } from './fleet.ts'
import { HEALTH_ROUTES, Liveness, Readiness } from './health.ts'
import { JOB_ROUTES } from './jobs.ts'
import { MEMBERSHIP_ROUTES } from './membership.ts'
import { OPERATOR_ROUTES } from './operator.ts'
import { OVERVIEW_ROUTES } from './overview.ts'
import { RELEASE_ROUTES } from './releases.ts'
import { type ServerRoute, served, type Tag, type Who } from './route.ts'
import { UPLOAD_ROUTES } from './uploads.ts'

const page = { method: 'get', tag: 'Server', who: 'anyone', errors: [] } as const
const protocol = primitives.PROTOCOL_VERSION

const Health = z.strictObject({ status: z.literal('ok'), protocol: primitives.Protocol })

const send = (type: string, text: string): Response =>
  new Response(text, { headers: { ...PAGE_HEADERS, 'content-type': `${type}; charset=utf-8` } })

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
    () => send('text/html', serverPage()),
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
  asset: served(
    {
      ...page,
      path: '/assets/{name}',
      summary: 'A style sheet or script of this reference',
      description: 'look.css, docs.css and docs.js.',
      errors: ['E_NOT_FOUND'],
      responses: { 200: file('text/plain') },
    },
    (c) => {
      const name = c.req.param('name')
      if (!Object.hasOwn(ASSETS, name)) throw new FedError('E_NOT_FOUND', 'no such file')
      const url = ASSETS[name as keyof typeof ASSETS]
      return send(name.endsWith('.js') ? 'text/javascript' : 'text/css', readFileSync(url, 'utf8'))
    },
  ),
}

const ASSETS = {
  'look.css': new URL('../../adapters/api-reference/look.css', import.meta.url),
  'docs.css': new URL('../../adapters/api-reference/docs.css', import.meta.url),
  'docs.js': new URL('../../adapters/api-reference/docs.js', import.meta.url),
}

/** Every route by the name of its operation. */
export const ALL_ROUTES: Readonly<Record<string, ServerRoute>> = {
  ...DEVICE_ROUTES,
  ...MEMBERSHIP_ROUTES,
  ...JOB_ROUTES,
  ...FLEET_ROUTES,
  ...UPLOAD_ROUTES,
  ...OPERATOR_ROUTES,
  ...RELEASE_ROUTES,
  ...ACCESS_ROUTES,
  ...OVERVIEW_ROUTES,
  ...EVENT_ROUTES,
  ...HEALTH_ROUTES,
  ...REFERENCE_ROUTES,
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

const ANYONE: readonly ErrorCode[] = ['E_INTERNAL', 'E_TOO_MANY', 'E_TOO_SLOW']
const SIGNED: readonly ErrorCode[] = [
  ...ANYONE,
  'E_UNAVAILABLE',
  'E_UNSIGNED',
  'E_SIGNATURE',
  'E_CLOCK',
  'E_REPLAY',
]
export const WHO: Readonly<Record<Who, Conventions['who'][string]>> = {
  anyone: { schemes: [], errors: ANYONE },
  newcomer: { schemes: ['signature'], errors: SIGNED },
  device: { schemes: ['signature'], errors: [...SIGNED, 'E_NOT_ENROLLED'] },
  operator: { schemes: ['operator'], errors: [...ANYONE, 'E_AUTH', 'E_ROLE'] },
  monitor: { schemes: ['operator'], errors: [...ANYONE, 'E_AUTH'] },
}

/** Texts and numbers that are described where they stand. */
const UNNAMED = ['CountBucket', 'Id', 'Name', 'Protocol', 'Purpose', 'Sha256', 'TimeMs']

/** The document; the same object each time. */
export const serverDocument = (): Json => {
  document ??= openApiDocument(
    ALL_ROUTES,
    namedSchemas(
      [
        containers,
        federation,
        governance,
        jobs,
        operator,
        primitives,
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
      who: WHO,
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
    home: '/docs',
    styles: [],
  })
  return html
}
let html: string | undefined
