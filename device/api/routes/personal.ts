/** The table of the personalization routes: rewrite, rerank, feedback, profile, status, training. */
import {
  DimensionsResponse,
  FeedbackRequest,
  FeedbackResponse,
  ForgetRequest,
  ForgetResponse,
  ProfileEdit,
  ProfileResponse,
  ProposalRequest,
  ProposalsResponse,
  RerankRequest,
  RerankResponse,
  RewriteRequest,
  RewriteResponse,
  StatusResponse,
  TrainingRequest,
  TrainingResponse,
} from '../schemas/personalization.ts'
import { own } from './route.ts'

const protocol = 1 as const
const tag = 'Personalization' as const
const who = 'user' as const

const messages = [{ role: 'user' as const, content: 'How do tides work?' }]
const preference = {
  dimension: 'length' as const,
  direction: -1 as const,
  strength: 0.8,
  scope: 'all' as const,
  evidence: { choices: 40, confidence: 0.97, for: 25, against: 9 },
  source: 'learned' as const,
  pinned: false,
  enabled: true,
}
const profile = {
  protocol,
  profile: { preferences: [preference] },
  sentences: [
    'Length: Keep the answer short (learned from 40 choices, 25 for and 9 against, 97 % sure)',
  ],
}
const edit = {
  protocol,
  changes: [{ op: 'state' as const, dimension: 'emoji' as const, direction: -1 as const }],
}
const MODE = {
  'loreweave-mode':
    'off, shadow, on or incognito, for this request; incognito keeps nothing of it. Default: as the settings have it.',
}
const DECISION = { 'loreweave-decision': 'Names the decision for feedback.' }

