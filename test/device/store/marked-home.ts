/**
 * A home in use, each text in it marked with a word of its own: conversations through the endpoint
 * of several kinds, feedback of every kind, imported choices, training, rounds.
 */
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Rng, seededRng } from '../../../adapters/random.ts'
import { createApi } from '../../../device/api/app.ts'
import { openInspection } from '../../../device/api/inspection/inspection.ts'
import type { LocalModel } from '../../../device/engine/model/open.ts'
import { createHome } from '../../../device/home/home.ts'
import { DeviceSettings, type DeviceSettingsInput } from '../../../device/home/settings.ts'
import { openDevice } from '../../../device/owner/device.ts'
import { openPeople } from '../../../device/store/people.ts'
import { openStore } from '../../../device/store/store.ts'
import { testServer } from '../../support/federation-fixture.ts'
import { DEVICE_TOKEN, soon } from '../api/fakes.ts'
import { fakeEngine, jobFor, temporaryFolder } from '../device-fixture.ts'
import { wordOf, wordsIn } from './words.ts'

export const DAY = 24 * 3600_000

type Block = { readonly type: string; readonly [field: string]: unknown }
type Message = { readonly role: 'user' | 'assistant'; readonly content: string | Block[] }

/** texts: marks of what is kept as text; bytes: of images, tools and the like. */
type Talk = {
  readonly kind: TalkKind
  readonly texts: Set<string>
  readonly bytes: Set<string>
  readonly messages: Message[]
  readonly system?: string
  /** By turns, the decision and Claude's id of the answer. */
  readonly decisions: string[]
  readonly answers: string[]
}

const TALK_KINDS = [
  'plain',
  'system',
  'tools',
  'image',
  'stated',
  'off',
  'incognito',
  'reranked',
] as const
export type TalkKind = (typeof TALK_KINDS)[number]

const FEEDBACK_KINDS = [
  'thumbs',
  'edit',
  'choose',
  'regenerate',
  'follow_up',
  'undo',
  'keep',
] as const
export type FeedbackKind = (typeof FEEDBACK_KINDS)[number]

export type MarkedHome = Awaited<ReturnType<typeof openMarkedHome>>

