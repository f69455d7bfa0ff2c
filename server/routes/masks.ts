/** What devices of a masked round and the server tell each other beside the masked updates. */
import { json } from '../../adapters/api-reference/route.ts'
import { DoneResponse } from '../../adapters/wire/federation.ts'
import { MaskMessage, MaskStatus } from '../../adapters/wire/masks.ts'
import { PROTOCOL_VERSION } from '../../adapters/wire/primitives.ts'
import { maskStatusOf, takeMaskMessage } from '../rounds/masks.ts'
import { HASH } from './examples.ts'
import { served } from './route.ts'

const protocol = PROTOCOL_VERSION
const path = '/v1/rounds/{roundId}/masks'
const tag = 'Devices' as const
const who = 'device' as const

export const MASK_ROUTES = {
  maskStatus: served(
    {
      method: 'get',
      path,
      tag,
      who,
      summary: 'What a masked round asks of the device now',
      description:
        'The roster, the shares that others have sealed for it, the survivors, or for whom it is to ' +
        'reveal which share. `isOver`: the device has nothing more to do in this round.',
      responses: {
        200: json(MaskStatus, { protocol, request: null, isOver: false, retryAfterMs: 5000 }),
      },
      errors: ['E_NO_ROUND'],
    },
    async (c) => {
      const { deps, device } = c.var
      return c.json(await maskStatusOf(deps, device.id, c.req.param('roundId')), 200)
    },
  ),

  maskMessage: served(
    {
      method: 'post',
      path,
      tag,
      who,
      summary: 'Takes what a device says in a step of a masked round',
      description:
        'Its keys once its update is ready, its shares, its signature over the survivors, or the shares ' +
        'that it reveals. The same may be sent again; anything else of its kind is refused.',
      request: {
        body: json(MaskMessage, {
          kind: 'keys',
          protocol,
          planDigest: HASH,
          maskKey: `${'3q2-7w'.repeat(7)}A`,
          sealKey: `${'3q2-7w'.repeat(7)}A`,
          signature: `${'3q2-7w'.repeat(14)}AA`,
        }),
      },
      responses: { 200: json(DoneResponse, { protocol, done: true as const }) },
      errors: [
        'E_BODY',
        'E_PROTOCOL',
        'E_TOO_LARGE',
        'E_NO_ROUND',
        'E_NOT_IN_COHORT',
        'E_ROUND_CLOSED',
        'E_TWICE',
        'E_PLAN',
        'E_ROSTER',
        'E_SHARES',
        'E_SURVIVORS',
      ],
    },
    async (c) => {
      const { deps, device } = c.var
      const wake = () => deps.coordinator.wake()
      const message = c.req.valid('json')
      await takeMaskMessage({ ...deps, wake }, device.id, c.req.param('roundId'), message)
      return c.json({ protocol, done: true as const }, 200)
    },
  ),
}
