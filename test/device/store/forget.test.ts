import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { ChatMessage } from '../../../adapters/formats/choice-log.ts'
import { seededRng } from '../../../adapters/random.ts'
import { newKeyPair } from '../../../adapters/wire/signature.ts'
import { type LocalModel, openModel } from '../../../device/engine/model/open.ts'
import { openEngine } from '../../../device/engine/process/client.ts'
import { openDevice } from '../../../device/owner/device.ts'
import type { AnswerMemo } from '../../../device/reward/choice-features.ts'
import { enforceRetention, forgetConversation } from '../../../device/store/forget.ts'
import { openStore } from '../../../device/store/store.ts'
import { unlessForgotten } from '../../../device/store/unless-forgotten.ts'
import {
  fakeDevice,
  fakeEngine,
  shortChoices,
  temporaryFolder,
  tinyModel,
} from '../device-fixture.ts'
import { keepDecision } from './decided.ts'

let folder = ''
let model: LocalModel
beforeAll(async () => {
  model = await tinyModel()
})
beforeEach(() => {
  folder = temporaryFolder()
})
afterEach(() => rmSync(folder, { recursive: true }))

const DAY = 24 * 3600_000

/** Words of the conversation that is forgotten, and of one that is kept. */
const SECRETS = [
  'quaggleschnorr',
  'zebrawöbble',
  'Hypermuffin',
  'plimsolly',
  'Grüßkatzen',
  'wombatique',
]
const KEPT = 'lighthousekeeper'

const user = (content: string): ChatMessage => ({ role: 'user', content })
const assistant = (content: string): ChatMessage => ({ role: 'assistant', content })

const FIRST = [user('Tell me of the quaggleschnorr. From now on no emoji.')]
const ANSWERS = [
  {
    text: 'The zebrawöbble is long, and there is much to say of it. More follows.',
    messageId: 'msg_1',
  },
  { text: 'A plimsolly.', messageId: 'msg_2' },
]
const SECOND = [...FIRST, assistant(ANSWERS[1]!.text), user('And of the wombatique?')]

/** Files of the folder, everything below it included, that hold a text in any of the ways it may be written. */
const holding = (text: string): string[] => {
  const escaped = JSON.stringify(text).slice(1, -1)
  const ascii = escaped.replace(
    /[^\x20-\x7e]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  const forms = [text, escaped, ascii].map((t) => Buffer.from(t, 'utf8'))
  const wide = [Buffer.from(text, 'utf16le'), Buffer.from(text, 'utf16le').swap16()]
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => {
      const bytes = readFileSync(path)
      return [...forms, ...wide].some((form) => bytes.includes(form))
    })
}

const opened = (
  memo: AnswerMemo = new Map(),
  engine = fakeEngine(model).engine,
  store = openStore(join(folder, 'loreweave.db')),
) => {
  let now = 1_000_000
  const device = openDevice({
    store,
    key: newKeyPair(),
    model,
    engine,
    clock: () => (now += 5000),
    rng: seededRng('forget'),
    settings: { explore: 0, maxTokens: 64 },
    memo,
    folder,
  })
  return { store, device, memo }
}

/** Two turns, with a choice, an edit and whatever the device makes of them; and another conversation. */
const converse = async ({ device, store }: ReturnType<typeof opened>) => {
  await device.editProfile([
    { op: 'state', dimension: 'length', direction: -1, strength: 1, scope: 'all' },
  ])
  const { decisionId } = await device.rewrite({ messages: FIRST })
  await device.rerank({ messages: FIRST }, ANSWERS, { decisionId: decisionId! })
  await device.feedback({ kind: 'choose', messageId: 'msg_1', chosen: 1, shown: [0, 1] })
  await device.feedback({ kind: 'undo', decisionId: decisionId! })
  const later = await device.rewrite({ messages: SECOND })
  device.recordAnswer(later.decisionId!, { text: 'Grüßkatzen, then.' })
  await device.feedback({
    kind: 'edit',
    decisionId: later.decisionId!,
    text: 'Hypermuffin.\n"Grüßkatzen"',
  })
  const other = await device.rewrite({ messages: [user(`What does a ${KEPT} do?`)] })
  device.recordAnswer(other.decisionId!, { text: 'Light.' })
  await device.settled()
  const { at } = store.decision(decisionId!)!
  store.log({ at, recipient: 'claude', what: 'message', bytes: 9, digest: 'dd' })
  store.log({ at: at - 3_600_000, recipient: 'claude', what: 'message', bytes: 9, digest: 'ee' })
  return { first: decisionId!, later: later.decisionId!, other: other.decisionId! }
}

