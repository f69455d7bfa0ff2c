/** Who may do what, and what was done: operators' tokens and the audit log. */
import { z } from 'zod'
import { json } from '../../adapters/api-reference/route.ts'
import {
  AuditResponse,
  AuditVerdictResponse,
  CreateOperator,
  CreateOperatorResponse,
  OperatorListResponse,
  OperatorResponse,
} from '../../adapters/wire/governance.ts'
import { PROTOCOL_VERSION, Sha256 } from '../../adapters/wire/primitives.ts'
import { verifyAudit } from '../governance/audit.ts'
import { createOperatorToken, revokeOperatorToken } from '../governance/operators.ts'
import type { OperatorToken } from '../store/records.ts'
import { AT, HASH } from './examples.ts'
import { served } from './route.ts'

const protocol = PROTOCOL_VERSION
const tag = 'Operator' as const
const who = 'operator' as const
const role = 'admin' as const

const operator = {
  id: 'operator-9f2c9f2c9f2c9f2c9f2c',
  name: 'ada',
  role: 'viewer' as const,
  createdAt: AT,
  expiresAt: AT,
  revokedAt: null,
}
const entry = {
  number: 1,
  at: AT,
  who: operator.id,
  action: 'POST /v1/operator/jobs',
  target: null,
  outcome: 'asked',
  previous: '0'.repeat(64),
  hash: HASH,
}

const PAGE = z.strictObject({
  after: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(1000).default(200),
})

export const ACCESS_ROUTES = {
  createOperator: served(
    {
      method: 'post',
      path: '/v1/operator/operators',
      tag,
      who,
      role,
      summary: 'Lets somebody in',
      description:
        'A viewer reads, an operator runs jobs and releases, an admin lets others in. The token is ' +
        'shown here and nowhere else.',
      request: { body: json(CreateOperator, { protocol, name: 'ada', role: 'viewer' }) },
      responses: {
        201: json(CreateOperatorResponse, { protocol, token: 'bW9vbi10aWRlLXRva2Vu', operator }),
      },
      errors: ['E_BODY', 'E_PROTOCOL', 'E_TOO_LARGE'],
    },
    async (c) => {
      const made = await createOperatorToken(c.var.deps, c.req.valid('json'))
      return c.json({ protocol, token: made.token, operator: viewOf(made.operator) }, 201)
    },
  ),

  listOperators: served(
    {
      method: 'get',
      path: '/v1/operator/operators',
      tag,
      who,
      role,
      summary: 'Who was let in',
      description: 'Also those whose token has ended. Secrets are kept as hashes, and not shown.',
      responses: { 200: json(OperatorListResponse, { protocol, operators: [operator] }) },
      errors: [],
    },
    async (c) => {
      const operators = (await c.var.deps.store.operatorTokens()).map(viewOf)
      return c.json({ protocol, operators }, 200)
    },
  ),

  revokeOperator: served(
    {
      method: 'delete',
      path: '/v1/operator/operators/{id}',
      tag,
      who,
      role,
      summary: 'Ends a token at once',
      description: 'Again is fine.',
      responses: { 200: json(OperatorResponse, { protocol, operator }) },
      errors: ['E_NOT_FOUND'],
    },
    async (c) => {
      const revoked = await revokeOperatorToken(c.var.deps, c.req.param('id'))
      return c.json({ protocol, operator: viewOf(revoked) }, 200)
    },
  ),

  audit: served(
    {
      method: 'get',
      path: '/v1/operator/audit',
      tag,
      who,
      role,
      summary: 'What operators did',
      description:
        'In order, from the entry after `after`. Each holds the hash of the one before it. `asked` ' +
        'was noted before the deed; a code says that it was refused.',
      request: { query: PAGE },
      responses: { 200: json(AuditResponse, { protocol, entries: [entry] }) },
      errors: ['E_BODY'],
    },
    async (c) => {
      const { after, limit } = c.req.valid('query')
      return c.json({ protocol, entries: await c.var.deps.store.auditEntries(after, limit) }, 200)
    },
  ),

  verifyAudit: served(
    {
      method: 'get',
      path: '/v1/operator/audit/verify',
      tag,
      who,
      role,
      summary: 'Whether the audit log is whole',
      description:
        'Reads all of it. Entries that were cut off at the end show only against `expect`, a hash ' +
        'that was noted elsewhere.',
      request: { query: z.strictObject({ expect: Sha256.optional() }) },
      responses: {
        200: json(AuditVerdictResponse, {
          protocol,
          verdict: { isIntact: true, entries: 1, last: HASH },
        }),
      },
      errors: ['E_BODY'],
    },
    async (c) => {
      const verdict = await verifyAudit(c.var.deps.store, c.req.valid('query').expect)
      return c.json({ protocol, verdict }, 200)
    },
  ),
}

const viewOf = ({ hash: _, ...view }: OperatorToken) => view
