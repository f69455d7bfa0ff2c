/** What devices call beside rounds: they give a place on, ask whether a round is over, and leave. */
import { json } from '../../adapters/api-reference/route.ts'
import {
  AbandonRequest,
  DoneResponse,
  ReplaceKeyRequest,
  RoundStatus,
} from '../../adapters/wire/federation.ts'
import { PROTOCOL_VERSION } from '../../adapters/wire/primitives.ts'
import { announceKey } from '../governance/device-keys.ts'
import { abandonRound, eraseDevice, isWanted } from '../rounds/departure.ts'
import { PUBLIC_KEY } from './examples.ts'
import { served } from './route.ts'

const protocol = PROTOCOL_VERSION
const tag = 'Devices' as const
const who = 'device' as const
const done = { protocol, done: true as const }

export const MEMBERSHIP_ROUTES = {
  abandonRound: served(
    {
      method: 'post',
      path: '/v1/rounds/{roundId}/abandon',
      tag,
      who,
      summary: 'Gives the place in a round to another device',
      description:
        'With a reason in a word. An update that was sent stays. A device without a place may ask too.',
      request: { body: json(AbandonRequest, { protocol, reason: 'memory' }) },
      responses: { 200: json(DoneResponse, done) },
      errors: ['E_BODY', 'E_PROTOCOL', 'E_TOO_LARGE'],
    },
    async (c) => {
      const { deps, device } = c.var
      const { reason } = c.req.valid('json')
      await abandonRound(deps, c.req.param('roundId'), device.id, reason)
      return c.json(done, 200)
    },
  ),

  getRound: served(
    {
      method: 'get',
      path: '/v1/rounds/{roundId}',
      tag,
      who,
      summary: 'Whether a round still takes the update of the device',
      description: 'So that it need not go on computing for a round whose goal is met.',
      responses: { 200: json(RoundStatus, { protocol, isOpen: true }) },
      errors: [],
    },
    async (c) => {
      const { deps, device } = c.var
      const isOpen = await isWanted(deps, c.req.param('roundId'), device.id)
      return c.json({ protocol, isOpen }, 200)
    },
  ),

  replaceKey: served(
    {
      method: 'post',
      path: '/v1/device/key',
      tag,
      who,
      summary: 'Announces the key that replaces the one of the device',
      description:
        'Signed by the key in force; `proof` is the signature of the new one. Both are good until the ' +
        'new one has signed a request, such as this one again; then the old one is refused. The id of ' +
        'the device stays, and so do its rounds and uploads.',
      request: {
        body: json(ReplaceKeyRequest, {
          protocol,
          publicKey: PUBLIC_KEY,
          proof: `${'3q2-7w'.repeat(14)}AA`,
        }),
      },
      responses: { 200: json(DoneResponse, done) },
      errors: ['E_BODY', 'E_PROTOCOL', 'E_TOO_LARGE', 'E_CONFLICT'],
    },
    async (c) => {
      const { deps, device } = c.var
      await announceKey(deps, device, c.req.valid('json'))
      return c.json(done, 200)
    },
  ),

  leave: served(
    {
      method: 'delete',
      path: '/v1/device',
      tag,
      who,
      summary: 'Leaves the federation',
      description:
        'The key, the times of contact and the memberships of the device are deleted, and its updates ' +
        'in rounds that still collect. What it changed in a release stays.',
      responses: { 200: json(DoneResponse, done) },
      errors: [],
    },
    async (c) => {
      const { deps, device } = c.var
      await eraseDevice(deps, device.id)
      deps.log('info', 'device_left')
      return c.json(done, 200)
    },
  ),
}
