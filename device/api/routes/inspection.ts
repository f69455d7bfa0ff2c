/** Routes that show what the device knows, decided and sent, and what may leave it. */
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
import { ownRoutes, said, versionedJson, withoutProtocol } from './route.ts'

const own = ownRoutes({ tag: 'Inspection', who: 'user' })
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
  consent: {
    purpose: 'personalization' as const,
    contributions: ['adapter' as const, 'prior' as const],
    leastCohort: 20,
    grantedAt: AT,
    expiresAt: null,
  },
}

export const energy = {
  method: 'cpu-time' as const,
  wattsPerCore: 6,
  todayJoules: 5400,
  budgetJoules: 100_000,
  rounds: [{ roundId: 'r_1', at: AT, joules: 1800, method: 'cpu-time' as const }],
  joulesPerPoint: null,
}
export const conditions = {
  allowed: false,
  reasons: ['on_battery' as const],
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
}

export const INSPECTION_ROUTES = {
  listDecisions: own(
    {
      method: 'get',
      path: '/v1/decisions',
      summary: 'Recent decisions, newest first, with why',
      description:
        'The block’s lines and the reason for it, the order’s reason with the ' +
        'contributions that weighed most, what it cost and what the user made of it. ' +
        'Texts are shortened. Older ones: pass `next` as `before`.',
      errors: ['E_BODY', 'E_NO_DECISION'],
      request: { query: DecisionsQuery },
      responses: { 200: versionedJson(DecisionsResponse, { decisions: [decision], next: null }) },
    },
    (c) => c.json(said(c.var.deps.inspection.decisions(c.req.valid('query'))), 200),
  ),
  getDecision: own(
    {
      method: 'get',
      path: '/v1/decisions/{id}',
      summary: 'One decision, whole',
      description:
        'With the texts of its messages and answers. By its id or by Claude’s message id.',
      errors: ['E_NO_DECISION'],
      responses: {
        200: versionedJson(DecisionResponse, {
          decision,
          system: null,
          messages: [{ role: 'user', text: 'How do tides work?' }],
          answers: ['The moon pulls …', 'In short: the moon.'],
        }),
      },
    },
    (c) => c.json(said(c.var.deps.inspection.decision(c.req.param('id'))), 200),
  ),
  listChoices: own(
    {
      method: 'get',
      path: '/v1/choices',
      summary: 'What the device learned from, newest first',
      description:
        'Choices that feedback amounted to, and those that were imported. They are ' +
        'kept until they are forgotten, or as the setting `retentionDays` has it. ' +
        'Texts are shortened. Older ones: pass `next` as `before`.',
      errors: ['E_BODY', 'E_NO_DECISION'],
      request: { query: ChoicesQuery },
      responses: {
        200: versionedJson(ChoicesResponse, {
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
        }),
      },
    },
    (c) => c.json(said(c.var.deps.inspection.choices(c.req.valid('query'))), 200),
  ),
  getLog: own(
    {
      method: 'get',
      path: '/v1/log',
      summary: 'What left this device, newest first',
      description:
        'Time, receiver, what it was, size and SHA-256 of everything that was sent; ' +
        'never the content. `sums` are of all that ever left.',
      errors: ['E_BODY'],
      request: { query: LogQuery },
      responses: {
        200: versionedJson(LogResponse, {
          entries: [{ at: AT, recipient: 'claude', what: 'messages', bytes: 812, digest: HASH }],
          sums: [{ recipient: 'claude', entries: 1, bytes: 812 }],
        }),
      },
    },
    (c) => c.json(said(c.var.deps.inspection.log(c.req.valid('query'))), 200),
  ),
  getConsent: own(
    {
      method: 'get',
      path: '/v1/consent',
      summary: 'The consent in force',
      description: 'null: this device contributes nothing.',
      errors: [],
      responses: { 200: versionedJson(ConsentResponse, consent) },
    },
    (c) => c.json(said({ consent: c.var.deps.inspection.consent() }), 200),
  ),
  grantConsent: own(
    {
      method: 'put',
      path: '/v1/consent',
      summary: 'Grants consent, in place of the last one',
      description:
        '`adapter`: the change of one factor of the shared adapter. `prior`: two ' +
        'moments of the head, numbers about the user’s taste. `statistics`: counts ' +
        'and sums of features. `leastCohort`: rounds that may have fewer devices are given up.',
      errors: ['E_BODY', 'E_PROTOCOL', 'E_STORE'],
      request: {
        body: versionedJson(ConsentGrant, { contributions: ['adapter', 'prior'], days: null }),
      },
      responses: { 200: versionedJson(ConsentResponse, consent) },
    },
    async (c) => {
      const grant = withoutProtocol(c.req.valid('json'))
      return c.json(said({ consent: await c.var.deps.inspection.grantConsent(grant) }), 200)
    },
  ),
  withdrawConsent: own(
    {
      method: 'delete',
      path: '/v1/consent',
      summary: 'Withdraws it',
      description:
        'Nothing more is contributed. What is in a release already cannot be taken out of it.',
      errors: ['E_STORE'],
      responses: {
        200: versionedJson(ConsentWithdrawn, { consent: null, dropped: { unsent: 1, sent: 0 } }),
      },
    },
    async (c) => {
      const dropped = await c.var.deps.inspection.withdrawConsent()
      return c.json(said({ consent: null, dropped }), 200)
    },
  ),
  getAdapters: own(
    {
      method: 'get',
      path: '/v1/adapters',
      summary: 'Model, release, private adapter, rounds',
      description:
        'The release in use with its lineage as its own header tells it, the adapter ' +
        'that is this device’s own, and the rounds that it sent an update to.',
      errors: [],
      responses: {
        200: versionedJson(AdaptersResponse, {
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
            {
              roundId: 'r_1',
              at: AT,
              bytes: 700_000,
              digest: HASH,
              state: 'accepted',
              reason: null,
            },
          ],
        }),
      },
    },
    (c) => c.json(said(c.var.deps.inspection.adapters()), 200),
  ),
  getEnergy: own(
    {
      method: 'get',
      path: '/v1/energy',
      summary: 'Energy of the agent’s own work',
      description: 'In joules, with how they were obtained.',
      errors: [],
      responses: { 200: versionedJson(EnergyResponse, energy) },
    },
    (c) => c.json(said(c.var.deps.inspection.energy()), 200),
  ),
  getConditions: own(
    {
      method: 'get',
      path: '/v1/conditions',
      summary: 'Whether the agent may train now, and why not',
      description: 'What it read of the machine at its last look, and when it looks again.',
      errors: [],
      responses: { 200: versionedJson(ConditionsResponse, conditions) },
    },
    (c) => c.json(said(c.var.deps.inspection.conditions()), 200),
  ),
}