export const PERSONAL_ROUTES = {
  rewrite: own({
    method: 'post',
    path: '/v1/rewrite',
    tag,
    who,
    summary: 'The preference block for a request',
    description:
      'What to send as `system` instead, and why or why not. The messages stay as they are. For apps that call Claude themselves.',
    requestHeaders: MODE,
    responseHeaders: DECISION,
    body: RewriteRequest,
    response: RewriteResponse,
    errors: ['E_BODY', 'E_PROTOCOL', 'E_TOO_LARGE', 'E_ENGINE', 'E_MODEL_MISSING'],
    example: {
      request: { protocol, messages },
      response: {
        protocol,
        decisionId: 'd_5Jq0',
        system: '<reader_preferences>\n- Keep the answer short.\n</reader_preferences>',
        block: '<reader_preferences>\n- Keep the answer short.\n</reader_preferences>',
        preferences: [preference],
        reason: 'applied',
      },
    },
  }),
  rerank: own({
    method: 'post',
    path: '/v1/rerank',
    tag,
    who,
    summary: 'Orders Claude’s answers for this user',
    description:
      'The best first, with what speaks for and against each. Claude’s own first answer is kept unless another leads by a margin. `ask` says that showing two of them to the user is worth it.',
    requestHeaders: MODE,
    responseHeaders: DECISION,
    body: RerankRequest,
    response: RerankResponse,
    errors: ['E_BODY', 'E_PROTOCOL', 'E_TOO_LARGE', 'E_ENGINE', 'E_MODEL_MISSING', 'E_MEMORY'],
    example: {
      request: { protocol, messages, candidates: ['The moon pulls …', 'In short: the moon.'] },
      response: {
        protocol,
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
      },
    },
  }),
  feedback: own({
    method: 'post',
    path: '/v1/feedback',
    tag,
    who,
    summary: 'Says what the user made of an answer',
    description:
      'By decision id or by Claude’s message id. The device learns from it at once. `undo` says that the preference block, or one line of it, had no place: it counts from the next conversation on (`holdsFrom`), since Claude signs its thinking over the block; `prefer` states a preference.',
    body: FeedbackRequest,
    response: FeedbackResponse,
    errors: ['E_BODY', 'E_PROTOCOL', 'E_TOO_LARGE', 'E_NO_DECISION', 'E_STORE'],
    example: {
      request: { protocol, event: { kind: 'thumbs', messageId: 'msg_01', value: 1 } },
      response: { protocol, recorded: true, choices: 41 },
    },
  }),
  forget: own({
    method: 'post',
    path: '/v1/forget',
    tag,
    who,
    summary: 'Forgets conversations',
    description:
      'By one of its decisions, answers or choices; or all that hold some words (`containing`); or all choices that were imported. Texts, decisions, feedback, choices and what was computed from them leave this device, also long after a decision has expired. With `preview` it only says what would go. What is in an update that was sent, or at Claude, cannot be called back: `updatesSentSince` counts such updates.',
    body: ForgetRequest,
    response: ForgetResponse,
    errors: ['E_BODY', 'E_PROTOCOL', 'E_NO_DECISION', 'E_UNAVAILABLE', 'E_STORE'],
    example: {
      request: { protocol, decisionId: 'd_5Jq0' },
      response: {
        protocol,
        decisions: 3,
        choices: 1,
        feedback: 2,
        privateAdapter: 'none',
        updatesSentSince: 0,
      },
    },
  }),
  getProfile: own({
    method: 'get',
    path: '/v1/profile',
    tag,
    who,
    summary: 'The preferences',
    description: 'In data and in sentences: at most one preference a dimension.',
    body: undefined,
    response: ProfileResponse,
    errors: [],
    example: { request: undefined, response: profile },
  }),
  patchProfile: own({
    method: 'patch',
    path: '/v1/profile',
    tag,
    who,
    summary: 'Edits the preferences',
    description:
      'Changes are applied in order. `state`: the user says so, which outranks what is learned. `pin`, `enable`: keep as it is, use it. `forget`: drop it; it may be learned again.',
    body: ProfileEdit,
    response: ProfileResponse,
    errors: ['E_BODY', 'E_PROTOCOL', 'E_STORE'],
    example: { request: edit, response: profile },
  }),
  putProfile: own({
    method: 'put',
    path: '/v1/profile',
    tag,
    who,
    summary: 'Edits the preferences, as PATCH does',
    description: 'For clients that cannot send PATCH.',
    body: ProfileEdit,
    response: ProfileResponse,
    errors: ['E_BODY', 'E_PROTOCOL', 'E_STORE'],
    example: { request: edit, response: profile },
  }),
  getDimensions: own({
    method: 'get',
    path: '/v1/dimensions',
    tag,
    who,
    summary: 'What a preference can be about',
    description: 'And the line that each end of it adds to a request.',
    body: undefined,
    response: DimensionsResponse,
    errors: [],
    example: {
      request: undefined,
      response: {
        protocol,
        slightBelow: 0.25,
        dimensions: [
          {
            dimension: 'emoji',
            label: 'Emoji',
            less: 'Use no emoji.',
            slightlyLess: 'Slightly preferred: use no emoji.',
            slightlyMore: 'Slightly preferred: use emoji.',
            more: 'Use emoji.',
          },
        ],
      },
    },
  }),
  listProposals: own({
    method: 'get',
    path: '/v1/proposals',
    tag,
    who,
    summary: 'Preferences that wait for the user’s word',
    description:
      'The user seems to have stated them in a conversation. They count once they are accepted.',
    body: undefined,
    response: ProposalsResponse,
    errors: [],
    example: {
      request: undefined,
      response: {
        protocol,
        proposals: [
          {
            id: 'p_1',
            at: 1_790_000_000_000,
            dimension: 'emoji',
            direction: -1,
            sentence: 'Use no emoji.',
            said: 'please remember that I do not like emoji',
            decisionId: 'd_5Jq0',
          },
        ],
      },
    },
  }),
  settleProposal: own({
    method: 'post',
    path: '/v1/proposals',
    tag,
    who,
    summary: 'Accepts or dismisses one of them',
    description: 'A dismissed one does not come back. Answers with the profile.',
    body: ProposalRequest,
    response: ProfileResponse,
    errors: ['E_BODY', 'E_PROTOCOL', 'E_NOT_FOUND', 'E_STORE'],
    example: { request: { protocol, id: 'p_1', accept: true }, response: profile },
  }),
  getStatus: own({
    method: 'get',
    path: '/v1/status',
    tag,
    who,
    summary: 'What the device has and does',
    description: 'Model, release, choices, activity, training, and what ranking has come to.',
    body: undefined,
    response: StatusResponse,
    errors: [],
    example: {
      request: undefined,
      response: {
        protocol,
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
      },
    },
  }),
  setTraining: own({
    method: 'post',
    path: '/v1/training',
    tag,
    who,
    summary: 'Pauses or resumes training',
    description: 'All of this home, within 0.1 s; remembered across restarts.',
    body: TrainingRequest,
    response: TrainingResponse,
    errors: ['E_BODY', 'E_PROTOCOL', 'E_STORE'],
    example: {
      request: { protocol, paused: true },
      response: {
        protocol,
        state: 'paused',
        step: null,
        steps: null,
        tokensPerSecond: null,
        secondsLeft: null,
      },
    },
  }),
}
