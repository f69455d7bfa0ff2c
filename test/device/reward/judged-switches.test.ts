/** What a device keeps of its decisions, so that switching can be judged by them. */
import { expect, test } from 'vitest'
import { fakeDevice, shortChoices, tinyModel } from '../device-fixture.ts'

const model = await tinyModel()
const [long, short] = shortChoices(1)[0]!.candidates as [string, string]

/** A device of somebody who likes short answers, and a request of which they saw the winner alone. */
const served = async () => {
  const made = fakeDevice(model)
  await made.device.importChoices(shortChoices(40))
  const conversation = { messages: [{ role: 'user' as const, content: 'Explain subject 0' }] }
  const { decisionId } = await made.device.rewrite(conversation)
  const answers = [{ text: long }, { text: short }]
  const { candidates } = await made.device.rerank(conversation, answers, {
    decisionId: decisionId!,
  })
  return { ...made, id: decisionId!, lead: candidates[1]!.reward - candidates[0]!.reward }
}

test('a thumb on a switched answer keeps the lead that was predicted', async () => {
  const { device, store, id, lead } = await served()
  await device.feedback({ kind: 'thumbs', value: 1, decisionId: id })
  const [row] = store.likedDecisions(10)
  expect(row).toMatchObject({ id, served: 1, propensity: 1, liked: true })
  expect(row!.lead).toBeCloseTo(lead, 9)
  expect(lead).toBeGreaterThan(0)
})

test('a choice among answers keeps which was Claude’s first, an edit does not', async () => {
  const chosen = await served()
  await chosen.device.feedback({ kind: 'choose', chosen: 0, decisionId: chosen.id })
  const own = (all: ReturnType<typeof chosen.store.choices>) =>
    all.find(({ user }) => user === 'me')
  expect(own(chosen.store.choices())).toMatchObject({ first: 0, shown: [1, 0], chosen: 0 })
  const edited = await served()
  await edited.device.feedback({ kind: 'edit', text: 'Subject 0 is easy.', decisionId: edited.id })
  expect(own(edited.store.choices())).not.toHaveProperty('first')
})
