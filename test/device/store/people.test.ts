import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { sha256Hex } from '../../../adapters/node/sha256.ts'
import type { LocalModel } from '../../../device/engine/model/open.ts'
import { enforceRetention } from '../../../device/store/forget.ts'
import {
  countPeople,
  forgetPeople,
  openPeople,
  personOf,
  WINDOW_DAYS,
} from '../../../device/store/people.ts'
import { openStore } from '../../../device/store/store.ts'
import { buildApi, fakeDevice } from '../api/fakes.ts'
import { fakeDevice as openFake, temporaryFolder, tinyModel } from '../device-fixture.ts'

const HOUR = 3600 * 1000
const DAY = 24 * HOUR

describe('the person that an id names', () => {
  const json = (fields: object) => JSON.stringify(fields)
  test.each([
    ['is the whole of a plain id', ' ada ', 'ada'],
    [
      'is the account of Claude Code’s',
      json({ device_id: 'd1', account_uuid: 'a1', session_id: 's1' }),
      'a1',
    ],
    [
      'is its device, where nobody is logged in',
      json({ device_id: 'd1', account_uuid: '', session_id: 's1' }),
      'd1',
    ],
    ['is the account of its older form', 'user_d1_account_a1_session_s1', 'a1'],
    ['is the device of its older form', 'user_d1_account__session_s1', 'd1'],
    [
      'is all but the session of another object',
      json({ session_id: 1, b: 2, a: 3 }),
      '[["a",3],["b",2]]',
    ],
    ['is the whole of what only looks like one', '{not json', '{not json'],
    ['may have an underscore', 'user_of_the_account_book', 'user_of_the_account_book'],
  ])('%s', (_, userId, person) => {
    expect(personOf(userId)).toBe(person)
  })

  test('is the same in each session, and another for another account', () => {
    const uuid = fc.uuid()
    fc.assert(
      fc.property(uuid, uuid, uuid, uuid, uuid, (device, account, other, session, later) => {
        fc.pre(account !== other)
        const forms = [
          (a: string, s: string) => `user_${device}_account_${a}_session_${s}`,
          (a: string, s: string) => json({ device_id: device, account_uuid: a, session_id: s }),
        ]
        const people = forms.flatMap((form) => [form(account, session), form(account, later)])
        expect(new Set(people.map(personOf)).size).toBe(1)
        for (const form of forms)
          expect(personOf(form(other, session))).not.toBe(personOf(form(account, session)))
      }),
    )
  })
})

describe('people', () => {
  const build = () => {
    const store = openStore(':memory:')
    let now = 1e12
    const people = openPeople(store, () => now)
    return {
      store,
      people,
      count: () => countPeople(store, now),
      pass: (ms: number) => {
        now += ms
      },
    }
  }

  test('are counted once each, by every process of the home', () => {
    const { store, people, count } = build()
    const elsewhere = openPeople(store, () => 1e12)
    expect(count()).toBe(0)
    for (const one of ['ada', 'bob', 'ada', '', '  ']) people.notice(one)
    elsewhere.notice('bob')
    elsewhere.notice('cleo')
    expect(count()).toBe(3)
  })

  test('are not counted any more when they have not been seen for thirty days', () => {
    const { people, count, pass } = build()
    people.notice('ada')
    pass(20 * DAY)
    people.notice('bob')
    pass((WINDOW_DAYS - 20) * DAY - 1)
    expect(count()).toBe(2)
    pass(1)
    expect(count()).toBe(1)
    people.notice('ada')
    expect(count()).toBe(2)
  })

  test('stay while they come back, to the hour', () => {
    const { people, count, pass } = build()
    for (let day = 0; day < 60; day++) {
      people.notice('ada')
      pass(DAY)
    }
    expect(count()).toBe(1)
  })

  test('are a hundred at most: the longest unseen goes', () => {
    const { store, people, count, pass } = build()
    for (let i = 0; i < 150; i++) {
      people.notice(`person ${i}`)
      pass(1)
    }
    expect(count()).toBe(100)
    const before = JSON.stringify(store.get('people'))
    people.notice('person 149')
    expect(JSON.stringify(store.get('people'))).toBe(before)
    people.notice('person 0')
    expect(JSON.stringify(store.get('people'))).not.toBe(before)
  })

  test('of requests that follow each other are written once an hour', () => {
    const { store, people, pass } = build()
    const write = vi.spyOn(store, 'update')
    for (let minute = 0; minute < 120; minute += 10) {
      people.notice('ada')
      pass(10 * 60_000)
    }
    expect(write.mock.calls.filter(([key]) => key === 'people')).toHaveLength(2)
  })

  test('that a clock saw in its future are not counted once it is set back', () => {
    const { people, count, pass } = build()
    people.notice('ada')
    pass(-3 * DAY)
    people.notice('bob')
    expect(count()).toBe(1)
  })

  test('are erased by retention, before thirty days too', async () => {
    const { store, people, count, pass } = build()
    people.notice('ada')
    pass(3 * DAY)
    people.notice('bob')
    await enforceRetention(store, 2, 1e12 + 3 * DAY)
    expect(count()).toBe(1)
    forgetPeople(store)
    expect(count()).toBe(0)
  })
})