test('a forgotten conversation is in no file of the home, while it is open and afterwards', async () => {
  const real = await openModel({ cacheFolder: join(folder, 'cache'), name: 'tiny' })
  const engine = openEngine({
    folder: real.folder,
    threads: 1,
    stateFolder: join(folder, 'states'),
  })
  const home = opened(new Map(), engine)
  const { device, store } = home
  try {
    await device.importChoices(shortChoices(6))
    const { first, other } = await converse(home)
    await device.train({ adapter: true, epochs: 1 })
    writeFileSync(join(folder, 'private.checkpoint'), `half trained on ${SECRETS.join()}`)
    // The tiny model has no layers below its adapter whose states were worth keeping.
    mkdirSync(join(folder, 'states', 'generation'), { recursive: true })
    writeFileSync(join(folder, 'states', 'generation', 'x.states'), SECRETS.join())
    for (const secret of SECRETS) expect(holding(secret), secret).not.toEqual([])
    expect(device.proposals()).toHaveLength(1)

    expect(await device.forget({ decisionId: first })).toEqual({
      decisions: 2,
      choices: 2,
      feedback: 3,
      privateAdapter: 'removed',
      updatesSentSince: 0,
    })
    const isGone = () => {
      for (const secret of SECRETS) expect(holding(secret), secret).toEqual([])
      expect(existsSync(join(folder, 'states'))).toBe(false)
      expect(holding(KEPT)).not.toEqual([])
    }
    isGone()
    expect(home.memo.size).toBe(6)
    expect(device.proposals()).toEqual([])
    expect(store.choices()).toHaveLength(6)
    expect(store.outbox().map((o) => o.digest)).toEqual(['ee', ''])
    expect(store.decision(other)).toBeDefined()
    for (const target of [{ decisionId: first }, { messageId: 'msg_1' }])
      await expect(device.forget(target)).rejects.toMatchObject({ code: 'E_NO_DECISION' })

    // An answer that comes after all is not kept either.
    device.recordAnswer(first, { text: 'A late plimsolly.' })
    isGone()
    await device.close()
    isGone()
    await openStore(join(folder, 'loreweave.db')).close()
    isGone()
  } finally {
    await engine.close()
  }
})

test('any turn of a conversation names all of it, also under another system prompt', async () => {
  const home = opened()
  const { later } = await converse(home)
  const { decisionId } = await home.device.rewrite({ messages: SECOND, system: 'It is 12:01.' })
  expect(await home.device.forget({ decisionId: decisionId! })).toMatchObject({ decisions: 3 })
  expect(home.store.decision(later)).toBeUndefined()
  await home.device.close()
})

test('conversations that only begin alike are told apart by their answers', async () => {
  const { device, store } = opened()
  const ask = async (system: string, answer: string) => {
    const conversation = { messages: [user('Summarize this.')], system }
    const { decisionId } = await device.rewrite(conversation)
    device.recordAnswer(decisionId!, { text: answer })
    return decisionId!
  }
  const [one, two] = [await ask('Document one', 'First.'), await ask('Document two', 'Second.')]
  expect(await device.forget({ decisionId: one })).toMatchObject({ decisions: 1 })
  expect(store.decision(two)).toBeDefined()
  await device.close()
})

test('the other device of the home has dropped what it holds, and what it was computing, when forgetting returns', async () => {
  const here = opened()
  const { first } = await converse(here)
  const { engine } = fakeEngine(model)
  let isForgotten = false
  const forget = async () => {
    // A child takes a moment to end, and may write until then.
    await new Promise((resolve) => setTimeout(resolve, 20))
    mkdirSync(join(folder, 'states'), { recursive: true })
    isForgotten = true
  }
  const there = opened(new Map(), { ...engine, forget }, here.store)
  await there.device.rerank({ messages: FIRST }, ANSWERS)
  expect(there.memo.size).toBe(2)
  const training = unlessForgotten(there.store, join(folder, 'x.checkpoint'), async () => {
    await forgetConversation(here.store, { decisionId: first })
  })
  await expect(training).rejects.toMatchObject({ code: 'E_CANCELLED' })
  expect([there.memo.size, isForgotten, existsSync(join(folder, 'states'))]).toEqual([
    0,
    true,
    false,
  ])
  await there.device.close()
})

