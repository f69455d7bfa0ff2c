import { beforeAll, expect, test } from 'vitest'
import { FedError } from '../../../adapters/errors.ts'
import type { LocalModel } from '../../../device/engine/model/open.ts'
import { releaseBlob } from '../../../device/reward/serving.ts'
import { plainUsage } from '../../../device/spending/prices.ts'
import { serveRelease } from '../../../device/store/private-adapter.ts'
import { openStore } from '../../../device/store/store.ts'
import { enrolledDevice, fakeDevice, shortChoices, tinyModel } from '../device-fixture.ts'

let model: LocalModel
beforeAll(async () => {
  model = await tinyModel()
})

const messages = [{ role: 'user' as const, content: 'Explain subject 99' }]
const [long, short] = shortChoices(1)[0]!.candidates as [string, string]
const REQUEST = { model: 'claude-sonnet-5', maxTokens: 500, inputTokens: 200 }
const answers = [
  { text: long.replaceAll('0', '99'), messageId: 'msg_long' },
  { text: short.replaceAll('0', '99'), messageId: 'msg_short' },
]

const trained = async (count = 40) => {
  const made = fakeDevice(model)
  await made.device.importChoices(shortChoices(count))
  await made.device.train()
  return made
}

const LONG_ANSWER = plainUsage({ input: 0, output: 20_000, cacheRead: 0, cacheWrite: 0 })

/** serving: by how much the short answer leads. */
const servedBy = async (count: number) => {
  const made = fakeDevice(model, { settings: { explore: 0 } })
  await made.device.importChoices(shortChoices(count))
  const serving = async () => {
    const { candidates } = await made.device.rerank({ messages }, answers)
    return candidates[1]!.reward - candidates[0]!.reward
  }
  return { ...made, serving }
}

test('imports choices once, and leaves test lines out', async () => {
  const { device } = fakeDevice(model)
  const lines = [...shortChoices(3), { ...shortChoices(1, 'other')[0]!, split: 'test' as const }]
  expect(await device.importChoices(lines)).toEqual({ added: 3, replaced: 0, known: 0, test: 1 })
  expect(await device.importChoices(lines)).toEqual({ added: 0, replaced: 0, known: 3, test: 1 })
  expect(device.status().choices).toBe(3)
})

test('after short choices the short answer comes first', async () => {
  const { device, store } = await trained()
  const result = await device.rerank({ messages }, answers)
  expect(result).toMatchObject({
    winner: 1,
    order: [1, 0],
    keptFirst: false,
    explored: false,
    propensity: 1,
  })
  expect(result.candidates[1]!.reward).toBeGreaterThan(result.candidates[0]!.reward)
  expect(store.decision('msg_short')?.id).toBe(result.decisionId)
})

test('without anything learned the first answer is kept and the model is not asked', async () => {
  const { device, calls } = fakeDevice(model)
  expect(await device.rerank({ messages }, answers)).toMatchObject({ winner: 0, keptFirst: true })
  expect(calls.pooled).toBe(0)
  expect(device.planCandidates(REQUEST)).toMatchObject({ count: 1, costTokens: 0 })
})

test('a margin is not calibrated on choices of which nobody knows which answer was Claude’s first', async () => {
  const { device } = await trained()
  expect(device.status()).toMatchObject({ heldBack: 0, trainedAt: 5000, choices: 40 })
})

test('pooled states are computed once', async () => {
  const { device, calls } = await trained(10)
  const before = calls.texts
  await device.train()
  await device.prepare()
  // The relevance seeds are new; the choices are not.
  const seeds = calls.texts - before
  await device.prepare()
  // Each preparation reads one text twice, which is never kept, so that the model is there.
  expect(calls.texts - before).toBe(seeds + 2)
  await device.rerank({ messages }, answers)
  await device.rerank({ messages }, answers)
  expect(calls.texts - before).toBe(seeds + 4)
})

test.each(['decision', 'message'] as const)(
  'feedback by %s id becomes a choice and moves the head at once',
  async (by) => {
    const { device } = fakeDevice(model)
    const decisionId = (await device.rerank({ messages }, answers)).decisionId!
    const target = by === 'decision' ? { decisionId } : { messageId: 'msg_long' }
    expect(await device.feedback({ kind: 'choose', ...target, chosen: 1 })).toMatchObject({
      recorded: true,
      choices: 1,
    })
    const again = await device.rerank({ messages }, answers)
    expect(again.candidates[1]!.reward).toBeGreaterThan(0)
  },
)

