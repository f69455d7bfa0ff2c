/**
 * Routes between the command line and the process that owns the home. All begin with /v1/home, so
 * that a version that lacks one never forwards it to Claude.
 */
import { BYTES_TYPE, container, lines } from '../../../adapters/api-reference/route.ts'
import { decodeContainer, encodeContainer } from '../../../adapters/container/container.ts'
import { ChoiceLine } from '../../../adapters/formats/choice-log.ts'
import type { NumberedAdapter } from '../../owner/operations.ts'
import { readBodyLines } from '../envelope/lines.ts'
import {
  AdapterHeader,
  AdapterQuery,
  AdapterTakenResponse,
  ConfigChange,
  ConfigResponse,
  EnrolledResponse,
  EnrollHere,
  EXAMPLE_SPEC,
  HomeResponse,
  ImportResponse,
  LeftResponse,
  OwnerResponse,
} from '../schemas/home.ts'
import { TrainingResponse } from '../schemas/personalization.ts'
import { conditions, energy } from './inspection.ts'
import {
  checked,
  inLines,
  ownRoutes,
  said,
  versionedJson,
  versionedLines,
  withoutProtocol,
} from './route.ts'
import { homeOf, LINES } from './work.ts'

const own = ownRoutes({ tag: 'Home', who: 'device' })
const HASH = '9f2c'.repeat(16)
const idle = {
  state: 'idle' as const,
  step: null,
  steps: null,
  tokensPerSecond: null,
  secondsLeft: null,
}
const none = { claude: 0, federation: 0 }

const ADAPTER = container(
  AdapterHeader,
  said({ which: 'private' as const, weights: HASH, spec: EXAMPLE_SPEC }),
)

/** Fails with E_CONTAINER, or with E_BODY if the header is wrong. */
const readAdapter = async (request: Request): Promise<NumberedAdapter> => {
  const { header, payload } = decodeContainer(new Uint8Array(await request.arrayBuffer()))
  return { ...withoutProtocol(checked(AdapterHeader, header, 'header')), numbers: payload }
}

