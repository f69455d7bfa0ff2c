/** Routes of personalization: rewrite, rerank, feedback, forget, status, training. */
import type { Context } from 'hono'
import { FedError } from '../../../adapters/errors.ts'
import { RequestMode } from '../../records/rewrite-decision.ts'
import {
  FeedbackRequest,
  FeedbackResponse,
  ForgetRequest,
  ForgetResponse,
  RerankRequest,
  RerankResponse,
  RewriteRequest,
  RewriteResponse,
  StatusResponse,
  TrainingRequest,
  TrainingResponse,
} from '../schemas/personalization.ts'
import { decisionHeader } from '../upstream/forward.ts'
import { preference } from './profile.ts'
import { ownRoutes, said, versionedJson, withoutProtocol } from './route.ts'

const own = ownRoutes({ tag: 'Personalization', who: 'user' })

const messages = [{ role: 'user' as const, content: 'How do tides work?' }]
const MODE = {
  'loreweave-mode':
    'off, shadow, on or incognito, for this request; incognito keeps nothing of it. Default: as the settings have it.',
}
const DECISION = { 'loreweave-decision': 'Names the decision for feedback.' }

const naming = <T extends { readonly decisionId: string | null }>(c: Context, result: T): T => {
  for (const [name, value] of Object.entries(decisionHeader(result.decisionId)))
    c.header(name, value)
  return result
}

const modeOf = (c: Context): RequestMode | undefined => {
  const header = c.req.header('loreweave-mode')
  if (header === undefined) return undefined
  const mode = RequestMode.safeParse(header.trim().toLowerCase())
  if (mode.success && mode.data !== 'off') return mode.data
  throw new FedError('E_BODY', 'loreweave-mode: expected shadow, on or incognito on this route')
}