test('a second thought replaces the choice', async () => {
  const { device, store } = fakeDevice(model)
  const decisionId = (await device.rerank({ messages }, answers)).decisionId!
  await device.feedback({ kind: 'choose', decisionId, chosen: 1 })
  await device.feedback({ kind: 'choose', decisionId, chosen: 0 })
  expect(store.choices()).toMatchObject([{ id: decisionId, chosen: 0 }])
})

test('regenerate, then keep the next answer to the same request: it is preferred to the first', async () => {
  const { device, store } = fakeDevice(model)
  for (const answer of answers) {
    const decisionId = (await device.rewrite({ messages })).decisionId!
    device.recordAnswer(decisionId, answer)
  }
  await device.feedback({ kind: 'regenerate', messageId: 'msg_long' })
  expect(await device.feedback({ kind: 'keep', messageId: 'msg_short' })).toMatchObject({
    choices: 1,
  })
  expect(store.choices()[0]).toMatchObject({
    candidates: answers.map((a) => a.text),
    chosen: 1,
    weight: 0.7,
  })
})

test.each([
  ['an unknown decision', { kind: 'keep', decisionId: 'd_unknown' }, 'E_NO_DECISION'],
  ['an unknown message', { kind: 'thumbs', messageId: 'msg_unknown', value: 1 }, 'E_NO_DECISION'],
] as const)('feedback about %s is refused', async (_name, event, code) => {
  const { device } = fakeDevice(model)
  await expect(device.feedback(event)).rejects.toMatchObject({ code })
})

test('a choice of a candidate that the decision lacks is refused with E_BODY', async () => {
  const { device } = fakeDevice(model)
  const decisionId = (await device.rerank({ messages }, answers)).decisionId!
  await expect(device.feedback({ kind: 'choose', decisionId, chosen: 2 })).rejects.toMatchObject({
    code: 'E_BODY',
  })
})

test("a stated preference enters the block at a conversation's first request, and stays for the conversation", async () => {
  const { device } = fakeDevice(model)
  const words = 'Wie entsteht Regen, und was hat das mit den Wolken zu tun?'
  const first = { messages: [{ role: 'user' as const, content: words }], system: 'Sei genau.' }
  const later = {
    ...first,
    messages: [
      ...first.messages,
      { role: 'assistant' as const, content: 'So.' },
      { role: 'user' as const, content: 'Und Schnee, wie entsteht der?' },
    ],
  }
  expect(await device.rewrite(first)).toMatchObject({
    block: null,
    reason: 'no_preferences',
    system: 'Sei genau.',
  })
  const { sentences } = await device.editProfile([
    { op: 'state', dimension: 'emoji', direction: -1, strength: 1, scope: 'all' },
  ])
  expect(sentences).toHaveLength(1)
  expect((await device.rewrite(later)).block).toBeNull()
  const applied = await device.rewrite(first)
  expect(applied).toMatchObject({ reason: 'applied', system: `Sei genau.\n\n${applied.block}` })
  await device.editProfile([{ op: 'forget', dimension: 'emoji' }])
  expect(await device.rewrite(later)).toMatchObject({ reason: 'frozen', block: applied.block })
})

test('the settings can switch the block off', async () => {
  const { device } = fakeDevice(model, { settings: { rewrite: false } })
  await device.editProfile([
    { op: 'state', dimension: 'emoji', direction: -1, strength: 1, scope: 'all' },
  ])
  expect((await device.rewrite({ messages })).block).toBeNull()
})

test.each([
  ['tokens', { extraTokensPerDay: 20_000 }, LONG_ANSWER],
  ['money', { extraUsdPerDay: 0.2 }, LONG_ANSWER],
])(
  'asks for one answer when the %s of the day are spent, and for several the day after',
  async (_, limits, usage) => {
    let now = 0
    const { device } = fakeDevice(model, { clock: () => now, settings: limits })
    await device.importChoices(shortChoices(30))
    await device.prepare()
    expect(device.planCandidates(REQUEST).count).toBeGreaterThan(1)
    device.spend(REQUEST.model, [usage])
    expect(device.planCandidates(REQUEST)).toMatchObject({
      count: 1,
      reason: expect.stringContaining('budget'),
    })
    now += 24 * 3600 * 1000 + 1
    expect(device.planCandidates(REQUEST).count).toBeGreaterThan(1)
  },
)

