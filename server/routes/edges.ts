/** What edges call: servers to devices of their own, which take part in the rounds of this one. */
import { json } from '../../adapters/api-reference/route.ts'
import { FedError } from '../../adapters/errors.ts'
import { EdgeCheckInRequest, EdgeCheckInResponse } from '../../adapters/wire/edges.ts'
import { PROTOCOL_VERSION } from '../../adapters/wire/primitives.ts'
import { checkInEdge } from '../rounds/check-in-edge.ts'
import { HASH } from './examples.ts'
import { served } from './route.ts'

const protocol = PROTOCOL_VERSION

export const EDGE_ROUTES = {
  checkInEdge: served(
    {
      method: 'post',
      path: '/v1/edges/checkin',
      tag: 'Devices',
      who: 'device',
      summary: 'Asks for places of an edge',
      description:
        'Signed by a key that was enrolled with a token for an edge. Each place is in a round of a job ' +
        'that takes edges, and for a number of devices; the edge sends the exact sum of their updates ' +
        'as its own update of that round. `left` gives places back.',
      request: {
        body: json(EdgeCheckInRequest, { protocol, region: 'eu', devices: 40, left: [] }),
      },
      responses: {
        200: json(EdgeCheckInResponse, {
          protocol,
          places: [],
          heads: [{ hash: HASH, adapterRounds: 0 }],
          retryAfterMs: 60_000,
          waiting: [{ job: 'first job', reason: 'few_devices' }],
        }),
      },
      errors: ['E_BODY', 'E_PROTOCOL', 'E_TOO_LARGE', 'E_ROLE'],
    },
    async (c) => {
      const { deps, device } = c.var
      if (device.edge === undefined)
        throw new FedError(
          'E_ROLE',
          'the key is enrolled as a device, not as an edge: an edge enrols with a token of `token create --edge`',
        )
      const edge = { id: device.id, most: device.edge }
      const answer = await checkInEdge(deps, edge, c.req.valid('json'), deps.clock())
      deps.log('debug', 'edge_checked_in', { places: answer.places.length })
      return c.json(answer, 200)
    },
  ),
}
