/** Routes of long work: training, rounds, choosing an exit layer, warming up. */
import type { Context } from 'hono'
import { FedError } from '../../../adapters/errors.ts'
import type { HomeOperations } from '../../owner/operations.ts'
import {
  ExitRequest,
  ExitResponse,
  ParticipateRequest,
  ParticipateResponse,
  PrepareRequest,
  PrepareResponse,
  TrainRequest,
  TrainResponse,
} from '../schemas/home.ts'
import {
  inLines,
  ownRoutes,
  type RouteEnv,
  versionedJson,
  versionedLines,
  withoutProtocol,
} from './route.ts'

const own = ownRoutes({ tag: 'Home', who: 'device' })
export const LINES =
  'Answers line by line (NDJSON): `{"progress":…}` as it goes on, then ' +
  '`{"result":…}` or `{"error":…}`. It ends when the caller goes away.'

/** Fails with E_NOT_FOUND if the process owns no home. */
export const homeOf = ({ var: { deps } }: Context<RouteEnv>): HomeOperations => {
  if (deps.home) return deps.home
  throw new FedError('E_NOT_FOUND', 'this process owns no home')
}

export const WORK_ROUTES = {
  train: own(
    {
      method: 'post',
      path: '/v1/home/train',
      summary: 'Learns from the choices of this device',
      description: `The head always, the private adapter on request. ${LINES}`,
      isLong: true,
      errors: ['E_BODY', 'E_PROTOCOL', 'E_CONFLICT', 'E_DATA', 'E_MEMORY', 'E_CANCELLED'],
      request: { body: versionedJson(TrainRequest, { adapter: true }) },
      responses: {
        200: versionedLines(TrainResponse, {
          choices: 40,
          pairs: 80,
          logLikelihood: -20,
          margin: 0.2,
          heldBack: 8,
        }),
      },
    },
    (c) => {
      const options = withoutProtocol(c.req.valid('json'))
      return inLines(c, (work) => homeOf(c).train(options, work))
    },
  ),
  participate: own(
    {
      method: 'post',
      path: '/v1/home/participate',
      summary: 'Checks in, contributes to rounds, follows the newest release',
      description: `As \`loreweave participate\`. ${LINES}`,
      isLong: true,
      errors: ['E_BODY', 'E_PROTOCOL', 'E_CONFLICT', 'E_NOT_ENROLLED', 'E_CONSENT', 'E_CANCELLED'],
      request: { body: versionedJson(ParticipateRequest, { rounds: 1 }) },
      responses: {
        200: versionedLines(ParticipateResponse, {
          rounds: [],
          ended: 'no_job',
          retryAfterMs: 60_000,
        }),
      },
    },
    (c) => {
      const options = withoutProtocol(c.req.valid('json'))
      return inLines(c, (work) => homeOf(c).participate(options, work))
    },
  ),
  chooseExit: own(
    {
      method: 'post',
      path: '/v1/home/exit',
      summary: 'Which layer the choices of this device speak for',
      description: `Changes nothing. ${LINES}`,
      isLong: true,
      errors: ['E_BODY', 'E_PROTOCOL', 'E_CONFLICT', 'E_DATA', 'E_CANCELLED'],
      request: { body: versionedJson(ExitRequest, {}) },
      responses: {
        200: versionedLines(ExitResponse, { layer: 12, choices: 40, scores: [{ layer: 12 }] }),
      },
    },
    (c) => {
      const options = withoutProtocol(c.req.valid('json'))
      return inLines(c, (work) => homeOf(c).chooseExit(options, work))
    },
  ),
  prepare: own(
    {
      method: 'post',
      path: '/v1/home/prepare',
      summary: 'Makes ready what the first request would wait for',
      description: `Half a minute at most. ${LINES}`,
      isLong: true,
      errors: ['E_BODY', 'E_PROTOCOL', 'E_CONFLICT', 'E_ENGINE', 'E_CANCELLED'],
      request: { body: versionedJson(PrepareRequest, {}) },
      responses: { 200: versionedLines(PrepareResponse, { prepared: true }) },
    },
    (c) =>
      inLines(c, async (work) => {
        await homeOf(c).prepare(work)
        return { prepared: true }
      }),
  ),
}