test('in shadow mode the first answer is returned and the decision is stored', async () => {
  const { device, store } = fakeDevice(model, { settings: { shadow: true } })
  await device.importChoices(shortChoices(40))
  const result = await device.rerank({ messages }, answers)
  expect(result).toMatchObject({ winner: 0, keptFirst: true, shadow: { preferred: 1 } })
  expect(result.order[0]).toBe(0)
  expect(store.decision(result.decisionId!)).toMatchObject({ served: 0, preferred: 1 })
  expect(device.status().ranking).toMatchObject({ shadow: true })
})

test('says when showing two answers is worth it, no more often than the settings allow', async () => {
  const ask = async (asksPerDay: number, count: number) => {
    let now = 0
    const { device } = fakeDevice(model, { clock: () => now, settings: { asksPerDay } })
    await device.importChoices(shortChoices(count))
    const asked = []
    for (let i = 0; i < 4; i++) asked.push((await device.rerank({ messages }, answers)).ask)
    now += 24 * 3600 * 1000 + 1
    return [...asked, (await device.rerank({ messages }, answers)).ask].map((a) => a !== undefined)
  }
  expect(await ask(2, 3)).toEqual([true, true, false, false, true])
  expect(await ask(0, 3)).toEqual([false, false, false, false, false])
})

test('feedback reads only the states of new answers, even with many choices', async () => {
  const store = openStore(':memory:')
  const { pooled } = store
  let looked = 0
  Object.assign(store, {
    pooled: (key: string) => {
      looked++
      return pooled(key)
    },
  })
  const { device } = fakeDevice(model, { store })
  await device.importChoices(shortChoices(70))
  const choose = async (i: number) => {
    const asked = [{ role: 'user' as const, content: `What is ${i}?` }]
    const { decisionId } = await device.rerank({ messages: asked }, answers)
    looked = 0
    await device.feedback({ kind: 'choose', decisionId: decisionId!, chosen: 1 })
    return looked
  }
  await choose(0)
  expect(await choose(1)).toBe(2)
  await device.close()
})

test('a choice that takes the place of the last one is learned from', async () => {
  const { device, serving } = await servedBy(5)
  const decisionId = (await device.rerank({ messages }, answers)).decisionId!
  await device.feedback({ kind: 'choose', decisionId, chosen: 0 })
  const before = await serving()
  await device.feedback({ kind: 'choose', decisionId, chosen: 1 })
  const after = await serving()
  expect(after).toBeGreaterThan(before)
})

test('a private adapter is trained over the release, serves with it, and is retrained before a new release serves', async () => {
  const { device, calls, server, jobId } = await enrolledDevice(model, { rounds: 1 })
  const first = (await server.operator.job(jobId)).head!
  await device.adoptRelease(first)
  await device.train({ adapter: true, epochs: 2 })
  expect(calls.train[0]).toMatchObject({ trainable: { index: 0, factors: ['A', 'B'] }, epochs: 2 })
  await device.participate()
  // The federated step trained without the private adapter.
  expect(calls.train[1]).toMatchObject({ trainable: { index: 0, factors: ['B'] } })
  expect(calls.train[1]!.adapters).toHaveLength(1)
  await server.settle()
  const { head } = await server.operator.job(jobId)
  await device.adoptRelease(head!)
  expect(calls.train[2]).toMatchObject({ trainable: { index: 1, factors: ['A', 'B'] } })
  expect(device.status().release).toBe(head)
})