describe('through the endpoint', () => {
  let folder = ''
  let model: LocalModel
  beforeAll(async () => {
    model = await tinyModel()
  })
  beforeEach(() => {
    folder = temporaryFolder()
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  const build = () => {
    const made = openFake(model, { store: openStore(join(folder, 'loreweave.db')) })
    const people = openPeople(made.store, () => 5000)
    const api = buildApi({ people }, { ...fakeDevice(), device: made.device })
    const count = async () => {
      const status = (await (await api.call('/v1/status')).json()) as { people: number }
      return status.people
    }
    const ask = (userId: unknown, headers: Record<string, string> = {}, more: object = {}) =>
      api.post(
        '/v1/messages',
        {
          model: 'claude',
          max_tokens: 10,
          messages: [{ role: 'user', content: 'Wie entsteht Regen?' }],
          metadata: { user_id: userId },
          ...more,
        },
        headers,
      )
    return { ...api, ...made, ask, count }
  }

  test('the status counts them, streams and requests that teach nothing included', async () => {
    const { ask, count, device } = build()
    expect(await count()).toBe(0)
    await ask('ada')
    await (await ask('bob', {}, { stream: true })).text()
    await ask('cleo', {}, { stop_sequences: ['.'] })
    await ask('ada')
    expect(await count()).toBe(3)
    await device.close()
  })

  test.each([
    ['with loreweave-mode: off', { 'loreweave-mode': 'off' }, {}],
    ['with loreweave-mode: incognito', { 'loreweave-mode': 'incognito' }, {}],
    ['whose user is no text', {}, { metadata: { user_id: 7 } }],
    ['with metadata of another shape', {}, { metadata: 'ada' }],
    ['that names nobody', {}, { metadata: {} }],
    ['without metadata', {}, { metadata: undefined }],
    [
      'of Claude Code that the device has no part in',
      {},
      { system: [{ type: 'text', text: 'x-anthropic-billing-header: cc_version=2.1;' }] },
    ],
  ])('a request %s counts nobody', async (_, headers, more) => {
    const { ask, count, device } = build()
    expect((await ask('ada', headers as Record<string, string>, more)).status).toBe(200)
    expect(await count()).toBe(0)
    await device.close()
  })

  test('a count of tokens counts nobody', async () => {
    const { post, count, device } = build()
    const messages = [{ role: 'user', content: 'Hi' }]
    const body = { model: 'claude', messages, metadata: { user_id: 'ada' } }
    expect((await post('/v1/messages/count_tokens', body)).status).toBe(200)
    expect(await count()).toBe(0)
    await device.close()
  })

  test('their ids are in no file of the home, nor a hash that a guess would confirm', async () => {
    const { ask, count, device, store } = build()
    const account = '6b1c4f0e-9d7a-4f7e-8a55-0c9f6f2f11aa'
    await ask('ada.example@mail.test')
    await ask(JSON.stringify({ device_id: 'quobble', account_uuid: account, session_id: 's' }))
    await ask(`user_quobble_account_${account}_session_s2`)
    expect(await count()).toBe(2)
    const files = () =>
      readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => readFileSync(join(entry.parentPath, entry.name)))
    const hashes = ['ada.example@mail.test', account].map((text) =>
      Buffer.from(sha256Hex(new TextEncoder().encode(text)), 'hex'),
    )
    const traces = [
      'ada.example',
      account,
      'quobble',
      ...hashes.flatMap((hash) => [
        hash.toString('hex'),
        hash.toString('base64').slice(0, 20),
        hash.toString('base64url').slice(0, 20),
      ]),
    ]
    await store.drained()
    const kept = JSON.stringify(store.get('people'))
    expect(files().some((file) => file.includes('"hash"'))).toBe(true)
    for (const trace of traces) {
      expect(files().filter((file) => file.includes(trace))).toEqual([])
      expect(kept).not.toContain(trace)
    }
    await device.close()
  })

  test('forgetting a conversation forgets who was seen', async () => {
    const { ask, count, device, post } = build()
    const response = await ask('ada')
    const decisionId = response.headers.get('loreweave-decision')
    expect(await count()).toBe(1)
    expect((await post('/v1/forget', { decisionId })).status).toBe(200)
    expect(await count()).toBe(0)
    await device.close()
  })

  test('a store that fails leaves the answer of Claude, and is reported', async () => {
    const notice = () => {
      throw new Error('the disk is full')
    }
    const api = buildApi({ people: { notice } })
    const response = await api.post('/v1/messages', {
      model: 'claude',
      max_tokens: 10,
      messages: [{ role: 'user', content: 'Hi' }],
      metadata: { user_id: 'ada' },
    })
    expect(response.status).toBe(200)
    expect(api.reports).toEqual([{ what: 'people', code: 'E_INTERNAL' }])
  })
})
