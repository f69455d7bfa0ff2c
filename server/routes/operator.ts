/** What the operator calls, with the bearer credential: enrolment tokens. */
import { json } from '../../adapters/api-reference/route.ts'
import { enrolmentToken } from '../../adapters/wire/enrolment-token.ts'
import { CreateTokens, CreateTokensResponse } from '../../adapters/wire/operator.ts'
import { PROTOCOL_VERSION } from '../../adapters/wire/primitives.ts'
import { fingerprintOf } from '../../adapters/wire/spoken.ts'
import { credentialHash, newCredential } from '../access/secrets.ts'
import { AT, PUBLIC_KEY } from './examples.ts'
import { served } from './route.ts'

const protocol = PROTOCOL_VERSION
const tag = 'Operator' as const
const who = 'operator' as const

export const OPERATOR_ROUTES = {
  createTokens: served(
    {
      method: 'post',
      path: '/v1/operator/tokens',
      tag,
      who,
      summary: 'Makes enrolment tokens',
      description:
        'Each enrols one device, once; or with `edge` one edge, which may stand for so many devices. ' +
        'They are shown here and nowhere else. Behind its point a token names the key of the server in ' +
        'words, by which the device knows it.',
      request: { body: json(CreateTokens, { protocol, count: 1 }) },
      responses: {
        201: json(CreateTokensResponse, {
          protocol,
          tokens: [`bW9vbi10aWRlLXRva2Vu.${fingerprintOf(PUBLIC_KEY)}`],
          expiresAt: AT,
        }),
      },
      errors: ['E_BODY', 'E_PROTOCOL', 'E_TOO_LARGE'],
    },
    async (c) => {
      const { store, clock, rng, word } = c.var.deps
      const { count, ttlMs, edge } = c.req.valid('json')
      const secrets = Array.from({ length: count }, () => newCredential(rng))
      const fingerprint = fingerprintOf((await word.key()).publicKey)
      const tokens = secrets.map((secret) => enrolmentToken(secret, fingerprint))
      const expiresAt = clock() + ttlMs
      await store.transaction(async (tx) => {
        for (const secret of secrets) await tx.addToken(credentialHash(secret), expiresAt, edge)
      })
      return c.json({ protocol, tokens, expiresAt }, 201)
    },
  ),
}