test('explored orders are drawn with their propensity', async () => {
  const { device } = fakeDevice(model, { settings: { explore: 0.5, maxTokens: 64 } })
  await device.importChoices(shortChoices(20))
  const results = []
  for (let i = 0; i < 40; i++) results.push(await device.rerank({ messages }, answers))
  expect(results.some((r) => r.explored)).toBe(true)
  // Half of the time a draw, of which at least a quarter goes to each of two; the other half to the favourite.
  for (const { order, propensity, explored } of results) {
    expect(propensity).toBeGreaterThanOrEqual(order[0] === 1 ? 0.625 : 0.125)
    expect(propensity).toBeLessThanOrEqual(order[0] === 1 ? 0.875 : 0.375)
    if (order[0] === 0) expect(explored).toBe(true)
  }
})

test('a user without choices gets no exploration under any release', async () => {
  const federation = await enrolledDevice(model, { contributions: ['statistics', 'prior'] })
  const { head } = await federation.device.participate({ rounds: 1 })
  const newcomer = fakeDevice(model, { settings: { explore: 0.5, maxTokens: 64 } })
  newcomer.store.saveBlob(releaseBlob(head!), federation.store.blob(releaseBlob(head!))!)
  serveRelease(newcomer.store, head!)
  for (let i = 0; i < 20; i++) {
    const { explored, propensity } = await newcomer.device.rerank({ messages }, answers)
    expect({ explored, propensity }).toEqual({ explored: false, propensity: 1 })
  }
})

test('status is idle, and names the served release', () => {
  expect(fakeDevice(model).device.status()).toMatchObject({
    model: 'tiny',
    activity: 'idle',
    release: null,
    enrolled: false,
  })
})

test('a chosen exit layer is stored, and fits for another layer are dropped', async () => {
  const { device, store } = await trained(24)
  expect(device.status().exitLayer).toBe(1)
  await device.train({ adapter: true })
  const { exit } = await device.train({ exit: 2 })
  expect(exit).toMatchObject({ layer: 2, note: expect.stringContaining('--adapter') })
  expect(device.status().exitLayer).toBe(2)
  expect(fakeDevice(model, { store }).device.status().exitLayer).toBe(2)
  // The same states at every layer: the shallowest is as good as any.
  const auto = await device.train({ exit: 'auto' })
  expect(auto.exit).toMatchObject({ layer: 1, note: null, choice: { choices: 24, layer: 1 } })
  expect(device.status().exitLayer).toBe(1)
  await expect(device.train({ exit: 3 })).rejects.toMatchObject({ code: 'E_USAGE' })
})

test('a device that follows a release keeps its exit layer: auto reports, another one is refused', async () => {
  const { device } = await enrolledDevice(model, {
    exitLayer: 2,
    adapter: { firstLayer: 0, endLayer: 2, modules: ['q'], rank: 2, alpha: 4 },
  })
  await device.importChoices(shortChoices(24))
  await device.participate({ wait: true })
  expect(device.status()).toMatchObject({ release: expect.any(String), exitLayer: 2 })
  const { exit } = await device.train({ exit: 'auto' })
  expect(exit).toMatchObject({
    layer: 2,
    choice: { layer: 1 },
    note: expect.stringMatching(/follows is for exit layer 2, which stays/),
  })
  await expect(device.train({ exit: 1 })).rejects.toMatchObject({ code: 'E_CONFLICT' })
  expect((await device.train({ exit: 2 })).exit).toMatchObject({ layer: 2, note: null })
})

test('a training that would not fit is refused before any state is computed', async () => {
  const lack = new FedError('E_MEMORY', 'too little')
  const { device, calls } = fakeDevice(model, {
    checkMemory: () => {
      throw lack
    },
  })
  await device.importChoices(shortChoices(6))
  await expect(device.train({ adapter: true })).rejects.toBe(lack)
  expect(calls).toMatchObject({ pooled: 0, train: [] })
})

test('while training is paused a device begins none, and status says so', async () => {
  let slept = 0
  const { device, calls } = fakeDevice(model, {
    sleep: async () => {
      if (++slept === 3) await device.pauseTraining(false)
    },
  })
  await device.importChoices(shortChoices(6))
  expect(await device.pauseTraining(true)).toMatchObject({ state: 'paused' })
  expect(device.status().training).toMatchObject({ state: 'paused' })
  await device.train({ adapter: true })
  expect(slept).toBe(3)
  expect(calls.train).toHaveLength(1)
  expect(device.status().training).toMatchObject({ state: 'idle', step: null })
})
