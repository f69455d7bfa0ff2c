/** The server's own key: anyone may read its public half, an admin replaces it. */
import { json } from '../../adapters/api-reference/route.ts'
import { PROTOCOL_VERSION } from '../../adapters/wire/primitives.ts'
import { ServerKeyResponse } from '../../adapters/wire/server-key.ts'
import { PUBLIC_KEY } from './examples.ts'
import { served } from './route.ts'

const protocol = PROTOCOL_VERSION
const key = json(ServerKeyResponse, { protocol, publicKey: PUBLIC_KEY, rotations: [] })

export const SERVER_KEY_ROUTES = {
  serverKey: served(
    {
      method: 'get',
      path: '/v1/server/key',
      tag: 'Server',
      who: 'anyone',
      summary: 'The key that signs what the server says',
      description:
        'With the statements by which it replaced earlier ones, each signed by the key before. ' +
        'Answers to devices have a signature by it in `server-signature`: over the signature of the ' +
        'request, the status and the SHA-256 of the body.',
      responses: { 200: key },
      errors: ['E_INTERNAL', 'E_UNAVAILABLE'],
    },
    async (c) => c.json({ protocol, ...(await c.var.deps.word.key()) }, 200),
  ),

  rotateServerKey: served(
    {
      method: 'post',
      path: '/v1/operator/server-key',
      tag: 'Operator',
      who: 'operator',
      role: 'admin',
      summary: 'Replaces the key of the server',
      description:
        'The key in force signs the next one, so that devices which pinned it follow; then its ' +
        'secret half is deleted.',
      responses: { 201: key },
      errors: [],
    },
    async (c) => {
      const { deps } = c.var
      const state = await deps.word.rotate(deps.clock())
      deps.log('info', 'server_key_replaced')
      return c.json({ protocol, ...state }, 201)
    },
  ),
}
