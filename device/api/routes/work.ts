/** The routes of long work: training, rounds, the choice of a layer, getting ready. */
import type { Context } from 'hono'
import { json, lines } from '../../../adapters/api-reference/route.ts'
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
import { inLines, own, type RouteEnv, withoutProtocol } from './route.ts'

const protocol = 1 as const
const tag = 'Home' as const
const who = 'device' as const
/** How such a route answers, for its description. */
export const LINES =
  'Answers line by line (NDJSON): `{"progress":…}` as it goes on, then ' +
  '`{"result":…}` or `{"error":…}`. It ends when the caller goes away.'

/** Fails with E_NOT_FOUND where the process owns no home. */
export const homeOf = ({ var: { deps } }: Context<RouteEnv>): HomeOperations => {
  if (deps.home) return deps.home
  throw new FedError('E_NOT_FOUND', 'this process owns no home')
}

export const WORK_ROUTES = {
  train: own(
    {
      method: 'post',
      path: '/v1/home/train',
      tag,
      who,
      summary: 'Learns from the choices of this device',
      description: `The head always, the private adapter on request. ${LINES}`,
      isLong: true,
      errors: ['E_BODY', 'E_PROTOCOL', 'E_CONFLICT', 'E_DATA', 'E_MEMORY', 'E_CANCELLED'],
      request: { body: json(TrainRequest, { protocol, adapter: true }) },
      responses: {
        200: lines(TrainResponse, {
          protocol,
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
      tag,
      who,
      summary: 'Checks in, contributes to rounds, follows the newest release',
      description: `As \`loreweave participate\`. ${LINES}`,
      isLong: true,
      errors: ['E_BODY', 'E_PROTOCOL', 'E_CONFLICT', 'E_NOT_ENROLLED', 'E_CONSENT', 'E_CANCELLED'],
      request: { body: json(ParticipateRequest, { protocol, rounds: 1 }) },
      responses: {
        200: lines(ParticipateResponse, {
          protocol,
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
      tag,
      who,
      summary: 'Which layer the choices of this device speak for',
      description: `Changes nothing. ${LINES}`,
      isLong: true,
      errors: ['E_BODY', 'E_PROTOCOL', 'E_CONFLICT', 'E_DATA', 'E_CANCELLED'],
      request: { body: json(ExitRequest, { protocol }) },
      responses: {
        200: lines(ExitResponse, { protocol, layer: 12, choices: 40, scores: [{ layer: 12 }] }),
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
      tag,
      who,
      summary: 'Makes ready what the first request would wait for',
      description: `Half a minute at most. ${LINES}`,
      isLong: true,
      errors: ['E_BODY', 'E_PROTOCOL', 'E_CONFLICT', 'E_ENGINE', 'E_CANCELLED'],
      request: { body: json(PrepareRequest, { protocol }) },
      responses: { 200: lines(PrepareResponse, { protocol, prepared: true }) },
    },
    (c) =>
      inLines(c, async (work) => {
        await homeOf(c).prepare(work)
        return { prepared: true }
      }),
  ),
}
