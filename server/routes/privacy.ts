/** The privacy ledger: devices and operators read it, an admin sets what may be spent. */
import { z } from 'zod'
import { json } from '../../adapters/api-reference/route.ts'
import { PROTOCOL_VERSION } from '../../adapters/wire/primitives.ts'
import {
  BudgetRequest,
  LEDGER_PAGE,
  LedgerResponse,
  PrivacyResponse,
} from '../../adapters/wire/privacy.ts'
import { privacyAccounts, readLedger } from '../governance/privacy.ts'
import { setBudget } from '../rounds/ledger.ts'
import { AT, HASH, PUBLIC_KEY } from './examples.ts'
import { type RouteDeps, served } from './route.ts'

const protocol = PROTOCOL_VERSION
const signature = `${'3q2-7w'.repeat(14)}AA`
const budget = {
  ...{ population: 'all', purpose: 'personalization' as const, epsilon: 4, delta: 1e-6 },
}
const head = { number: 2, hash: HASH, key: PUBLIC_KEY, signature }
const entries = [
  { kind: 'budget' as const, ...budget, number: 1, at: AT, previous: '0'.repeat(64), hash: HASH },
  {
    ...{ kind: 'round' as const, population: 'all', purpose: 'personalization' as const, noise: 5 },
    ...{ jobId: 'job-9f2c9f2c9f2c9f2c9f2c', roundId: 'round-51be51be51be51be51be', inputs: HASH },
    ...{ spent: 0.81, delta: 1e-6, number: 2, at: AT, previous: HASH, hash: HASH },
  },
]
const accounts = [{ ...budget, spent: 0.81, rounds: 1, history: [{ at: AT, spent: 0.81 }] }]
const ledger = json(LedgerResponse, { protocol, entries, head })
const privacy = json(PrivacyResponse, { protocol, accounts, head })
const After = z.strictObject({ after: z.coerce.number().int().min(0).default(0) })

const page = async ({ store, word }: RouteDeps, after: number) => ({
  protocol,
  ...(await readLedger(store, () => word.keyPair(), after, LEDGER_PAGE)),
})

const view = async (deps: RouteDeps) => ({
  protocol,
  accounts: await privacyAccounts(deps.store),
  head: (await page(deps, Number.MAX_SAFE_INTEGER)).head,
})

const description =
  'In order, from the entry after `after`: budgets, and what rounds with noise have charged. Each holds ' +
  'the hash of the one before it; the head is signed by the key of the server. Nothing is ever removed ' +
  'from it or changed in it.'

export const PRIVACY_ROUTES = {
  ledger: served(
    {
      method: 'get',
      path: '/v1/privacy',
      tag: 'Devices',
      who: 'device',
      summary: 'The privacy ledger',
      description,
      request: { query: After },
      responses: { 200: ledger },
      errors: ['E_BODY'],
    },
    async (c) => c.json(await page(c.var.deps, c.req.valid('query').after), 200),
  ),

  operatorLedger: served(
    {
      method: 'get',
      path: '/v1/operator/privacy/entries',
      tag: 'Operator',
      who: 'operator',
      summary: 'The entries of the privacy ledger',
      description,
      request: { query: After },
      responses: { 200: ledger },
      errors: ['E_BODY'],
    },
    async (c) => c.json(await page(c.var.deps, c.req.valid('query').after), 200),
  ),

  privacy: served(
    {
      method: 'get',
      path: '/v1/operator/privacy',
      tag: 'Operator',
      who: 'operator',
      summary: 'Privacy budgets and what is spent of them',
      description:
        'By population and purpose, with what was spent after each of the newest rounds.',
      responses: { 200: privacy },
      errors: [],
    },
    async (c) => c.json(await view(c.var.deps), 200),
  ),

  setBudget: served(
    {
      method: 'post',
      path: '/v1/operator/privacy/budgets',
      tag: 'Operator',
      who: 'operator',
      role: 'admin',
      summary: 'Sets a privacy budget',
      description:
        'In place of the one before, for all rounds ever charged. From the first budget of a purpose ' +
        'on, jobs of it without `privacy` are refused, and no judgements of devices are taken.',
      request: { body: json(BudgetRequest, { protocol, budget }) },
      responses: { 201: privacy },
      errors: [],
    },
    async (c) => {
      const { deps } = c.var
      const { budget } = c.req.valid('json')
      await setBudget(deps, budget)
      deps.log('info', 'privacy_budget_set', { ...budget })
      return c.json(await view(deps), 201)
    },
  ),
}