export const HOME_ROUTES = {
  getOwner: own(
    {
      method: 'get',
      path: '/v1/home/owner',
      summary: 'Which process owns the home',
      description: 'Its process id, the command that it was started with, and its version.',
      errors: [],
      responses: {
        200: versionedJson(OwnerResponse, { pid: 4711, command: 'agent', version: '0.1.0' }),
      },
    },
    (c) => c.json(said(homeOf(c).owner()), 200),
  ),
  getHome: own(
    {
      method: 'get',
      path: '/v1/home',
      summary: 'All that `loreweave status` shows',
      description: 'What this device has, has learned, does and has sent.',
      errors: [],
      responses: {
        200: versionedJson(HomeResponse, {
          home: '/home/ada/.loreweave',
          model: 'smollm2-135m',
          deviceId: '9f2c'.repeat(8),
          server: null,
          access: 'only holders of the device token (requireToken)',
          exposed: [],
          consent: null,
          agent: { pid: 4711, startedAt: 1_790_000_000_000 },
          choices: 40,
          learned: [],
          training: idle,
          release: null,
          privateAdapter: false,
          margin: 0.2,
          heldBack: 8,
          trainedAt: null,
          ranking: {
            spread: 1,
            certainty: 0.9,
            halfLifeDays: null,
            shadow: false,
            spentToday: { tokens: 0, usd: 0 },
            right: null,
          },
          people: 1,
          store: {
            state: 'waiting',
            cause: 'full',
            what: "the disk of the device's home is full",
            mend: 'free some space, or remove the folder `states` of the home',
            since: 1_798_675_200_000,
            queued: 12,
            dropped: 0,
          },
          conditions,
          energy,
          updates: { accepted: 0, pending: 0, refused: 0 },
          waiting: [],
          privacy: [],
          lastRound: null,
          sentToday: none,
          sent: none,
          bytesSent: 0,
        }),
      },
    },
    async (c) => c.json(said(await homeOf(c).status()), 200),
  ),
  getTraining: own(
    {
      method: 'get',
      path: '/v1/home/training',
      summary: 'How far a training is',
      description: 'Whether one runs, its step, tokens a second and the time left.',
      errors: [],
      responses: { 200: versionedJson(TrainingResponse, idle) },
    },
    (c) => c.json(said(homeOf(c).training()), 200),
  ),
  importChoices: own(
    {
      method: 'post',
      path: '/v1/home/choices',
      summary: 'Takes choices, one a line',
      description: 'As NDJSON, each as in the choice log; all of them or none.',
      errors: ['E_BODY', 'E_DATA'],
      request: {
        body: lines(ChoiceLine, {
          user: 'ada',
          id: 'c_1',
          messages: [{ role: 'user', content: 'How do tides work?' }],
          candidates: ['The moon pulls …', 'In short: the moon.'],
          chosen: 1,
        }),
      },
      responses: {
        200: versionedJson(ImportResponse, { added: 1, replaced: 0, known: 0, test: 0 }),
      },
    },
    async (c) => {
      const choices = await readBodyLines(c.req.raw, ChoiceLine)
      return c.json(said(await homeOf(c).importChoices(choices)), 200)
    },
  ),
  getAdapter: own(
    {
      method: 'get',
      path: '/v1/home/adapter',
      summary: 'An adapter of this device, with its numbers',
      description:
        'In the container of updates and releases; the schema is that of its header. ' +
        'By default the private one where there is one.',
      errors: ['E_BODY', 'E_NOT_FOUND'],
      request: { query: AdapterQuery },
      responses: {
        200: ADAPTER,
      },
    },
    async (c) => {
      const { numbers, ...header } = await homeOf(c).adapter(c.req.valid('query').which)
      const bytes = encodeContainer(said(header), numbers) as Uint8Array<ArrayBuffer>
      return c.body(bytes, 200, { 'content-type': BYTES_TYPE })
    },
  ),
  putAdapter: own(
    {
      method: 'put',
      path: '/v1/home/adapter',
      summary: 'Takes an adapter as the private one',
      description: `In the same container. The head is fitted again under it. ${LINES}`,
      isLong: true,
      errors: ['E_BODY', 'E_CONFLICT', 'E_CONTAINER', 'E_BASE_MODEL', 'E_SHAPE', 'E_CANCELLED'],
      request: {
        body: ADAPTER,
      },
      responses: { 200: versionedLines(AdapterTakenResponse, { choices: 40 }) },
    },
    async (c) => {
      const adapter = await readAdapter(c.req.raw)
      return inLines(c, (work) => homeOf(c).takeAdapter(adapter, work))
    },
  ),
  enroll: own(
    {
      method: 'post',
      path: '/v1/home/server',
      summary: 'Joins a federation',
      description: 'With a one-time token from its operator. Holds at once.',
      errors: ['E_BODY', 'E_PROTOCOL', 'E_ENROLL_TOKEN', 'E_UNAVAILABLE', 'E_UPSTREAM'],
      request: {
        body: versionedJson(EnrollHere, {
          server: 'https://federation.example',
          token: 'one-time',
        }),
      },
      responses: {
        200: versionedJson(EnrolledResponse, {
          deviceId: '9f2c'.repeat(8),
          server: 'https://federation.example',
        }),
      },
    },
    async (c) => {
      const enrolment = withoutProtocol(c.req.valid('json'))
      return c.json(said(await homeOf(c).enroll(enrolment, c.req.raw.signal)), 200)
    },
  ),
  replaceKey: own(
    {
      method: 'post',
      path: '/v1/home/key',
      summary: 'Replaces the key that requests to the federation are signed with',
      description:
        'The device stays the same for its server, which refuses the old key from then on. Asked for ' +
        'again, it goes on where it broke off.',
      errors: ['E_NOT_ENROLLED', 'E_CONFLICT', 'E_UNAVAILABLE', 'E_UPSTREAM'],
      responses: {
        200: versionedJson(EnrolledResponse, {
          deviceId: '9f2c'.repeat(8),
          server: 'https://federation.example',
        }),
      },
    },
    async (c) => c.json(said(await homeOf(c).replaceKey(c.req.raw.signal)), 200),
  ),
  leave: own(
    {
      method: 'delete',
      path: '/v1/home/server',
      summary: 'Leaves the federation',
      description:
        'Consent is withdrawn, and updates that wait are erased. Everything that was learned stays.',
      errors: [],
      responses: { 200: versionedJson(LeftResponse, { server: null, accepted: 0 }) },
    },
    async (c) => c.json(said(await homeOf(c).leave()), 200),
  ),
  patchConfig: own(
    {
      method: 'patch',
      path: '/v1/home/config',
      summary: 'Changes settings',
      description:
        'In config.json, and at once where that can be; `later` names those that ' +
        'hold once the device begins anew. Another model is refused while the device ' +
        'runs.',
      errors: ['E_BODY', 'E_PROTOCOL', 'E_CONFLICT', 'E_HOME'],
      request: { body: versionedJson(ConfigChange, { settings: { candidates: 2 } }) },
      responses: { 200: versionedJson(ConfigResponse, { later: [] }) },
    },
    async (c) => {
      const changes = withoutProtocol(c.req.valid('json'))
      return c.json(said({ later: await homeOf(c).configure(changes) }), 200)
    },
  ),
}
