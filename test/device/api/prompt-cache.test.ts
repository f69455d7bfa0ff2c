/** Claude's prompt cache behind a device that adds a block: whole conversations, with it and without it, against the mock's cache. */
import { beforeAll, expect, test } from 'vitest'
import type { LocalModel } from '../../../device/engine/model/open.ts'
import { createClaude } from '../../../eval/claude/claude.ts'
import { countInput, type InputUsage } from '../../../eval/claude/prompt-cache.ts'
import type { CountTokensBody } from '../../../eval/claude/wire.ts'
import { fakeDevice as openFake, tinyModel } from '../device-fixture.ts'
import { buildApi, fakeDevice } from './fakes.ts'

let model: LocalModel
beforeAll(async () => {
  model = await tinyModel()
})

type Body = CountTokensBody & { readonly max_tokens: number }
type Message = Body['messages'][number]

const mark = { cache_control: { type: 'ephemeral' as const } }
const instructions = 'Du hilfst in einer Bibliothek und kennst ihre Bestände. '.repeat(150)
const QUESTIONS = [
  'Wie entstehen Ebbe und Flut, und was hat der Mond damit zu tun?',
  'Und warum ist es an manchen Küsten so viel stärker?',
  'Welche Rolle spielt die Sonne dabei?',
  'Kann man daraus Strom gewinnen?',
]
const TURNS = QUESTIONS.length
/** No thinking unless asked: what is cached here must not depend on what is signed. */
const MODEL = 'claude-sonnet-4-6'

/** The conversation up to its k-th question, with the answers that came. */
const upTo = (turn: number, answers: readonly string[]): Message[] =>
  QUESTIONS.slice(0, turn).flatMap((question, i): Message[] => [
    ...(i > 0 ? [{ role: 'assistant' as const, content: answers[i - 1]! }] : []),
    { role: 'user', content: question },
  ])

/** The newest message carries the mark, as an app does that caches its conversation. */
const markedLast = (messages: readonly Message[]): Message[] =>
  messages.map((m, i) =>
    i === messages.length - 1
      ? { ...m, content: [{ type: 'text', text: m.content as string, ...mark }] }
      : m,
  )

const text = (words: string, marks: object = {}) => ({ type: 'text', text: words, ...marks })

/** How an app may write its turns. isBlockCached: a mark stands behind the block. */
const APPS: Readonly<
  Record<
    string,
    {
      readonly request: (turn: number, answers: readonly string[]) => object
      readonly isBlockCached: boolean
    }
  >
> = {
  'a system string, automatic caching': {
    request: (turn, answers) => ({ system: instructions, messages: upTo(turn, answers), ...mark }),
    isBlockCached: true,
  },
  'a system string, a mark on the newest message': {
    request: (turn, answers) => ({
      system: instructions,
      messages: markedLast(upTo(turn, answers)),
    }),
    isBlockCached: true,
  },
  'system blocks with a mark, and one on the newest message': {
    request: (turn, answers) => ({
      system: [text('Sei genau.'), text(instructions, mark)],
      messages: markedLast(upTo(turn, answers)),
    }),
    isBlockCached: true,
  },
  'system blocks without marks, automatic caching': {
    request: (turn, answers) => ({
      system: [text(instructions)],
      messages: upTo(turn, answers),
      ...mark,
    }),
    isBlockCached: true,
  },
  'system blocks with the only mark': {
    request: (turn, answers) => ({
      system: [text(instructions, mark)],
      messages: upTo(turn, answers),
    }),
    isBlockCached: false,
  },
  'no system, a document and automatic caching': {
    request: (turn, answers) => ({
      messages: upTo(turn, answers).map((m, i) =>
        i > 0
          ? m
          : {
              ...m,
              content: [
                { type: 'document', source: { type: 'text', data: instructions } },
                text(m.content as string),
              ],
            },
      ),
      ...mark,
    }),
    isBlockCached: true,
  },
}