export const openMarkedHome = async (
  model: LocalModel,
  options: { seed?: string; settings?: DeviceSettingsInput } = {},
) => {
  const outside = temporaryFolder()
  const folder = join(outside, 'home')
  const home = createHome(folder, { model: 'tiny' })
  const server = testServer()
  await server.operator.createJob(
    jobFor(model, { cohort: { size: 1, goal: 1, minimum: 1, deadlineMs: 7 * DAY } }),
  )
  const rng = seededRng(`marked/${options.seed ?? ''}`)
  let words = 0
  let claudeSays: () => string = () => ''
  let answers = 0
  const isTaken = { now: true }

  const engine = fakeEngine(model).engine
  const open = (settings: DeviceSettingsInput) => {
    const store = openStore(home.databasePath)
    const device = openDevice({
      store,
      key: home.key,
      model,
      engine: {
        ...engine,
        train: async (request, ...rest) => {
          // As the trainer does; what it makes of texts stands for the texts.
          const texts = [...wordsIn(folder).keys()].join()
          if (request.checkpoint) writeFileSync(request.checkpoint, texts)
          return engine.train(request, ...rest)
        },
      },
      serverUrl: 'http://server.test',
      transport: async (request) =>
        request.method === 'PUT' && !isTaken.now
          ? new Response('', { status: 503 })
          : server.app.request(request),
      clock: server.now,
      sleep: (ms) => server.pass(ms),
      rng,
      settings: { explore: 0, maxTokens: 64, candidates: 1, ...settings },
      folder,
    })
    const app = createApi({
      device,
      inspection: openInspection({
        store,
        clock: server.now,
        settings: DeviceSettings.parse(settings),
        base: () => ({ name: 'tiny', exitLayer: 1 }),
      }),
      deviceToken: DEVICE_TOKEN,
      claudeKey: 'k',
      claudeUrl: 'https://claude.test',
      transport: async () => Response.json(messageOf(++answers, claudeSays())),
      clock: server.now,
      logOutgoing: (entry) => store.log(entry),
      people: openPeople(store, server.now),
      port: () => 4141,
      report: () => {},
      sleep: soon,
    })
    return { store, device, app }
  }
  let running = open(options.settings ?? {})

  const call = async (path: string, body?: object, headers: Record<string, string> = {}) => {
    const response = await running.app.request(
      new Request(`http://127.0.0.1:4141${path}`, {
        method: body ? 'POST' : 'GET',
        headers: {
          'x-api-key': DEVICE_TOKEN,
          'anthropic-version': '2023-06-01',
          'content-type': 'application/json',
          ...headers,
        },
        ...(body && { body: JSON.stringify(body) }),
      }),
    )
    // biome-ignore lint/suspicious/noExplicitAny: as it came
    const json = (await response.json()) as any
    if (!response.ok) throw new Error(`${path}: ${JSON.stringify(json)}`)
    return { json, headers: response.headers }
  }
  const mark = (set: Set<string>): string => {
    const word = wordOf(++words)
    set.add(word)
    return word
  }
  const talks: Talk[] = []
  const imported: { readonly id: string; readonly texts: Set<string> }[] = []

  const begin = (kind: TalkKind): Talk => {
    const texts = new Set<string>()
    const talk: Talk = {
      kind,
      texts,
      bytes: new Set(),
      messages: [],
      ...(kind === 'system' && { system: `Du bist ${mark(texts)}.` }),
      decisions: [],
      answers: [],
    }
    talks.push(talk)
    return talk
  }
  const contentOf = (talk: Talk): Message['content'] => {
    const text = `Was ist ${mark(talk.texts)}? ${talk.kind === 'stated' ? 'Please remember that I prefer short answers.' : ''}`
    if (talk.kind !== 'image') return text
    const data = Buffer.from(`${mark(talk.bytes)} ${'x'.repeat(200)}`).toString('base64')
    return [
      { type: 'image', source: { type: 'base64', media_type: 'image/png', data } },
      { type: 'text', text },
    ]
  }
  /** One message and its answer, after a while. */
  const say = async (talk: Talk): Promise<void> => {
    await server.pass(60_000 + rng.int(3600_000))
    claudeSays = () => `Das ist ${mark(talk.texts)}.`
    const messages: Message[] = [...talk.messages, { role: 'user', content: contentOf(talk) }]
    const request = {
      model: 'claude-sonnet-5-5',
      max_tokens: 300,
      messages,
      ...(talk.system !== undefined && { system: talk.system }),
      ...(talk.kind === 'tools' && { tools: [TOOL] }),
      metadata: { user_id: `user-${talks.indexOf(talk)}` },
    }
    if (talk.kind === 'reranked') {
      const candidates = [1, 2].map((n) => ({
        text: `Antwort ${n}: ${mark(talk.texts)}.`,
        messageId: `msg_r${++answers}`,
      }))
      const { winner, decisionId } = await running.device.rerank({ messages }, candidates)
      talk.messages.push(...messages.slice(-1), assistant(candidates[winner]!.text))
      talk.decisions.push(decisionId ?? '')
      talk.answers.push(candidates[0]!.messageId)
    } else {
      const isQuiet = talk.kind === 'off' || talk.kind === 'incognito'
      const mode = isQuiet ? { 'loreweave-mode': talk.kind } : {}
      const { json, headers } = await call('/v1/messages', request, mode)
      talk.messages.push(...messages.slice(-1), assistant(json.content[0].text))
      const id = headers.get('loreweave-decision')
      if (id) {
        talk.decisions.push(id)
        talk.answers.push(json.id)
      }
    }
    await running.device.settled()
  }
  const feedback = async (talk: Talk, kind: FeedbackKind): Promise<void> => {
    const decisionId = talk.decisions.at(-1)
    if (decisionId === undefined) return
    await server.pass(1000 + rng.int(60_000))
    const texts: Readonly<Partial<Record<FeedbackKind, () => object>>> = {
      thumbs: () => ({ value: 1 }),
      edit: () => ({ text: `Besser: ${mark(talk.texts)}.` }),
      follow_up: () => ({ text: `shorter please, ${mark(talk.texts)}` }),
      choose: () => ({ chosen: talk.kind === 'reranked' ? 1 : 0 }),
    }
    await call('/v1/feedback', { event: { kind, decisionId, ...texts[kind]?.() } })
  }
  const importChoices = (count: number, at?: number) => {
    const made = Array.from({ length: count }, () => {
      const texts = new Set<string>()
      const id = `log-${imported.length}-${mark(texts)}`
      imported.push({ id, texts })
      return {
        user: 'ada',
        id,
        messages: [{ role: 'user' as const, content: `Erkläre ${mark(texts)}.` }],
        candidates: [`Lang: ${mark(texts)}`, `Kurz: ${mark(texts)}`],
        chosen: rng.int(2),
        ...(at !== undefined && { at }),
      }
    })
    return running.device.importChoices(made)
  }
  return {
    folder,
    outside,
    home,
    server,
    rng,
    talks,
    imported,
    call,
    begin,
    say,
    feedback,
    importChoices,
    device: () => running.device,
    store: () => running.store,
    train: (objective: 'reward' | 'kto' | 'completion' = 'reward') =>
      running.device.train({ adapter: true, epochs: 1, objective }),
    /** isAccepted: whether the server takes the update, or cannot be reached for it. */
    participate: async (isAccepted: boolean) => {
      isTaken.now = isAccepted
      await running.device.participate().catch(() => undefined)
      isTaken.now = true
    },
    enroll: async () => {
      await running.device.enroll(await server.operator.token())
      await running.device.grantConsent(['adapter', 'prior', 'statistics'], null, 1)
    },
    /** What is where. */
    words: () => wordsIn(folder),
    restart: async (settings: DeviceSettingsInput = options.settings ?? {}) => {
      await running.device.close()
      running = open(settings)
    },
    close: async () => {
      await running.device.close()
      rmSync(outside, { recursive: true })
    },
  }
}