export const PERSONAL_ROUTES = {
  rewrite: own(
    {
      method: 'post',
      path: '/v1/rewrite',
      summary: 'The preference block for a request',
      description:
        'What to send as `system` instead, and why or why not. The messages stay as ' +
        'they are. For apps that call Claude themselves.',
      requestHeaders: MODE,
      responseHeaders: DECISION,
      errors: ['E_BODY', 'E_PROTOCOL', 'E_TOO_LARGE', 'E_ENGINE', 'E_MODEL_MISSING'],
      request: { body: versionedJson(RewriteRequest, { messages }) },
      responses: {
        200: versionedJson(RewriteResponse, {
          decisionId: 'd_5Jq0',
          system: '<reader_preferences>\n- Keep the answer short.\n</reader_preferences>',
          block: '<reader_preferences>\n- Keep the answer short.\n</reader_preferences>',
          preferences: [preference],
          reason: 'applied',
        }),
      },
    },
    async (c) => {
      const conversation = withoutProtocol(c.req.valid('json'))
      const how = { mayPropose: true, mode: modeOf(c) }
      const { bound: _, ...result } = await c.var.deps.device.rewrite(conversation, how)
      return c.json(said(naming(c, result)), 200)
    },
  ),
  rerank: own(
    {
      method: 'post',
      path: '/v1/rerank',
      summary: 'Orders Claude’s answers for this user',
      description:
        'The best first, with what speaks for and against each. Claude’s own first ' +
        'answer is kept unless another leads by a margin. `ask` says that showing ' +
        'two of them to the user is worth it.',
      requestHeaders: MODE,
      responseHeaders: DECISION,
      errors: ['E_BODY', 'E_PROTOCOL', 'E_TOO_LARGE', 'E_ENGINE', 'E_MODEL_MISSING', 'E_MEMORY'],
      request: {
        body: versionedJson(RerankRequest, {
          messages,
          candidates: ['The moon pulls …', 'In short: the moon.'],
        }),
      },
      responses: {
        200: versionedJson(RerankResponse, {
          decisionId: 'd_5Jq0',
          order: [1, 0],
          winner: 1,
          keptFirst: false,
          probability: 0.86,
          reason: 'likely better: shorter',
          candidates: [
            {
              reward: -0.4,
              pooled: 0.1,
              named: [{ name: 'length', contribution: -0.5 }],
              explanation: 'Claude’s first answer, which the others are compared with',
            },
            {
              reward: 0.4,
              pooled: -0.1,
              named: [{ name: 'length', contribution: 0.5 }],
              explanation: 'shorter',
            },
          ],
        }),
      },
    },
    async (c) => {
      const { candidates, ...conversation } = withoutProtocol(c.req.valid('json'))
      const answers = candidates.map((text) => ({ text }))
      const how = { mode: modeOf(c) }
      const result = await c.var.deps.device.rerank(conversation, answers, how)
      return c.json(said(naming(c, result)), 200)
    },
  ),
  feedback: own(
    {
      method: 'post',
      path: '/v1/feedback',
      summary: 'Says what the user made of an answer',
      description:
        'By decision id or by Claude’s message id. The device learns from it at ' +
        'once. `undo` says that the preference block, or one line of it, had no ' +
        'place: it counts from the next conversation on (`holdsFrom`), since Claude ' +
        'signs its thinking over the block; `prefer` states a preference.',
      errors: ['E_BODY', 'E_PROTOCOL', 'E_TOO_LARGE', 'E_NO_DECISION', 'E_STORE'],
      request: {
        body: versionedJson(FeedbackRequest, {
          event: { kind: 'thumbs', messageId: 'msg_01', value: 1 },
        }),
      },
      responses: { 200: versionedJson(FeedbackResponse, { recorded: true, choices: 41 }) },
    },
    async (c) => c.json(said(await c.var.deps.device.feedback(c.req.valid('json').event)), 200),
  ),
  forget: own(
    {
      method: 'post',
      path: '/v1/forget',
      summary: 'Forgets conversations',
      description:
        'By one of its decisions, answers or choices; or all that hold some words ' +
        '(`containing`); or all choices that were imported. Texts, decisions, ' +
        'feedback, choices and what was computed from them leave this device, also ' +
        'long after a decision has expired. With `preview` it only says what would ' +
        'go. What is in an update that was sent, or at Claude, cannot be called ' +
        'back: `updatesSentSince` counts such updates.',
      errors: ['E_BODY', 'E_PROTOCOL', 'E_NO_DECISION', 'E_UNAVAILABLE', 'E_STORE'],
      request: { body: versionedJson(ForgetRequest, { decisionId: 'd_5Jq0' }) },
      responses: {
        200: versionedJson(ForgetResponse, {
          decisions: 3,
          choices: 1,
          feedback: 2,
          privateAdapter: 'none',
          updatesSentSince: 0,
        }),
      },
    },
    async (c) => {
      const { preview = false, ...target } = withoutProtocol(c.req.valid('json'))
      return c.json(said(await c.var.deps.device.forget(target, preview)), 200)
    },
  ),
  getStatus: own(
    {
      method: 'get',
      path: '/v1/status',
      summary: 'What the device has and does',
      description: 'Model, release, choices, activity, training, and what ranking has come to.',
      errors: [],
      responses: {
        200: versionedJson(StatusResponse, {
          model: 'SmolLM2-135M-Instruct',
          exitLayer: 12,
          release: null,
          enrolled: false,
          activity: 'idle',
          choices: 40,
          heldBack: 8,
          margin: 0.2,
          trainedAt: null,
          people: 1,
        }),
      },
    },
    async (c) => c.json(said(await c.var.deps.device.status()), 200),
  ),
  setTraining: own(
    {
      method: 'post',
      path: '/v1/training',
      summary: 'Pauses or resumes training',
      description: 'All of this home, within 0.1 s; remembered across restarts.',
      errors: ['E_BODY', 'E_PROTOCOL', 'E_STORE'],
      request: { body: versionedJson(TrainingRequest, { paused: true }) },
      responses: {
        200: versionedJson(TrainingResponse, {
          state: 'paused',
          step: null,
          steps: null,
          tokensPerSecond: null,
          secondsLeft: null,
        }),
      },
    },
    async (c) =>
      c.json(said(await c.var.deps.device.pauseTraining(c.req.valid('json').paused)), 200),
  ),
}