const PROFILE = [
  { op: 'state', dimension: 'emoji', direction: -1 },
  { op: 'state', dimension: 'tables', direction: -1 },
  { op: 'state', dimension: 'lists', direction: 1 },
]

/** A real device with stated preferences before a fresh mock; bodies: what reached Claude. */
const throughDevice = async () => {
  const claude = createClaude({ seed: 1 })
  const bodies: Body[] = []
  const api = buildApi(
    {
      transport: async (request) => {
        const sent = await request.text()
        bodies.push(JSON.parse(sent))
        return claude.request('/v1/messages', {
          method: 'POST',
          headers: request.headers,
          body: sent,
        })
      },
    },
    { ...fakeDevice(), device: openFake(model).device },
  )
  const state = async (changes: readonly object[]) => {
    const edit = JSON.stringify({ protocol: 1, changes })
    expect((await api.call('/v1/profile', { method: 'PATCH', body: edit })).status).toBe(200)
  }
  await state(PROFILE)
  const post = (body: object) =>
    api.post('/v1/messages', body, { 'anthropic-version': '2023-06-01' })
  return { post, state, bodies }
}

const direct = () => {
  const claude = createClaude({ seed: 1 })
  return (body: object) =>
    claude.request('/v1/messages', {
      method: 'POST',
      headers: { 'x-api-key': 'k', 'anthropic-version': '2023-06-01' },
      body: JSON.stringify(body),
    })
}

type Answer = { readonly usage: InputUsage; readonly text: string }
const answerOf = async (response: Response): Promise<Answer> => {
  const { usage, content } = (await response.json()) as {
    usage: InputUsage
    content: { text: string }[]
  }
  return { usage, text: content[0]!.text }
}

test.each(Object.entries(APPS))(
  'with %s, later turns read from the cache what they would read without the device, and the block',
  async (_name, { request, isBlockCached }) => {
    const plain = direct()
    const { post, bodies } = await throughDevice()
    const answers: string[] = []
    for (let turn = 1; turn <= TURNS; turn++) {
      const body = { model: MODEL, max_tokens: 50, ...request(turn, answers) }
      const { usage: without } = await answerOf(await plain(body))
      const response = await post(body)
      expect(response.headers.get('loreweave-status')).toBe('personalized')
      const { usage: withBlock, text } = await answerOf(response)
      answers.push(text)
      const sent = bodies.at(-1)!
      const block = countInput(sent) - countInput(body as unknown as Body)
      expect(block).toBeGreaterThan(20)
      expect(sent.messages).toEqual((body as unknown as Body).messages)
      const [read, written, rest] = !isBlockCached
        ? [0, 0, block]
        : turn === 1
          ? [0, block, 0]
          : [block, 0, 0]
      expect(withBlock.cache_read_input_tokens).toBe(without.cache_read_input_tokens + read)
      expect(withBlock.cache_creation_input_tokens).toBe(
        without.cache_creation_input_tokens + written,
      )
      expect(withBlock.input_tokens).toBe(without.input_tokens + rest)
      if (turn > 1) expect(without.cache_read_input_tokens).toBeGreaterThan(1024)
    }
  },
)

test.each(Object.entries(APPS))(
  'with %s, a preference stated in the middle of a conversation does not cost its cache',
  async (_name, { request }) => {
    const body = (turn: number, answers: readonly string[]) => ({
      model: MODEL,
      max_tokens: 50,
      ...request(turn, answers),
    })
    const [steady, changing] = [await throughDevice(), await throughDevice()]
    const [, { text }] = [
      await answerOf(await steady.post(body(1, []))),
      await answerOf(await changing.post(body(1, []))),
    ]
    await changing.state([{ op: 'state', dimension: 'headings', direction: -1 }])
    const second = body(2, [text])
    expect((await answerOf(await changing.post(second))).usage).toEqual(
      (await answerOf(await steady.post(second))).usage,
    )
  },
)
