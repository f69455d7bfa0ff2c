import { beforeAll, expect, test } from 'vitest'
import type { LocalModel } from '../../../device/engine/model/open.ts'
import { enrolledDevice, fakeDevice, shortChoices, tinyModel } from '../device-fixture.ts'

let model: LocalModel
beforeAll(async () => {
  model = await tinyModel()
})

const messages = (i: number) => [{ role: 'user' as const, content: `Explain subject ${i}` }]

/** One served answer a subject, and what the user thought of it. */
const withFeedback = async (
  device: ReturnType<typeof fakeDevice>['device'],
  count: number,
  react: (i: number) => { kind: 'thumbs'; value: 1 | -1 } | { kind: 'edit'; text: string },
) => {
  for (let i = 0; i < count; i++) {
    const decisionId = (await device.rewrite({ messages: messages(i) })).decisionId!
    device.recordAnswer(decisionId, { text: `Answer ${i}, at length.` })
    await device.feedback({ ...react(i), decisionId })
  }
}

test('the reward holds back the most recent fifth of the choices to be judged by, and a fifth of the rest to stop by, under the same head', async () => {
  const { device, calls } = fakeDevice(model)
  await device.importChoices(shortChoices(25))
  const report = await device.train({ adapter: true })
  const { objective, validation, ...request } = calls.train[0]!
  expect(request).toMatchObject({ epochs: 3, trainable: { factors: ['A', 'B'] } })
  if (objective.kind !== 'reward' || validation?.objective.kind !== 'reward')
    throw new TypeError('a reward was expected')
  expect(objective.pairs).toHaveLength(2 * 16)
  expect(validation).toMatchObject({ patience: 1 })
  expect(validation.objective.pairs).toHaveLength(2 * 4)
  expect(validation.objective.head).toEqual(objective.head)
  const seen = new Set(objective.pairs.map(({ chosen }) => chosen.ids.join()))
  expect(validation.objective.pairs.some(({ chosen }) => seen.has(chosen.ids.join()))).toBe(false)
  const judges = shortChoices(25).slice(-5)
  for (const { ids } of [...objective.pairs, ...validation.objective.pairs].map((p) => p.chosen))
    for (const { messages } of judges)
      expect(model.tokenizer.decode(ids)).not.toContain(messages[0]!.content)
  expect(report.adapter).toMatchObject({ heldBack: [], serves: false })
})

test('with few choices nothing is held back', async () => {
  const { device, calls } = fakeDevice(model)
  await device.importChoices(shortChoices(10))
  await device.train({ adapter: true, epochs: 1 })
  expect(calls.train[0]).toMatchObject({ epochs: 1 })
  expect(calls.train[0]).not.toHaveProperty('validation')
})

test('thumbs train by KTO, without any choice', async () => {
  const { device, calls } = fakeDevice(model)
  await withFeedback(device, 6, (i) => ({ kind: 'thumbs', value: i < 4 ? 1 : -1 }))
  await device.train({ adapter: true, objective: 'kto' })
  const { objective } = calls.train[0]!
  if (objective.kind !== 'kto') throw new TypeError('kto was expected')
  const liked = objective.examples.filter((e) => e.isDesirable)
  expect([objective.examples.length, liked.length]).toEqual([6, 4])
  expect(objective.undesirableWeight).toBe(2)
})

test("a choice gives KTO each of its answers, and a decision's last thumb counts", async () => {
  const { device, calls } = fakeDevice(model)
  await device.importChoices(shortChoices(2))
  await withFeedback(device, 1, () => ({ kind: 'thumbs', value: 1 }))
  await withFeedback(device, 1, () => ({ kind: 'thumbs', value: -1 }))
  await device.train({ adapter: true, objective: 'kto' })
  const { objective } = calls.train[0]!
  if (objective.kind !== 'kto') throw new TypeError('kto was expected')
  expect(objective.examples.map((e) => e.isDesirable).filter(Boolean)).toHaveLength(2 + 1)
  expect(objective.examples).toHaveLength(2 * 3 + 2)
})

test('edits train by completion', async () => {
  const { device, calls } = fakeDevice(model)
  await withFeedback(device, 3, (i) => ({ kind: 'edit', text: `Short ${i}.` }))
  await device.train({ adapter: true, objective: 'completion' })
  const { objective } = calls.train[0]!
  if (objective.kind !== 'completion') throw new TypeError('a completion was expected')
  const words = objective.examples.map(({ ids, answerStart }) =>
    model.tokenizer.decode(ids.slice(answerStart)),
  )
  expect(words.sort()).toEqual(['Short 0.', 'Short 1.', 'Short 2.'])
})

test('dpo trains on the pairs of the reward', async () => {
  const { device, calls } = fakeDevice(model)
  await device.importChoices(shortChoices(3))
  await device.train({ adapter: true, objective: 'dpo' })
  expect(calls.train[0]!.objective).toMatchObject({ kind: 'dpo', beta: 0.1 })
})

test.each(['kto', 'completion', 'reward'] as const)(
  'without anything to train %s from: E_DATA',
  async (objective) => {
    const { device, calls } = fakeDevice(model)
    const run = device.train({ adapter: true, objective })
    await expect(run).rejects.toMatchObject({ code: 'E_DATA' })
    expect(calls.train).toEqual([])
  },
)

test('over a new release the private adapter is trained with the same objective as before', async () => {
  const { device, calls, server, jobId } = await enrolledDevice(model, { rounds: 1 })
  await withFeedback(device, 5, (i) => ({ kind: 'thumbs', value: i % 2 ? 1 : -1 }))
  await device.train({ adapter: true, objective: 'kto' })
  await device.participate()
  await server.settle()
  const { head } = await server.operator.job(jobId)
  await device.adoptRelease(head!)
  expect(calls.train.at(-1)).toMatchObject({ objective: { kind: 'kto' }, trainable: { index: 1 } })
})
