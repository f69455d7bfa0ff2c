/**
 * Answers that take longer than the five minutes after which `fetch` gives up: they arrive, and are
 * asked for once.
 */
import type { ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import type * as Undici from 'undici'
import { afterEach, describe, expect, test } from 'vitest'
import { type HttpTransport, openTransport } from '../../../device/http/transport.ts'
import { passTime } from '../http/undici-time.ts'
import { messageText } from './fakes.ts'
import { closeAll, deviceBefore } from './real-claude.ts'

const undici: typeof Undici = createRequire(import.meta.url)('undici')

afterEach(closeAll)

const BODY = JSON.stringify({
  model: 'claude-sonnet-5',
  max_tokens: 16_000,
  messages: [{ role: 'user', content: 'A long story.' }],
})
const STREAMED = BODY.replace('{', '{"stream":true,')

/** A device before a Claude that holds every answer; begun: the answers that it holds. */
const held = async (transport?: HttpTransport) => {
  const begun: ServerResponse[] = []
  const { url } = await deviceBefore((request, response) => {
    request.resume().on('end', () => begun.push(response))
  }, transport)
  const ask = (path: string, body: string) =>
    fetch(url + path, {
      method: 'POST',
      headers: { 'x-api-key': 'k', 'content-type': 'application/json' },
      body,
    })
  return { begun, ask }
}

const WAYS = [
  ['/v1/messages', BODY],
  ['/v1/messages', STREAMED],
  ['/v1/messages/count_tokens', BODY],
  ['/v1/messages/batches', '{"requests":[]}'],
  ['/v1/complete', '{"prompt":"x"}'],
] as const

/** The 310 s are undici's, whose clock is moved; the SDKs' own limit is 600 s. */
test.each(WAYS)('one for %s that begins after 310 s, %s', async (path, body) => {
  const { begun, ask } = await held()
  const asking = ask(path, body)
  await expect.poll(() => begun.length).toBe(1)
  passTime(310_000)
  begun[0]!.setHeader('content-type', 'application/json').end(messageText(1))
  const answer = await asking
  expect([answer.status, await answer.text()]).toEqual([200, messageText(1)])
  expect(begun).toHaveLength(1)
})

test.each(WAYS)('one for %s that stands still for 1000 s in its middle, %s', async (path, body) => {
  const { begun, ask } = await held()
  const asking = ask(path, body)
  await expect.poll(() => begun.length).toBe(1)
  const text = messageText(1)
  begun[0]!.writeHead(200, { 'content-type': 'application/json' }).write(text.slice(0, 20))
  // It has reached the device, whose clock for a standing body begins.
  await new Promise((resolve) => setTimeout(resolve, 50))
  passTime(1_000_000)
  begun[0]!.end(text.slice(20))
  const answer = await asking
  expect([answer.status, await answer.text()]).toEqual([200, text])
  expect(begun).toHaveLength(1)
})

describe('under the limits of fetch itself', () => {
  const dispatcher = new undici.Agent()
  const limited: HttpTransport = async (request) => {
    const headers = [...request.headers].filter(([name]) => name !== 'content-length')
    const body = await request.text()
    const { url, method } = request
    return (await undici.fetch(url, { method, headers, body, dispatcher })) as unknown as Response
  }

  test.each(['before it begins', 'in its middle'])('the same answer is lost %s', async (when) => {
    const { begun, ask } = await held(limited)
    const asking = ask('/v1/messages', BODY)
    await expect.poll(() => begun.length).toBe(1)
    if (when === 'in its middle') begun[0]!.writeHead(200).write('{"type"')
    await new Promise((resolve) => setTimeout(resolve, 50))
    passTime(310_000)
    const answer = await asking
    if (when === 'before it begins') expect(answer.status).toBe(502)
    else await expect(answer.text()).rejects.toThrow()
    expect(begun).toHaveLength(1)
  })
})

test('a Claude address that is not encrypted is refused, in words for whoever set it', async () => {
  const refusing: HttpTransport = () =>
    openTransport({})(new Request('http://claude.test/v1/messages'))
  const { begun, ask } = await held(refusing)
  for (const [path, body] of WAYS) {
    const answer = await ask(path, body)
    expect(answer.status).toBe(403)
    expect(await answer.json()).toMatchObject({
      error: {
        type: 'permission_error',
        code: 'E_INSECURE',
        message: expect.stringContaining('insecureHttp'),
      },
    })
  }
  expect(begun).toEqual([])
})
