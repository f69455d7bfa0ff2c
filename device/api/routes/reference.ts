/** The reference of the local API, as OpenAPI and as a page, generated from its routes. */
import {
  type Json,
  namedSchemas,
  openApiDocument,
} from '../../../adapters/api-reference/document.ts'
import { referencePage } from '../../../adapters/api-reference/page.ts'
import type { ErrorCode } from '../../../adapters/errors.ts'
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
import { CLAUDE_ROUTES } from './claude.ts'
import { OWN_ROUTES } from './own.ts'
import { PAGE_ROUTES } from './page.ts'
import type { ApiRoute, Tag, Who } from './route.ts'

export const ALL_ROUTES: Readonly<Record<string, ApiRoute>> = {
  ...CLAUDE_ROUTES,
  ...PAGE_ROUTES,
  ...OWN_ROUTES,
}

/** Schemas are named after their exports. */
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
/** Number schemas that are written out in place. */
const UNNAMED = ['Direction', 'Index', 'Points', 'Share']

const TAGS: Readonly<Record<Tag, string>> = {
  Claude: 'Claude’s own API in front of Claude: point an SDK’s base URL here.',
  Personalization: 'The same in parts, for apps that call Claude themselves; and feedback.',
  Inspection: 'What the device knows, has decided and has sent, and what may leave it.',
  Home: 'What the command line asks of the process that owns the home; for the device token alone.',
  Page: 'The page for people, its sessions, and this reference.',
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

const ANYONE: readonly ErrorCode[] = ['E_HOST', 'E_ORIGIN']
const GUARDED: readonly ErrorCode[] = [...ANYONE, 'E_AUTH', 'E_INTERNAL']
const DEVICE = ['deviceToken', 'deviceTokenKey']
export const WHO = {
  anyone: { schemes: [], errors: ANYONE },
  user: { schemes: [...DEVICE, 'pageSession'], errors: GUARDED },
  device: { schemes: DEVICE, errors: GUARDED },
  claude: { schemes: ['claudeKey', 'claudeToken', ...DEVICE], errors: GUARDED },
} satisfies Record<Who, object>

export const localDocument = (): Json => {
  document ??= openApiDocument(
    ALL_ROUTES,
    { ApiError, ...namedSchemas(MODULES, UNNAMED) },
    {
      head: {
        info: {
          title: 'Loreweave on this device',
          version: VERSION,
          license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
          description:
            'The local API of a Loreweave device, on 127.0.0.1 and ::1. Every ' +
            'refusal is ' +
            '`{"type":"error","error":{"type","code","message"},"request_id"}`: ' +
            'Claude’s own form, with the device’s code. Requests with another Host, ' +
            'from other origins or other sites are refused, and no CORS headers are ' +
            'ever sent. `protocol` may be left out of requests.',
        },
        servers: [{ url: 'http://127.0.0.1:4141', description: 'Unless another port was set' }],
        tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
      },
      securitySchemes: SCHEMES,
      who: WHO,
      status: STATUS,
      refusal: ApiError,
    },
  )
  return document
}
let document: Json | undefined

export const localPage = (): string => {
  page ??= referencePage(localDocument(), {
    title: 'Loreweave: reference of the local API',
    heading: 'The local API',
    of: 'local API',
    who: {
      deviceToken: 'the device token',
      pageSession: 'a session of the page',
      claudeKey: 'your credential at Claude',
    },
    origin: 'http://127.0.0.1:4141',
    credential: '-H "x-api-key: $TOKEN"',
    home: '/',
    styles: ['parts.css'],
  })
  return page
}
let page: string | undefined