test('an update that waits is not sent any more, those that were sent since are counted', async () => {
  const home = opened()
  const { store } = home
  const at = 5_000_000
  const upload = (roundId: string, when: number) =>
    store.savePending({
      roundId,
      jobId: 'j',
      uploadToken: 't',
      digest: 'd',
      bytes: new Uint8Array(3),
      at: when,
    })
  upload('before', 1)
  const { first } = await converse(home)
  for (const id of ['taken', 'refused', 'waits', 'under way']) upload(id, at)
  store.markSent('under way')
  store.settleUpload('before', 'accepted', null)
  store.settleUpload('taken', 'accepted', null)
  store.settleUpload('refused', 'refused', 'E_NORM')
  expect(await home.device.forget({ decisionId: first })).toMatchObject({ updatesSentSince: 3 })
  expect(store.pendingUploads()).toEqual([])
  // The answer to the one under way comes now.
  store.settleUpload('under way', 'accepted', null)
  expect(store.uploads().find((u) => u.roundId === 'under way')).toMatchObject({
    state: 'refused',
    reason: 'forgotten',
    isSent: true,
  })
  expect(store.uploads().find((u) => u.roundId === 'waits')).toMatchObject({ reason: 'forgotten' })
  await home.device.close()
})

test('once every choice is erased there is no summary of a head, until there are choices again', async () => {
  const store = openStore(':memory:')
  const { device } = fakeDevice(model, { store })
  await device.prepare()
  expect(store.get('outlook')).toBeUndefined()
  await device.importChoices(shortChoices(6))
  await device.prepare()
  expect(store.get('outlook')).toMatchObject({ outputTokens: expect.any(Number) })
  await device.forget({ imported: true })
  expect(store.countChoices()).toBe(0)
  expect(store.get('outlook')).toBeNull()
  await device.importChoices(shortChoices(6))
  await device.prepare()
  expect(store.get('outlook')).not.toBeNull()
  await device.close()
})

test('a digest of a request goes with its time, whether or not a decision was kept of it', async () => {
  let now = 1_000_000_000
  const store = openStore(':memory:')
  const { device } = fakeDevice(model, { store, clock: () => now })
  const logged = () => store.outbox().map(({ digest }) => digest.slice(0, 1))
  for (const first of ['a', 'b']) {
    const digest = `${first}${'0'.repeat(63)}`
    store.log({ at: now, recipient: 'claude', what: 'messages', bytes: 9, digest })
    now += 50 * DAY
  }
  await enforceRetention(store, 60, now)
  expect(logged()).toEqual(['b', ''])
  await device.upkeep()
  expect(logged()).toEqual(['b', ''])
  now += 41 * DAY
  await device.upkeep()
  expect(logged()).toEqual(['', ''])
  await device.close()
})

test('what is older than the retention limit goes from every file, and what is younger stays', async () => {
  const home = opened()
  const { store } = home
  const { other } = await converse(home)
  const now = 1_000_000 + 40 * 24 * 3600 * 1000
  store.addChoice({ ...shortChoices(1)[0]!, at: now }, 'import')
  keepDecision(store, { id: 'd_new', at: now, answers: [{ text: 'x', messageId: 'msg_new' }] })
  store.addExamples([
    { request: 'young', wish: null, isRelevant: true, weight: 1, isUndo: false, at: now },
  ])
  expect(await enforceRetention(store, null, now)).toBe(false)
  expect(await enforceRetention(store, 60, now)).toBe(false)
  expect(store.decision(other)).toBeDefined()
  expect(await enforceRetention(store, 30, now)).toBe(true)
  for (const secret of [...SECRETS, KEPT]) expect(holding(secret), secret).toEqual([])
  expect(store.choices().map((c) => c.id)).toEqual(['ada-0'])
  expect(store.feedback()).toEqual([])
  expect(store.decision('msg_new')).toBeDefined()
  expect(store.examples()).toMatchObject([{ request: 'young' }])
  await home.device.close()
})
