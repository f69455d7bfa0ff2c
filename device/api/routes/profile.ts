/** Routes of preferences: the profile, its dimensions, and suggestions. */
import { DIMENSION_ROWS } from '../../preferences/dimensions.ts'
import { lineOf, SLIGHT } from '../../preferences/profile.ts'
import {
  DimensionsResponse,
  ProfileEdit,
  ProfileResponse,
  ProposalRequest,
  ProposalsResponse,
  QuestionRequest,
  QuestionsResponse,
} from '../schemas/personalization.ts'
import { ownRoutes, said, versionedJson, withoutProtocol } from './route.ts'

const own = ownRoutes({ tag: 'Personalization', who: 'user' })

export const preference = {
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
  profile: { preferences: [preference] },
  sentences: [
    'Length: Keep the answer short (learned from 40 choices, 25 for and 9 against, 97 % sure)',
  ],
}

const editing = (method: 'patch' | 'put', summary: string, description: string) =>
  own(
    {
      method,
      path: '/v1/profile',
      summary,
      description,
      errors: ['E_BODY', 'E_PROTOCOL', 'E_STORE'],
      request: {
        body: versionedJson(ProfileEdit, {
          changes: [{ op: 'state', dimension: 'emoji', direction: -1 }],
        }),
      },
      responses: { 200: versionedJson(ProfileResponse, profile) },
    },
    async (c) =>
      c.json(said(await c.var.deps.device.editProfile(c.req.valid('json').changes)), 200),
  )

const DIMENSION_WORDS = {
  slightBelow: SLIGHT,
  dimensions: DIMENSION_ROWS.map(({ dimension, label }) => {
    const line = (direction: -1 | 1, strength: number) => lineOf({ dimension, direction, strength })
    return {
      dimension,
      label,
      less: line(-1, 1),
      slightlyLess: line(-1, 0),
      slightlyMore: line(1, 0),
      more: line(1, 1),
    }
  }),
}

export const PROFILE_ROUTES = {
  getProfile: own(
    {
      method: 'get',
      path: '/v1/profile',
      summary: 'The preferences',
      description: 'In data and in sentences: at most one preference a dimension.',
      errors: [],
      responses: { 200: versionedJson(ProfileResponse, profile) },
    },
    (c) => c.json(said(c.var.deps.device.profile()), 200),
  ),
  patchProfile: editing(
    'patch',
    'Edits the preferences',
    'Changes are applied in order. `state`: the user says so, which outranks ' +
      'what is learned. `pin`, `enable`: keep as it is, use it. `forget`: drop it; ' +
      'it may be learned again.',
  ),
  putProfile: editing(
    'put',
    'Edits the preferences, as PATCH does',
    'For clients that cannot send PATCH.',
  ),
  getDimensions: own(
    {
      method: 'get',
      path: '/v1/dimensions',
      summary: 'What a preference can be about',
      description: 'And the line that each end of it adds to a request.',
      errors: [],
      responses: {
        200: versionedJson(DimensionsResponse, {
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
        }),
      },
    },
    (c) => c.json(said(DIMENSION_WORDS), 200),
  ),
  listProposals: own(
    {
      method: 'get',
      path: '/v1/proposals',
      summary: 'Preferences that wait for the user’s word',
      description:
        'The user seems to have stated them in a conversation. They count once they are accepted.',
      errors: [],
      responses: {
        200: versionedJson(ProposalsResponse, {
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
        }),
      },
    },
    (c) => c.json(said({ proposals: c.var.deps.device.proposals() }), 200),
  ),
  settleProposal: own(
    {
      method: 'post',
      path: '/v1/proposals',
      summary: 'Accepts or dismisses one of them',
      description: 'A dismissed one does not come back. Answers with the profile.',
      errors: ['E_BODY', 'E_PROTOCOL', 'E_NOT_FOUND', 'E_STORE'],
      request: { body: versionedJson(ProposalRequest, { id: 'p_1', accept: true }) },
      responses: { 200: versionedJson(ProfileResponse, profile) },
    },
    async (c) => {
      const { id, accept } = c.req.valid('json')
      return c.json(said(await c.var.deps.device.settleProposal(id, accept)), 200)
    },
  ),
  listQuestions: own(
    {
      method: 'get',
      path: '/v1/questions',
      summary: 'Questions that are open now',
      description:
        'What answers should be like (`preference`; answer with the feedback event `prefer`), ' +
        'or which of two answers to an earlier request is better (`pair`; answer with ' +
        '`choose`, naming both as `shown`). At most `asksPerDay` are new in 24 hours, and one ' +
        'counts once it is given out here; it is open for a day.',
      errors: [],
      responses: {
        200: versionedJson(QuestionsResponse, {
          questions: [
            {
              kind: 'preference',
              dimension: 'emoji',
              less: 'Use no emoji.',
              more: 'Use emoji.',
            },
          ],
        }),
      },
    },
    (c) => c.json(said({ questions: c.var.deps.device.questions() }), 200),
  ),
  dismissQuestion: own(
    {
      method: 'post',
      path: '/v1/questions',
      summary: 'Dismisses a question',
      description: 'By its decision or its dimension. It is not asked again.',
      errors: ['E_BODY', 'E_PROTOCOL', 'E_NOT_FOUND', 'E_STORE'],
      request: { body: versionedJson(QuestionRequest, { dimension: 'emoji' }) },
      responses: { 200: versionedJson(QuestionsResponse, { questions: [] }) },
    },
    (c) => {
      const { device } = c.var.deps
      device.dismissQuestion(withoutProtocol(c.req.valid('json')))
      return c.json(said({ questions: device.questions() }), 200)
    },
  ),
}
