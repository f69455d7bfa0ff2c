/** The table of what is not JSON of the device's own: Claude's API, and the files of the page. */
import { z } from 'zod'
import { ChatMessage, SystemPrompt } from '../../../adapters/formats/choice-log.ts'
import type { OtherRoute } from './route.ts'

/** What the device reads of a Messages request; the rest is carried to Claude as it is. */
export const MessagesRequest = z.looseObject({
  model: z.string().max(200),
  max_tokens: z.int().min(0).max(1e9),
  messages: z.array(ChatMessage).min(1).max(1000),
  system: SystemPrompt.optional(),
  stream: z.boolean().optional(),
})
const MessagesAnswer = z
  .looseObject({ id: z.string().max(200), content: z.array(z.looseObject({})).max(1000) })
  .describe('Claude’s own answer, as it came')

const SENT = {
  'loreweave-mode':
    'off: as if the device were not there. shadow: decide and record, return Claude’s first answer. on. incognito: personalized from the profile, nothing of it is kept. Default: as the settings have it.',
  'loreweave-candidates':
    'Most answers to ask Claude for, 1 to 4; never more than the settings allow.',
  'loreweave-stream': 'compare: let answers compete although the request is streamed.',
}
const TOKEN = {
  'loreweave-token':
    'The device token, beside a Claude credential of the app. Needed where the setting requireToken says so; it never goes to Claude.',
}
const RETURNED = {
  'loreweave-status':
    'personalized, identity (nothing was added or ranked), shadow, passed-through (not for the device), or failed-open (the device failed or was late); where no block was added, why, in words: `identity; why="…"`.',
  'loreweave-decision': 'Names the decision for feedback; absent where none is kept.',
  'loreweave-usage': 'What all answers together took, where more than one was asked for.',
}

const request = {
  model: 'claude-sonnet-5',
  max_tokens: 1024,
  messages: [{ role: 'user', content: 'How do tides work?' }],
}
const claude = {
  tag: 'Claude',
  who: 'claude',
  contentType: 'application/json',
  requestHeaders: TOKEN,
  errors: ['E_NO_KEY', 'E_INSECURE', 'E_UPSTREAM', 'E_CANCELLED', 'E_TOO_LARGE'],
} as const
const file = { method: 'get', tag: 'Page', who: 'anyone', errors: [] } as const

const rest = {
  ...claude,
  path: '/v1/*',
  summary: 'Anything else of Claude’s API',
  description:
    'Forwarded untouched, with its query; answers come back as they are. Paths that begin like one of the device’s own are refused. Claude’s paths may also be asked for without `/v1`, or with it twice.',
} as const

export const OTHER_ROUTES = {
  messages: {
    ...claude,
    method: 'post',
    path: '/v1/messages',
    summary: 'Claude’s Messages API, personalized',
    description:
      'Takes and returns what Claude’s Messages API does, streams too (then `text/event-stream`). The preference block is added to `system`; answers may compete. Whatever fails in the device, the request goes through untouched.',
    requestHeaders: { ...SENT, ...TOKEN },
    responseHeaders: RETURNED,
    body: MessagesRequest,
    response: MessagesAnswer,
    example: {
      request,
      response: { id: 'msg_01', type: 'message', content: [{ type: 'text', text: 'The moon …' }] },
    },
  },
  countTokens: {
    ...claude,
    method: 'post',
    path: '/v1/messages/count_tokens',
    summary: 'Counts the tokens of the request as it would be sent',
    description: 'With the preference block that it would get. Nothing is kept.',
    requestHeaders: { 'loreweave-mode': SENT['loreweave-mode'], ...TOKEN },
    responseHeaders: { 'loreweave-status': RETURNED['loreweave-status'] },
    body: MessagesRequest.partial({ max_tokens: true }),
    response: z.looseObject({ input_tokens: z.int().min(0).max(1e12) }),
    example: { request, response: { input_tokens: 31 } },
  },
  forwardGet: { ...rest, method: 'get' },
  forwardPost: { ...rest, method: 'post' },
  forwardPut: { ...rest, method: 'put' },
  forwardPatch: { ...rest, method: 'patch' },
  forwardDelete: { ...rest, method: 'delete' },
  hello: {
    ...file,
    path: '/api/hello',
    contentType: 'application/json',
    summary: 'Whether anything listens',
    description: 'Claude Code asks this before its first request. The answer holds no data.',
  },
  page: {
    ...file,
    path: '/',
    contentType: 'text/html',
    summary: 'The page for people',
    description:
      'Holds no data and no secret. `loreweave page` opens it and prints the one-time code to type there.',
  },
  docs: {
    ...file,
    path: '/docs',
    contentType: 'text/html',
    summary: 'This reference, to read',
    description: 'Made from the document at `/openapi.json`; works offline.',
  },
  openapi: {
    ...file,
    path: '/openapi.json',
    contentType: 'application/json',
    summary: 'This reference, for programs',
    description: 'OpenAPI 3.1, made from the schemas that the device checks with.',
  },
  asset: {
    ...file,
    path: '/assets/:name',
    contentType: 'text/plain',
    summary: 'A style sheet or script of the page',
    description: 'look.css, parts.css, docs.css, page.js and docs.js.',
    errors: ['E_NOT_FOUND'],
  },
} satisfies Record<string, OtherRoute>
