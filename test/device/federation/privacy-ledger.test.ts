// A device and the privacy ledger of its server.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { PROTOCOL_VERSION } from '../../../adapters/wire/primitives.ts'
import { EMPTY_LEDGER, nextLedgerEntry, signHead } from '../../../adapters/wire/privacy-ledger.ts'
import { newKeyPair } from '../../../adapters/wire/signature.ts'
import type { LocalModel } from '../../../device/engine/model/open.ts'
import {
  accountsIn,
  checkLedger,
  followLedger,
  privacySpent,
} from '../../../device/federation/privacy-ledger.ts'
import type { Transport } from '../../../device/federation/signed-transport.ts'
import { openStore } from '../../../device/store/store.ts'
import { namedObjects } from '../../../server/rounds/chores.ts'
import { backUp, restore } from '../../../server/store/backup.ts'
import { type TestServer, testServer } from '../../support/federation-fixture.ts'
import { enrolledDevice, jobFor, tinyModel } from '../device-fixture.ts'

let model: LocalModel
beforeAll(async () => {
  model = await tinyModel()
})

const protocol = PROTOCOL_VERSION
const budget = {
  ...{ population: 'all', purpose: 'personalization' as const, epsilon: 100, delta: 1e-6 },
}
const PRIVATE = {
  contributions: ['adapter' as const],
  privacy: { noise: 5, acceptNoise: true },
  rounds: 9,
}

const setBudget = (server: TestServer, of = budget) =>
  server.operator.call('POST', '/v1/operator/privacy/budgets', { protocol, budget: of })

/** A device of a private job, whose requests can be led to another server. */
const scene = async (folder?: string) => {
  const server = testServer(folder === undefined ? {} : { folder })
  await setBudget(server)
  const made = await enrolledDevice(model, PRIVATE, {}, server)
  return { ...made, server }
}

test('a private round is taken part in, clipped, and the head of the ledger remembered', async () => {
  const { device, server, store } = await scene()
  expect((await device.participate()).rounds).toHaveLength(1)
  await server.settle()
  expect((await device.participate()).rounds).toHaveLength(1)
  const { number, hash, accounts } = store.get('privacyLedger')!
  const last = (await server.store.ledgerEntries(1))[0]!
  expect({ number, hash }).toEqual({ number: 2, hash: last.hash })
  expect(accounts).toMatchObject([{ population: 'all', charges: [[5, 1]] }])
  expect(accountsIn(store.get('privacyLedger')!).size).toBe(1)
  const [spent] = privacySpent(store)
  expect(spent).toMatchObject({ ...budget, rounds: 1 })
  expect(spent!.spent).toBeCloseTo((last as { spent: number }).spent, 9)
  expect((await device.status()).privacy).toEqual([spent])
})

test("after a restore of yesterday's backup the device refuses its rounds with E_LEDGER", async () => {
  const root = mkdtempSync(join(tmpdir(), 'loreweave-ledger-'))
  onTestFinished(() => rmSync(root, { recursive: true }))
  const [folder, file, restored] = ['data', 'yesterday.backup', 'restored'].map((name) =>
    join(root, name),
  ) as [string, string, string]
  const running = testServer({ folder })
  await setBudget(running)
  let reached = running
  const transport: Transport = async (request) => reached.app.request(request)
  const { device, server, jobId } = await enrolledDevice(
    ...([model, PRIVATE, { transport }, running] as const),
  )
  await device.participate()
  await server.settle()
  await backUp(folder, file, namedObjects)
  // Today another round is released, and the device sees what it was charged.
  await device.participate()
  await server.settle()
  await device.participate()
  const now = server.now()
  await server.close()
  await restore(file, restored)
  reached = testServer({ folder: restored, start: now })
  await reached.recover()
  // The round that was open then has the device's update already; another one asks for it anew.
  await reached.operator.call('POST', `/v1/operator/jobs/${jobId}/cancel`)
  await reached.operator.createJob(jobFor(model, PRIVATE))
  await expect(device.participate()).rejects.toMatchObject({
    code: 'E_LEDGER',
    message: expect.stringContaining('has seen 3'),
  })
  await reached.close()
})

const NOW = { signal: undefined, check: () => {} }
const keys = newKeyPair()
const first = nextLedgerEntry(EMPTY_LEDGER, { kind: 'budget', ...budget }, 1)
const charge = (spent: number) => ({
  ...{ kind: 'round' as const, population: 'all', purpose: 'personalization' as const, noise: 5 },
  ...{ jobId: 'job', roundId: 'round', inputs: 'ab'.repeat(32), spent, delta: 1e-6 },
})
const second = nextLedgerEntry(first, charge(1), 2)
const other = nextLedgerEntry(first, charge(2), 2)

/** What a server says, one answer after the other. */
const told = (...answers: { entries: (typeof first)[]; head?: ReturnType<typeof signHead> }[]) => {
  const store = openStore(':memory:')
  return {
    store,
    federation: {
      ledger: async () => {
        const { entries, head } = answers.shift()!
        return { entries, head: head ?? signHead(entries.at(-1) ?? EMPTY_LEDGER, keys) }
      },
      serverKey: async () => null,
    },
  }
}

test.each([
  ['an entry that was changed', [{ entries: [first, { ...second, noise: 50 } as typeof second] }]],
  ['an entry that another follows', [{ entries: [first, second] }, { entries: [other] }]],
  [
    'a head that nobody has signed',
    [{ entries: [], head: { ...signHead(first, keys), number: 0 } }],
  ],
  [
    'a head beyond its entries',
    [
      { entries: [first], head: signHead(second, keys) },
      { entries: [first], head: signHead(second, keys) },
    ],
  ],
  ['fewer entries than before', [{ entries: [first, second] }, { entries: [first] }]],
])('%s is refused with E_LEDGER', async (_, answers) => {
  const deps = told(...answers)
  const follow = async () => {
    await followLedger(deps, NOW)
    await followLedger(deps, NOW)
  }
  await expect(follow()).rejects.toMatchObject({ code: 'E_LEDGER' })
})

test('a head that is not signed by the pinned key is refused with E_LEDGER', async () => {
  const deps = told({ entries: [first] })
  await deps.store.durably((tx) =>
    tx.set('pin', { key: newKeyPair().publicKey, at: 1, by: 'words' }),
  )
  await expect(followLedger(deps, NOW)).rejects.toMatchObject({ code: 'E_LEDGER' })
  const held = told({ entries: [first] })
  await held.store.durably((tx) => tx.set('pin', { key: keys.publicKey, at: 1, by: 'words' }))
  await expect(followLedger(held, NOW)).resolves.toBeInstanceOf(Map)
})

test("a round that its budget does not hold is refused by the device's own reckoning", async () => {
  const small = nextLedgerEntry(EMPTY_LEDGER, { kind: 'budget', ...budget, epsilon: 1 }, 1)
  const round = (noise: number, population = 'all') => ({
    privacy: { population, noise },
    purpose: 'personalization' as const,
  })
  const check = (given: ReturnType<typeof round>) =>
    checkLedger(told({ entries: [small] }), given, NOW)
  await expect(check(round(5))).resolves.toBeUndefined()
  await expect(check(round(1))).rejects.toThrow('above its budget of 1')
  await expect(check(round(5, 'others'))).rejects.toThrow('no budget for population others')
})
