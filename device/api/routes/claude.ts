/** Claude's API in front of Claude. The schemas name only what the device reads. */
import type { HttpBindings } from '@hono/node-server'
import type { Context, Hono } from 'hono'
import { z } from 'zod'
import { file, JSON_TYPE, json } from '../../../adapters/api-reference/route.ts'
import { ChatMessage, SystemPrompt } from '../../../adapters/formats/choice-log.ts'
import { bodyLimitOf, refuseSessions, requireToken } from '../access/guard.ts'
import { MAX_MESSAGES_BYTES } from '../messages/body.ts'
import type { EndpointOptions, MessagesDeps } from '../messages/deps.ts'
import { answerMessages, countTokens } from '../messages/endpoint.ts'
import { openUpstream, passOn, type UpstreamDeps } from '../upstream/forward.ts'
import { type ApiRoute, pathOf, type RouteEnv } from './route.ts'

const MessagesRequest = z.looseObject({
  model: z.string().max(200),
  max_tokens: z.int().min(0).max(1e9),
  messages: z.array(ChatMessage).min(1).max(1000),
  system: SystemPrompt.optional(),
  stream: z.boolean().optional(),
})
const MessagesAnswer = z
  .looseObject({ id: z.string().max(200), content: z.array(z.looseObject({})).max(1000) })
  .describe('Claude’s own answer, as it came')

const TokenCount = z.looseObject({ input_tokens: z.int().min(0).max(1e12) })

const SENT = {
  'loreweave-mode':
    'off: as if the device were not there. shadow: decide and record, return ' +
    'Claude’s first answer. on. incognito: personalized from the profile, nothing of ' +
    'it is kept. Default: as the settings have it.',
  'loreweave-candidates':
    'Most answers to ask Claude for, 1 to 4; never more than the settings allow.',
  'loreweave-stream': 'compare: let answers compete although the request is streamed.',
}
const TOKEN = {
  'loreweave-token':
    'The device token, beside a Claude credential of the app. Needed where the ' +
    'setting requireToken says so; it never goes to Claude.',
}
const RETURNED = {
  'loreweave-status':
    'personalized, identity (nothing was added or ranked), shadow, passed-through ' +
    '(not for the device), or failed-open (the device failed or was late); where no ' +
    'block was added, why, in words: `identity; why="…"`.',
  'loreweave-decision': 'Names the decision for feedback; absent where none is kept.',
  'loreweave-usage': 'What all answers together took, where more than one was asked for.',
}

const request = {
  model: 'claude-sonnet-5',
  max_tokens: 1024,
  messages: [{ role: 'user' as const, content: 'How do tides work?' }],
}
const ANSWER = 'Claude’s answer'
const claude = {
  tag: 'Claude',
  who: 'claude',
  requestHeaders: TOKEN,
  errors: ['E_NO_KEY', 'E_INSECURE', 'E_UPSTREAM', 'E_CANCELLED', 'E_TOO_LARGE'],
} as const
const rest = {
  ...claude,
  path: '/v1/{rest}',
  summary: 'Anything else of Claude’s API',
  description:
    'Forwarded untouched, with its query; answers come back as they are. Paths that ' +
    'begin like one of the device’s own are refused. Claude’s paths may also be ' +
    'asked for without `/v1`, or with it twice.',
  responses: { default: file(JSON_TYPE, ANSWER) },
} as const

export const CLAUDE_ROUTES = {
  messages: {
    ...claude,
    method: 'post',
    path: '/v1/messages',
    summary: 'Claude’s Messages API, personalized',
    description:
      'Takes and returns what Claude’s Messages API does, streams too (then ' +
      '`text/event-stream`). The preference block is added to `system`; answers may ' +
      'compete. Whatever fails in the device, the request goes through untouched.',
    requestHeaders: { ...SENT, ...TOKEN },
    responseHeaders: RETURNED,
    request: { body: json(MessagesRequest, request) },
    responses: {
      200: {
        ...json(MessagesAnswer, {
          id: 'msg_01',
          type: 'message',
          content: [{ type: 'text', text: 'The moon …' }],
        }),
        description: ANSWER,
      },
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
    request: { body: json(MessagesRequest.partial({ max_tokens: true }), request) },
    responses: {
      200: { ...json(TokenCount, { input_tokens: 31 }), description: ANSWER },
    },
  },
  forwardGet: { ...rest, method: 'get' },
  forwardPost: { ...rest, method: 'post' },
  forwardPut: { ...rest, method: 'put' },
  forwardPatch: { ...rest, method: 'patch' },
  forwardDelete: { ...rest, method: 'delete' },
  hello: {
    method: 'get',
    path: '/api/hello',
    tag: 'Page',
    who: 'anyone',
    summary: 'Whether anything listens',
    description: 'Claude Code asks this before its first request. The answer holds no data.',
    responses: { 200: file(JSON_TYPE) },
    errors: [],
  },
} satisfies Record<string, ApiRoute>

export type ClaudeDeps = UpstreamDeps &
  EndpointOptions &
  Pick<MessagesDeps, 'device' | 'report'> & {
    /** The setting: Claude's paths need the device token. */
    readonly requireToken?: boolean
  }

/** Forwards everything that no earlier route has taken. */
export const addClaudeRoutes = (app: Hono<RouteEnv>, deps: ClaudeDeps): void => {
  app.get(CLAUDE_ROUTES.hello.path, (c) => c.json({ message: 'hello' }))
  app.use('/v1/*', refuseSessions)
  if (deps.requireToken) app.use('/v1/*', requireToken(deps.deviceToken))
  const upstreamOf = (c: Context) => openUpstream(deps, incomingOf(c))
  for (const [route, answer] of [
    [CLAUDE_ROUTES.messages, answerMessages],
    [CLAUDE_ROUTES.countTokens, countTokens],
  ] as const)
    app.post(route.path, bodyLimitOf(MAX_MESSAGES_BYTES), async (c) => {
      const upstream = upstreamOf(c)
      return answer({ ...deps, upstream }, c.req.raw, new Uint8Array(await c.req.arrayBuffer()))
    })
  app.all(pathOf(CLAUDE_ROUTES.forwardGet), async (c) => {
    const response = await upstreamOf(c).stream(c.req.raw)
    return passOn(response, response.body, { 'loreweave-status': 'passed-through' })
  })
}

/** undefined without a connection, as in tests. */
const incomingOf = (c: Context): HttpBindings['incoming'] | undefined =>
  (c.env as Partial<HttpBindings> | undefined)?.incoming