const assistant = (content: string): Message => ({ role: 'assistant', content })

const TOOL = { name: 'look', description: 'looks', input_schema: { type: 'object' } }

const messageOf = (n: number, text: string): object => ({
  id: `msg_${n}`,
  type: 'message',
  role: 'assistant',
  model: 'claude-sonnet-5-5',
  content: [{ type: 'text', text }],
  stop_reason: 'end_turn',
  usage: { input_tokens: 10, output_tokens: 20 },
})

/** Random use, for a while: each kind of talk, feedback, imports, a training and rounds, in any order. */
export const use = async (marked: MarkedHome, rng: Rng, steps: number): Promise<void> => {
  const { talks } = marked
  const some = <T>(all: readonly T[]): T => all[rng.int(all.length)]!
  await marked.enroll()
  // Of the form: they hold in any language, and an undo of their lines teaches something.
  await marked.device().editProfile(
    (['lists', 'emoji'] as const).map((dimension) => ({
      op: 'state' as const,
      dimension,
      direction: 1 as const,
      strength: 1,
      scope: 'all' as const,
    })),
  )
  await marked.importChoices(2)
  for (const kind of TALK_KINDS) await marked.say(marked.begin(kind))
  for (let step = 0; step < steps; step++) {
    const what = rng.int(20)
    if (what < 7) await marked.say(some(talks))
    else if (what < 9) await marked.say(marked.begin(some(TALK_KINDS)))
    else if (what < 16) await marked.feedback(some(talks), some(FEEDBACK_KINDS))
    else if (what < 17) await marked.importChoices(1 + rng.int(2), marked.server.now())
    else if (what < 18) await marked.train().catch(() => undefined)
    else await marked.participate(rng.int(2) === 0)
  }
}
