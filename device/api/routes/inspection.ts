/** The table of the routes of inspection and of the page's sessions. */
import {
  AdaptersResponse,
  ChoicesQuery,
  ChoicesResponse,
  ConditionsResponse,
  ConsentGrant,
  ConsentResponse,
  ConsentWithdrawn,
  DecisionResponse,
  DecisionsQuery,
  DecisionsResponse,
  EnergyResponse,
  LogQuery,
  LogResponse,
} from '../schemas/inspection.ts'
import {
  SessionCodeResponse,
  SessionEnded,
  SessionRequest,
  SessionResponse,
} from '../schemas/sessions.ts'
import { own } from './route.ts'

const protocol = 1 as const
const tag = 'Inspection' as const
const who = 'user' as const
const AT = 1_790_000_000_000
const HASH = '9f2c'.repeat(16)
const adapter = {
  firstLayer: 8,
  endLayer: 12,
  modules: ['q' as const, 'v' as const],
  rank: 8,
  alpha: 16,
}

const decision = {
  id: 'd_5Jq0',
  at: AT,
  request: 'How do tides work?',
  answer: 'In short: the moon.',
  dimensions: ['length' as const],
  undone: [],
  candidates: 2,
  served: 1,
  propensity: 0.97,
  explored: false,
  rewriting: {
    reason: 'applied' as const,
    block: '<reader_preferences>\n- Keep the answer short.\n</reader_preferences>',
    lines: [{ dimension: 'length' as const, line: 'Keep the answer short.' }],
  },
  ranking: {
    reason: 'likely better: shorter',
    probability: 0.86,
    explore: 0.05,
    candidates: [
      { reward: -0.4, explanation: 'Claude’s first answer', named: [] },
      {
        reward: 0.4,
        explanation: 'shorter',
        named: [{ name: 'length', contribution: 0.5 }],
      },
    ],
  },
  cost: { model: 'claude-sonnet-5', tokens: 210, usd: 0.002 },
  feedback: [{ at: AT, kind: 'thumbs', value: 1, isImplicit: false }],
}
const consent = {
  protocol,
  consent: {
    purpose: 'personalization' as const,
    contributions: ['adapter' as const, 'prior' as const],
    grantedAt: AT,
    expiresAt: null,
  },
}

