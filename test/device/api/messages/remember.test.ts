/**
 * What is remembered of answers, through the API in front of a real device, with Claude's bytes
 * written by hand.
 */
import { beforeAll, describe, expect, test } from 'vitest'
import type { LocalModel } from '../../../../device/engine/model/open.ts'
import { fakeDevice as openFake, tinyModel } from '../../device-fixture.ts'
import { buildApi, fakeDevice } from '../fakes.ts'

let model: LocalModel
beforeAll(async () => {
  model = await tinyModel()
})

const user = (content: unknown) => ({ role: 'user', content })
const FIRST = [user('Wie entsteht Regen, und was hat das mit den Wolken zu tun?')]
const event = (data: object & { type: string }) =>
  `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`
const BOUND =
  '{"type":"error","error":{"type":"invalid_request_error","message":"messages.1.content.0: Invalid `signature`: the block is bound to a different conversation"}}'

/** Claude answers with what stands at its turn; a string is a stream. */
const build = (...answers: (object | string | ReadableStream<Uint8Array>)[]) => {
  const bodies: Record<string, unknown>[] = []
  const { device } = openFake(model)
  void device.editProfile([
    { op: 'state', dimension: 'emoji', direction: -1, strength: 1, scope: 'all' },
  ])
  const api = buildApi(
    {
      transport: async (request) => {
        bodies.push(JSON.parse(await request.text()))
        const answer = answers.shift() ?? { id: 'msg_x', type: 'message', content: [] }
        if (answer === BOUND)
          return new Response(BOUND, {
            status: 400,
            headers: { 'content-type': 'application/json' },
          })
        return answer instanceof ReadableStream || typeof answer === 'string'
          ? new Response(answer, { headers: { 'content-type': 'text/event-stream' } })
          : Response.json(answer)
      },
    },
    { ...fakeDevice(), device },
  )
  const send = async (messages: object[], more: object = {}) => {
    const body = { model: 'claude-sonnet-5-5', max_tokens: 100, messages, ...more }
    return api.post('/v1/messages', body, { 'loreweave-candidates': '1' })
  }
  const systems = () => bodies.map((b) => (b['system'] === undefined ? 'none' : 'block'))
  return { ...api, device, send, systems }
}

const following = (content: object[]) => [
  ...FIRST,
  { role: 'assistant', content },
  user('Und dann?'),
]
const thought = { type: 'thinking', thinking: '', signature: 'sig_1' }
const message = (content: object[], more: object = {}) => ({
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  content,
  stop_reason: 'end_turn',
  ...more,
})

describe('a signature is remembered', () => {
  const starts = event({ type: 'message_start', message: { id: 'msg_1', content: [] } } as never)
  const thinks = [
    event({
      type: 'content_block_start',
      index: 0,
      content_block: { type: 'thinking', thinking: '', signature: '' },
    } as never),
    event({
      type: 'content_block_delta',
      index: 0,
      delta: { type: 'signature_delta', signature: 'sig_1' },
    } as never),
  ].join('')

  test('of a whole answer', async () => {
    const { send, systems } = build(message([thought]))
    await (await send(FIRST)).text()
    await send(following([thought]))
    expect(systems()).toEqual(['block', 'block'])
  })

  test('of a stream', async () => {
    const { send, systems } = build(starts + thinks + event({ type: 'message_stop' }))
    await (await send(FIRST, { stream: true })).text()
    await send(following([thought]))
    expect(systems()).toEqual(['block', 'block'])
  })

  test.each([
    ['broke off', (stream: ReadableStreamDefaultController) => stream.error(new Error('lost'))],
    ['was abandoned', () => {}],
  ])('of a stream that %s', async (_name, end) => {
    const source = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(starts + thinks))
      },
      pull: (controller) => end(controller),
    })
    const { send, systems } = build(source)
    const reader = (await send(FIRST, { stream: true })).body!.getReader()
    await reader.read()
    await reader.cancel().catch(() => {})
    await send(following([thought]))
    expect(systems()).toEqual(['block', 'block'])
  })

  test.each([
    ['whole', event({ type: 'message_stop' })],
    ['still coming', event({ type: 'content_block_stop', index: 0 } as never)],
  ])('of a stream that is %s, before its connection closes', async (_name, last) => {
    const source = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new TextEncoder().encode(starts + thinks + last)),
    })
    const { send, systems } = build(source)
    const reader = (await send(FIRST, { stream: true })).body!.getReader()
    await reader.read()
    await send(following([thought]))
    expect(systems()).toEqual(['block', 'block'])
    await reader.cancel()
  })

  test('of a block that comes whole, as summaries do', async () => {
    const summary = { type: 'compaction', content: 'Rain.', signature: 'sig_c' }
    const { send, systems } = build(
      message([thought]),
      starts +
        event({ type: 'content_block_start', index: 0, content_block: summary } as never) +
        event({ type: 'message_stop' }),
    )
    await (await send(FIRST)).text()
    const asked = following([thought])
    await (await send(asked, { stream: true, compaction: { type: 'summarize' } })).text()
    const summarized = [user([summary, { type: 'text', text: 'Und dann?' }])]
    await send(summarized)
    await send(summarized, { stop_sequences: ['.'] })
    expect(systems()).toEqual(['block', 'block', 'block', 'block'])
  })
})

describe('where Claude says that thinking is bound to another conversation', () => {
  test('the request goes once more as the app wrote it, and so from then on', async () => {
    const { send, systems, reports } = build(message([thought]), BOUND, message([]))
    await (await send(FIRST)).text()
    expect((await send(following([thought]))).status).toBe(200)
    await send(following([thought]))
    expect(systems()).toEqual(['block', 'block', 'none', 'none'])
    expect(reports).toEqual([{ what: 'suffix_mismatch', code: 'E_CONFLICT' }])
  })

  test('a suffix that could be missing is added, and stays', async () => {
    const lost = { ...thought, signature: 'sig_lost' }
    const { send, systems } = build(message([thought]), BOUND, message([]), message([]))
    await (await send(FIRST)).text()
    expect((await send(following([lost]))).status).toBe(200)
    await send(following([lost]))
    expect(systems()).toEqual(['block', 'none', 'block', 'block'])
  })

  test('so is what another device of the same user began it with', async () => {
    const { send, systems } = build(BOUND, message([]), message([]))
    expect((await send(following([thought]))).status).toBe(200)
    await send(following([thought]))
    expect(systems()).toEqual(['none', 'block', 'block'])
  })

  test("Claude's error is passed on where that does not help", async () => {
    const { send, systems } = build(message([thought]), BOUND, BOUND, message([]))
    await (await send(FIRST)).text()
    const response = await send(following([thought]))
    expect([response.status, await response.text()]).toEqual([400, BOUND])
    await send(following([thought]))
    expect(systems()).toEqual(['block', 'block', 'none', 'block'])
  })

  test('it goes once more only if thinking came with it', async () => {
    const { send, systems } = build(BOUND)
    expect((await send(FIRST)).status).toBe(400)
    expect(systems()).toEqual(['block'])
  })
})

test('thinking that Claude dropped for its prefix is reported', async () => {
  const dropped = { type: 'thinking_dropped', reason: 'prefix_binding_mismatch', path: 'x' }
  const { send, reports } = build(message([], { input_transformations: [dropped] }))
  await (await send(following([thought]))).text()
  expect(reports).toEqual([{ what: 'thinking_dropped', code: 'E_CONFLICT' }])
})
