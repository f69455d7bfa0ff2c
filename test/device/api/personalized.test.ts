/** The local API in front of a real device (engine of a few lines): from an app's requests to what is learned from them. */
import { beforeAll, expect, test } from 'vitest'
import type { LocalModel } from '../../../device/engine/model/open.ts'
import { fakeDevice as openFake, shortChoices, tinyModel } from '../device-fixture.ts'
import { buildApi, fakeDevice, messageText } from './fakes.ts'

let model: LocalModel
beforeAll(async () => {
  model = await tinyModel()
})

const messages = [
  { role: 'user', content: 'Wie entsteht Regen, und was hat das mit den Wolken zu tun?' },
]
const request = { model: 'claude', max_tokens: 10, messages }

const build = () => {
  const made = openFake(model)
  return { ...buildApi({}, { ...fakeDevice(), device: made.device }), ...made }
}

test('a device that has learned nothing changes nothing and asks once', async () => {
  const { post, claude } = build()
  const response = await post('/v1/messages', request)
  expect(await response.text()).toBe(messageText(1))
  expect(response.headers.get('loreweave-status')).toMatch(/^identity; why=/)
  expect(claude.seen.map((s) => s.text)).toEqual([JSON.stringify(request)])
})

test('with a preference and choices the block is in system, answers are ranked, and the decision is kept', async () => {
  const { post, call, claude, device, store } = build()
  await device.importChoices(shortChoices(20))
  const edit = { protocol: 1, changes: [{ op: 'state', dimension: 'emoji', direction: -1 }] }
  await call('/v1/profile', { method: 'PATCH', body: JSON.stringify(edit) })
  const response = await post('/v1/messages', {
    ...request,
    system: [{ type: 'text', text: 'Sei genau.', cache_control: { type: 'ephemeral' } }],
  })
  expect(response.headers.get('loreweave-status')).toBe('personalized')
  expect(claude.seen).toHaveLength(4)
  const sent = JSON.parse(claude.seen[0]!.text)
  expect(sent.messages).toEqual(messages)
  expect(sent.system[0]).toEqual({
    type: 'text',
    text: 'Sei genau.',
    cache_control: { type: 'ephemeral' },
  })
  expect(sent.system[1].text).toContain('emoji')
  expect(sent.system).toHaveLength(2)
  const decision = store.decision(response.headers.get('loreweave-decision')!)
  expect(decision?.info.dimensions).toEqual(['emoji'])
  expect(store.answersOf(decision!.seq)).toEqual(['answer 1', 'answer 2', 'answer 3', 'answer 4'])
  const { id } = (await response.json()) as { id: string }
  expect(store.decision(id)?.id).toBe(decision?.id)
  expect(store.spentSince(0).tokens).toBeGreaterThan(0)
  expect(store.spentSince(0).usd).toBeGreaterThan(0)
})

test('requests at the same time cannot each spend what is left of the budget', async () => {
  const budget = 4000
  const { device, store } = openFake(model, { settings: { extraTokensPerDay: budget } })
  const { post, claude } = buildApi({}, { ...fakeDevice(), device })
  await device.importChoices(shortChoices(20))
  await device.prepare()
  const asked = Array.from({ length: 20 }, async (_, i) => {
    const content = `Wie entsteht Regen über der Stadt Nummer ${i}?`
    const response = await post('/v1/messages', {
      ...request,
      max_tokens: 90,
      messages: [{ role: 'user', content }],
    })
    expect(response.status).toBe(200)
  })
  await Promise.all(asked)
  const further = claude.seen.length - 20
  expect(further).toBeGreaterThan(0)
  // An hour may take a quarter of it; each of 60 that would be worth it alone may take 100 tokens.
  expect(further).toBeLessThanOrEqual(budget / 4 / 90)
  expect(store.spentSince(0).tokens).toBeLessThanOrEqual(budget / 4)
  expect(store.ledger.heldBack()).toEqual({ tokens: 0, usd: 0 })
})

test('an edit of a streamed answer, by its message id, becomes a choice', async () => {
  const { post, store } = build()
  await (await post('/v1/messages', { ...request, stream: true })).text()
  const event = { kind: 'edit', messageId: 'msg_stream', text: 'Grüße, in other words' }
  const answer = await post('/v1/feedback', { protocol: 1, event })
  expect(await answer.json()).toMatchObject({ recorded: true, choices: 1 })
  expect(store.choices()[0]).toMatchObject({
    candidates: ['Grüße you', 'Grüße, in other words'],
    chosen: 1,
  })
})

test('an engine that fails leaves the answer of Claude', async () => {
  const made = openFake(model, {
    engine: { ...openFake(model).engine, pooled: () => Promise.reject(new Error('gone')) },
  })
  await made.device.importChoices(shortChoices(5))
  const api = buildApi({}, { ...fakeDevice(), device: made.device })
  const response = await api.post('/v1/messages', request)
  expect(response.status).toBe(200)
  expect(await response.text()).toBe(messageText(1))
  expect(response.headers.get('loreweave-status')).toBe('failed-open')
  expect(api.reports).toEqual([{ what: 'rerank', code: 'E_INTERNAL' }])
  const event = { kind: 'thumbs', messageId: 'msg_1', value: 1 }
  expect((await api.post('/v1/feedback', { protocol: 1, event })).status).toBe(200)
})

test('status over the API is that of the device', async () => {
  const { call } = build()
  expect(await (await call('/v1/status')).json()).toMatchObject({
    protocol: 1,
    model: 'tiny',
    activity: 'idle',
    choices: 0,
  })
})
