import { describe, expect, test } from 'vitest'
import type { AuditEntryView } from '../../../adapters/wire/governance.ts'
import { NO_ENTRY, recordDeed, verifyAudit } from '../../../server/governance/audit.ts'
import {
  expectRefusal,
  operatorClient,
  START,
  type TestServer,
  testServer,
  tinyJob,
} from '../../support/federation-fixture.ts'

const protocol = 1
const DAY_MS = 24 * 3600 * 1000
const OPERATORS = '/v1/operator/operators'

const letIn = async (server: TestServer, role: string, ttlMs = DAY_MS) => {
  const body = { protocol, name: `the ${role}`, role, ttlMs }
  const answer = await server.operator.call('POST', OPERATORS, body)
  const { token, operator } = (await answer.json()) as { token: string; operator: { id: string } }
  return { id: operator.id, secret: token, ...operatorClient(server.fetch, undefined, token) }
}

const entriesOf = async (server: TestServer) => {
  const answer = await server.operator.call('GET', '/v1/operator/audit')
  return ((await answer.json()) as { entries: AuditEntryView[] }).entries
}

describe('roles', () => {
  test('a viewer reads, an operator acts, an admin lets others in', async () => {
    const server = testServer()
    const deeds = {
      read: ['GET', '/v1/operator/jobs', undefined],
      act: ['POST', '/v1/operator/jobs', { protocol, job: tinyJob() }],
      govern: ['GET', OPERATORS, undefined],
    } as const
    const allowed = async (role: string) => {
      const { call } = await letIn(server, role)
      const answers = Object.entries(deeds).map(async ([name, [method, path, body]]) =>
        (await call(method, path, body)).status === 403 ? [] : [name],
      )
      return (await Promise.all(answers)).flat()
    }
    expect(await allowed('viewer')).toEqual(['read'])
    expect(await allowed('operator')).toEqual(['read', 'act'])
    expect(await allowed('admin')).toEqual(['read', 'act', 'govern'])
  })

  test('E_ROLE says what it takes', async () => {
    const server = testServer()
    const viewer = await letIn(server, 'viewer')
    const answer = await viewer.call('POST', '/v1/operator/tokens', { protocol })
    expect(answer.status).toBe(403)
    expect(await answer.json()).toEqual({
      error: { code: 'E_ROLE', message: 'this takes the role operator, and this token has viewer' },
    })
  })

  test('a token ends by its time, or when it is revoked', async () => {
    const server = testServer()
    const [short, long] = [await letIn(server, 'viewer', 2000), await letIn(server, 'viewer')]
    expect((await short.call('GET', '/v1/operator/jobs')).status).toBe(200)
    await server.pass(2000)
    await expectRefusal(await short.call('GET', '/v1/operator/jobs'), 401, 'E_AUTH')
    expect((await server.operator.call('DELETE', `${OPERATORS}/${long.id}`)).status).toBe(200)
    await expectRefusal(await long.call('GET', '/v1/operator/jobs'), 401, 'E_AUTH')
    await expectRefusal(
      await server.operator.call('DELETE', `${OPERATORS}/none`),
      404,
      'E_NOT_FOUND',
    )
  })

  test('secrets are kept and shown as nothing but hashes', async () => {
    const server = testServer()
    const { secret } = await letIn(server, 'admin')
    const list = await (await server.operator.call('GET', OPERATORS)).text()
    const kept = JSON.stringify(await server.store.operatorTokens())
    for (const text of [list, kept, JSON.stringify(await entriesOf(server))])
      expect(text).not.toContain(secret)
    expect(list).not.toContain('hash')
  })
})

describe('the audit log', () => {
  test('holds each deed before it is done, and the code of one that was refused', async () => {
    const server = testServer()
    const viewer = await letIn(server, 'viewer')
    await server.operator.call('POST', '/v1/operator/jobs/none/cancel')
    await viewer.call('POST', '/v1/operator/tokens', { protocol })
    await viewer.call('GET', '/v1/operator/jobs')
    const noted = (await entriesOf(server)).map(({ who, action, target, outcome }) => [
      who,
      action,
      target,
      outcome,
    ])
    const cancel = 'POST /v1/operator/jobs/{id}/cancel'
    expect(noted).toEqual([
      ['data-folder', `POST ${OPERATORS}`, null, 'asked'],
      ['data-folder', cancel, 'none', 'asked'],
      ['data-folder', cancel, 'none', 'E_NO_JOB'],
      [viewer.id, 'POST /v1/operator/tokens', null, 'E_ROLE'],
    ])
  })

  const chain = async () => {
    const { store } = testServer()
    const deed = { at: START, who: 'ada', action: 'POST /x', target: null, outcome: 'asked' }
    for (let i = 0; i < 4; i++) await recordDeed(store, { ...deed, at: START + i })
    return { entries: await store.auditEntries(0, 100) }
  }
  const storeOf = (entries: Awaited<ReturnType<typeof chain>>['entries']) => ({
    auditEntries: async (after: number, limit: number) =>
      entries.filter(({ number }) => number > after).slice(0, limit),
  })

  test('is intact as it was written, also by several at once', async () => {
    const { store } = testServer()
    const deed = { at: START, who: 'ada', action: 'POST /x', target: null, outcome: 'asked' }
    await Promise.all(Array.from({ length: 9 }, () => recordDeed(store, deed)))
    expect(await verifyAudit(store)).toMatchObject({ isIntact: true, entries: 9 })
    expect(await verifyAudit(storeOf([]))).toEqual({ isIntact: true, entries: 0, last: NO_ENTRY })
  })

  test.each([
    ['a changed entry', 2, 'it was changed'],
    ['a removed entry', 2, 'expected entry 2, got 3'],
    ['an entry hashed anew', 3, 'it does not follow the entry before it'],
  ])('%s shows', async (what, number, reason) => {
    const { entries } = await chain()
    const changed = { ...entries[1]!, who: 'eve' }
    if (what === 'a changed entry') entries[1] = changed
    if (what === 'a removed entry') entries.splice(1, 1)
    if (what === 'an entry hashed anew') {
      const other = testServer().store
      await recordDeed(other, entries[0]!)
      entries[1] = await recordDeed(other, changed)
    }
    expect(await verifyAudit(storeOf(entries))).toEqual({ isIntact: false, number, reason })
  })

  test('entries that are cut off show against a hash that was noted', async () => {
    const { entries } = await chain()
    const last = entries.at(-1)!.hash
    expect(await verifyAudit(storeOf(entries), last)).toMatchObject({ isIntact: true })
    const cut = await verifyAudit(storeOf(entries.slice(0, 3)), last)
    expect(cut).toMatchObject({ isIntact: false, reason: `the entry ${last} is gone` })
  })
})
