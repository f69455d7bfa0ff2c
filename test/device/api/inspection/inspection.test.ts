import { beforeAll, describe, expect, test } from 'vitest'
import { encodeContainer } from '../../../../adapters/container/container.ts'
import { openInspection } from '../../../../device/api/inspection/inspection.ts'
import type { LocalModel } from '../../../../device/engine/model/open.ts'
import { DeviceSettings } from '../../../../device/home/settings.ts'
import { propose } from '../../../../device/preferences/proposals.ts'
import { plainUsage } from '../../../../device/spending/prices.ts'
import { newDecision } from '../../../../device/store/new-decision.ts'
import { type DeviceStore, openStore } from '../../../../device/store/store.ts'
import { expectCode } from '../../../support/expect-code.ts'
import { fakeDevice, shortChoices, tinyModel } from '../../device-fixture.ts'

let model: LocalModel
beforeAll(async () => {
  model = await tinyModel()
})

const over = (store: DeviceStore) =>
  openInspection({
    store,
    clock: () => 9000,
    settings: DeviceSettings.parse({}),
    base: () => ({ name: 'tiny', exitLayer: 1 }),
  })
const conversation = (content: string) => ({ messages: [{ role: 'user' as const, content }] })
const QUESTION = 'Wie entsteht Regen, und was hat das mit den Wolken zu tun?'

/** A device that has learned something and wants no emoji. */
const informed = async () => {
  const made = fakeDevice(model)
  await made.device.importChoices(shortChoices(20))
  await made.device.editProfile([
    { op: 'state', dimension: 'emoji', direction: -1, strength: 1, scope: 'all' },
  ])
  return { ...made, inspection: over(made.store) }
}

describe('decisions', () => {
  test('say why their block and their order came out, and what further answers cost', async () => {
    const { device, inspection } = await informed()
    const { decisionId, block } = await device.rewrite(conversation(QUESTION))
    const answers = ['A long answer about rain.', 'Short.'].map((text) => ({ text }))
    const ranked = await device.rerank(conversation(QUESTION), answers, { decisionId: decisionId! })
    const usage = plainUsage({ input: 10, output: 20, cacheWrite: 0, cacheRead: 0 })
    device.spend('claude-sonnet-5', [usage], { decisionId })
    await device.feedback({ kind: 'thumbs', decisionId: decisionId!, value: 1 })
    const [decision] = inspection.decisions({ limit: 20 }).decisions
    expect(decision).toMatchObject({
      id: decisionId,
      request: QUESTION,
      answer: answers[ranked.winner]!.text,
      dimensions: ['emoji'],
      candidates: 2,
      served: ranked.winner,
      rewriting: {
        reason: 'applied',
        block,
        lines: [{ dimension: 'emoji', line: 'Use no emoji.' }],
      },
      ranking: { reason: ranked.reason, probability: ranked.probability },
      cost: { model: 'claude-sonnet-5', tokens: 30 },
      feedback: [{ kind: 'thumbs', value: 1, isImplicit: false }],
    })
    expect(decision?.ranking?.candidates.map((c) => c.reward)).toEqual(
      ranked.candidates.map((c) => c.reward),
    )
  })

  test('keep the reasons of their time when the profile changes', async () => {
    const { device, inspection } = await informed()
    await device.rewrite(conversation(QUESTION))
    await device.editProfile([{ op: 'forget', dimension: 'emoji' }])
    expect(inspection.decisions({ limit: 1 }).decisions[0]?.rewriting?.lines).toEqual([
      { dimension: 'emoji', line: 'Use no emoji.' },
    ])
  })

  test('tell which lines were taken back, one or all', async () => {
    const { device, inspection } = await informed()
    const { decisionId } = await device.rewrite(conversation(QUESTION))
    expect(inspection.decision(decisionId!).decision.undone).toEqual([])
    await device.feedback({ kind: 'undo', decisionId: decisionId! })
    expect(inspection.decision(decisionId!).decision.undone).toEqual(['emoji'])
  })

  test('come newest first, page by page, each once', async () => {
    const { device, inspection } = await informed()
    for (let i = 0; i < 5; i++) await device.rewrite(conversation(`${QUESTION} ${i}`))
    const seen: string[] = []
    let before: string | undefined
    do {
      const page = inspection.decisions({ limit: 2, before })
      expect(page.decisions.length).toBeLessThanOrEqual(2)
      seen.push(...page.decisions.map((d) => d.request.slice(-1)))
      before = page.next ?? undefined
    } while (before)
    expect(seen).toEqual(['4', '3', '2', '1', '0'])
    expectCode('E_NO_DECISION', () => inspection.decisions({ limit: 2, before: 'd_unknown' }))
  })

  test('are shortened in the list, and whole by themselves', async () => {
    const { device, inspection } = await informed()
    const long = `${QUESTION} `.repeat(30)
    const { decisionId } = await device.rewrite(conversation(long))
    expect(inspection.decisions({ limit: 1 }).decisions[0]?.request.length).toBeLessThanOrEqual(300)
    expect(inspection.decision(decisionId!).messages).toEqual([{ role: 'user', text: long }])
    expectCode('E_NO_DECISION', () => inspection.decision('d_unknown'))
  })

  test('tell of images and documents that they were there', async () => {
    const { device, inspection } = await informed()
    const image = { type: 'image', source: { type: 'base64', data: 'A'.repeat(1000) } }
    const content = [image, { type: 'text', text: QUESTION }]
    const { decisionId } = await device.rewrite({ messages: [{ role: 'user', content }] })
    expect(inspection.decision(decisionId!).messages).toEqual([
      {
        role: 'user',
        text: QUESTION,
        other: [{ type: 'image', bytes: 1011 }],
      },
    ])
  })

  test('of a version that kept no reasons are listed without', () => {
    const store = openStore(':memory:')
    const { request } = newDecision(store, 1, conversation(QUESTION))
    const info = { dimensions: ['emoji', 'gone'], rewards: [] }
    store.saveDecision({ id: 'd_old', at: 1.5, request, info })
    expect(over(store).decisions({ limit: 5 }).decisions).toMatchObject([
      { at: 1, dimensions: ['emoji'], rewriting: null, ranking: null, cost: null },
    ])
  })
})