export const INSPECTION_ROUTES = {
  listDecisions: own({
    method: 'get',
    path: '/v1/decisions',
    tag,
    who,
    summary: 'Recent decisions, newest first, with why',
    description:
      'The block’s lines and the reason for it, the order’s reason with the contributions that weighed most, what it cost and what the user made of it. Texts are shortened. Older ones: pass `next` as `before`.',
    query: DecisionsQuery,
    body: undefined,
    response: DecisionsResponse,
    errors: ['E_BODY', 'E_NO_DECISION'],
    example: { request: undefined, response: { protocol, decisions: [decision], next: null } },
  }),
  getDecision: own({
    method: 'get',
    path: '/v1/decisions/:id',
    tag,
    who,
    summary: 'One decision, whole',
    description: 'With the texts of its messages and answers. By its id or by Claude’s message id.',
    body: undefined,
    response: DecisionResponse,
    errors: ['E_NO_DECISION'],
    example: {
      request: undefined,
      response: {
        protocol,
        decision,
        system: null,
        messages: [{ role: 'user', text: 'How do tides work?' }],
        answers: ['The moon pulls …', 'In short: the moon.'],
      },
    },
  }),
  listChoices: own({
    method: 'get',
    path: '/v1/choices',
    tag,
    who,
    summary: 'What the device learned from, newest first',
    description:
      'Choices that feedback amounted to, and those that were imported. They are kept until they are forgotten, or as the setting `retentionDays` has it. Texts are shortened. Older ones: pass `next` as `before`.',
    query: ChoicesQuery,
    body: undefined,
    response: ChoicesResponse,
    errors: ['E_BODY', 'E_NO_DECISION'],
    example: {
      request: undefined,
      response: {
        protocol,
        choices: [
          {
            id: 'd_5Jq0',
            at: AT,
            source: 'feedback',
            request: 'How do tides work?',
            answer: 'In short: the moon.',
            candidates: 2,
          },
        ],
        next: null,
        total: 1,
      },
    },
  }),
  getLog: own({
    method: 'get',
    path: '/v1/log',
    tag,
    who,
    summary: 'What left this device, newest first',
    description:
      'Time, receiver, what it was, size and SHA-256 of everything that was sent; never the content. `sums` are of all that ever left.',
    query: LogQuery,
    body: undefined,
    response: LogResponse,
    errors: ['E_BODY'],
    example: {
      request: undefined,
      response: {
        protocol,
        entries: [{ at: AT, recipient: 'claude', what: 'messages', bytes: 812, digest: HASH }],
        sums: [{ recipient: 'claude', entries: 1, bytes: 812 }],
      },
    },
  }),
  getConsent: own({
    method: 'get',
    path: '/v1/consent',
    tag,
    who,
    summary: 'The consent in force',
    description: 'null: this device contributes nothing.',
    body: undefined,
    response: ConsentResponse,
    errors: [],
    example: { request: undefined, response: consent },
  }),
  grantConsent: own({
    method: 'put',
    path: '/v1/consent',
    tag,
    who,
    summary: 'Grants consent, in place of the last one',
    description:
      '`adapter`: the change of one factor of the shared adapter. `prior`: two moments of the head, numbers about the user’s taste. `statistics`: counts and sums of features.',
    body: ConsentGrant,
    response: ConsentResponse,
    errors: ['E_BODY', 'E_PROTOCOL', 'E_STORE'],
    example: {
      request: { protocol, contributions: ['adapter', 'prior'], days: null },
      response: consent,
    },
  }),
  withdrawConsent: own({
    method: 'delete',
    path: '/v1/consent',
    tag,
    who,
    summary: 'Withdraws it',
    description:
      'Nothing more is contributed. What is in a release already cannot be taken out of it.',
    body: undefined,
    response: ConsentWithdrawn,
    errors: ['E_STORE'],
    example: {
      request: undefined,
      response: { protocol, consent: null, dropped: { unsent: 1, sent: 0 } },
    },
  }),
  getAdapters: own({
    method: 'get',
    path: '/v1/adapters',
    tag,
    who,
    summary: 'Model, release, private adapter, rounds',
    description:
      'The release in use with its lineage as its own header tells it, the adapter that is this device’s own, and the rounds that it sent an update to.',
    body: undefined,
    response: AdaptersResponse,
    errors: [],
    example: {
      request: undefined,
      response: {
        protocol,
        base: { name: 'SmolLM2-135M-Instruct', exitLayer: 12 },
        release: {
          hash: HASH,
          version: 4,
          parent: '01ab'.repeat(16),
          createdAt: AT,
          cohort: 40,
          bytes: 1_900_000,
          adapter,
        },
        own: { bytes: 800_000, objective: 'reward', adapter },
        rounds: [
          { roundId: 'r_1', at: AT, bytes: 700_000, digest: HASH, state: 'accepted', reason: null },
        ],
      },
    },
  }),
  getEnergy: own({
    method: 'get',
    path: '/v1/energy',
    tag,
    who,
    summary: 'Energy of the agent’s own work',
    description: 'In joules, with how they were obtained.',
    body: undefined,
    response: EnergyResponse,
    errors: [],
    example: {
      request: undefined,
      response: {
        protocol,
        method: 'cpu-time',
        wattsPerCore: 6,
        todayJoules: 5400,
        budgetJoules: 100_000,
        rounds: [{ roundId: 'r_1', at: AT, joules: 1800, method: 'cpu-time' }],
        joulesPerPoint: null,
      },
    },
  }),
  getConditions: own({
    method: 'get',
    path: '/v1/conditions',
    tag,
    who,
    summary: 'Whether the agent may train now, and why not',
    description: 'What it read of the machine at its last look, and when it looks again.',
    body: undefined,
    response: ConditionsResponse,
    errors: [],
    example: {
      request: undefined,
      response: {
        protocol,
        allowed: false,
        reasons: ['on_battery'],
        readings: {
          charging: false,
          idleSeconds: 20,
          celsius: 51,
          throttled: false,
          metered: false,
          battery: 62,
        },
        nextLook: AT,
        lastTraining: null,
        nextTraining: null,
      },
    },
  }),
  newSessionCode: own({
    method: 'post',
    path: '/v1/session/code',
    tag: 'Page',
    who: 'device',
    summary: 'A one-time code for the page',
    description:
      'Valid for 60 seconds and for one exchange. `loreweave page` asks for it and prints it, to be typed on the page. At most ten a minute.',
    body: undefined,
    response: SessionCodeResponse,
    errors: ['E_UNAVAILABLE'],
    example: {
      request: undefined,
      response: { protocol, code: 'kTzR2bq0X9nJ4mPw7sVd', expiresAt: AT },
    },
  }),
  openSession: own({
    method: 'post',
    path: '/v1/session',
    tag: 'Page',
    who: 'anyone',
    summary: 'Exchanges a code, or the device token, for a session',
    description:
      'A session opens the device’s own routes and nothing at Claude. It ends after twelve hours without a request, and with the process.',
    body: SessionRequest,
    response: SessionResponse,
    errors: ['E_BODY', 'E_PROTOCOL', 'E_AUTH'],
    example: {
      request: { protocol, code: 'kTzR2bq0X9nJ4mPw7sVd' },
      response: { protocol, session: 'lw-page-8dJw0qkTzR2bq0X9nJ4m', idleMs: 43_200_000 },
    },
  }),
  endSession: own({
    method: 'delete',
    path: '/v1/session',
    tag: 'Page',
    who,
    summary: 'Ends the session that the request comes with',
    description: 'With the device token nothing ends.',
    body: undefined,
    response: SessionEnded,
    errors: [],
    example: { request: undefined, response: { protocol, ended: true } },
  }),
}