test('consent is granted for some days or until withdrawn', async () => {
  const inspection = over(openStore(':memory:'))
  expect(inspection.consent()).toBeNull()
  const granted = await inspection.grantConsent({
    contributions: ['prior', 'prior'],
    days: 2,
    leastCohort: 5,
  })
  expect(granted).toEqual({
    purpose: 'personalization',
    contributions: ['prior'],
    leastCohort: 5,
    grantedAt: 9000,
    expiresAt: 9000 + 2 * 24 * 3600 * 1000,
  })
  expect(inspection.consent()).toEqual(granted)
  await inspection.withdrawConsent()
  expect(inspection.consent()).toBeNull()
})

test('what left is listed newest first, with sums of all that ever left', () => {
  const store = openStore(':memory:')
  for (const bytes of [1, 2, 3])
    store.log({ at: bytes, recipient: 'claude', what: 'messages', bytes, digest: '' })
  store.log({ at: 4, recipient: 'federation', what: 'update', bytes: 10, digest: 'ab'.repeat(32) })
  const { entries, sums } = over(store).log({ limit: 2 })
  expect(entries.map((e) => e.bytes)).toEqual([10, 3])
  expect(sums).toEqual([
    { recipient: 'claude', entries: 3, bytes: 6 },
    { recipient: 'federation', entries: 1, bytes: 10 },
  ])
})

test('adapters: the private one and the rounds sent to, without a release', () => {
  const store = openStore(':memory:')
  const spec = { firstLayer: 0, endLayer: 1, modules: ['q' as const], rank: 2, alpha: 4 }
  store.saveBlob(
    'private',
    encodeContainer({ spec, release: null, objective: 'kto' }, new Float32Array(4)),
  )
  store.set('serving', { release: null, private: true, revision: 1 })
  store.savePending({
    roundId: 'r_1',
    jobId: 'j_1',
    uploadToken: 'token-of-the-round',
    digest: 'cd'.repeat(32),
    bytes: new Uint8Array(5),
    at: 7,
  })
  store.settleUpload('r_1', 'refused', 'too late')
  expect(over(store).adapters()).toMatchObject({
    base: { name: 'tiny', exitLayer: 1 },
    release: null,
    own: { objective: 'kto', adapter: spec },
    rounds: [{ roundId: 'r_1', state: 'refused', reason: 'too late', bytes: 5 }],
  })
})

test('a proposal that waits is no preference yet', async () => {
  const { store, device } = await informed()
  const proposal = {
    id: 'p_1',
    at: 1,
    dimension: 'tables' as const,
    direction: -1 as const,
    sentence: 'Avoid tables.',
    said: 'no tables, please remember',
    decisionId: 'd_1',
  }
  propose(store, [proposal])
  expect(device.proposals()).toEqual([proposal])
  expect(device.profile().profile.preferences.map((p) => p.dimension)).toEqual(['emoji'])
})
