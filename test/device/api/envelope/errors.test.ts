/** An app reads the device's own errors as it reads Claude's: with the SDK, over a real port. */
import Anthropic from '@anthropic-ai/sdk'
import { Hono } from 'hono'
import { afterEach, describe, expect, test } from 'vitest'
import { ERROR_CODES, FedError } from '../../../../adapters/errors.ts'
import type { ApiDeps } from '../../../../device/api/app.ts'
import { ApiError, errorResponse, STATUS } from '../../../../device/api/envelope/errors.ts'
import { serveApi } from '../../../../device/api/serve.ts'
import {
  buildApi,
  DEVICE_TOKEN,
  fakeClaude,
  fakeDevice,
  fakeInspection,
  planOf,
  STREAM_TEXT,
  soon,
} from '../fakes.ts'

const running: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const api of running.splice(0)) await api.close()
})

const clientOn = async (changes: Partial<ApiDeps> = {}, apiKey = 'sk-callers') => {
  const claude = fakeClaude()
  const reports: { what: string; code: string }[] = []
  const api = await serveApi(
    {
      device: fakeDevice({ planCandidates: () => planOf(1) }).device,
      inspection: fakeInspection(),
      deviceToken: DEVICE_TOKEN,
      claudeKey: null,
      claudeUrl: 'https://claude.test',
      transport: async (request) => claude.app.request(request),
      clock: () => 0,
      sleep: soon,
      logOutgoing: () => {},
      report: (event) => void reports.push(event),
      ...changes,
    },
    0,
  )
  running.push(api)
  const baseURL = `http://127.0.0.1:${api.port}`
  const client = new Anthropic({ apiKey, baseURL, maxRetries: 0, logLevel: 'off' })
  return { client, baseURL, reports }
}
const asked = {
  model: 'claude',
  max_tokens: 10,
  messages: [{ role: 'user' as const, content: 'Hi' }],
}
const errorOf = (work: Promise<unknown>): Promise<InstanceType<typeof Anthropic.APIError>> =>
  work.then(
    () => expect.fail('no error'),
    (error) => error,
  )

/** docs/api/errors, and the next of them for the statuses that Claude does not use. */
const CLAUDE_TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  408: 'timeout_error',
  409: 'conflict_error',
  413: 'request_too_large',
  422: 'invalid_request_error',
  429: 'rate_limit_error',
  500: 'api_error',
  502: 'api_error',
  503: 'api_error',
}

test.each(ERROR_CODES)(
  '%s has both envelopes, and the same id in body and header',
  async (code) => {
    const app = new Hono().get('/', (c) => errorResponse(new FedError(code, 'what failed'), c))
    const response = await app.request('/')
    const body = ApiError.parse(await response.json())
    expect(response.status).toBe(STATUS[code])
    expect(body).toEqual({
      type: 'error',
      error: { type: CLAUDE_TYPES[response.status], code, message: 'what failed' },
      request_id: response.headers.get('request-id'),
    })
  },
)

describe('the SDK', () => {
  test('names the type of what is refused for its credential', async () => {
    const { client } = await clientOn({}, DEVICE_TOKEN)
    const error = await errorOf(client.messages.create(asked))
    expect(error).toBeInstanceOf(Anthropic.AuthenticationError)
    expect(error).toMatchObject({ status: 401, type: 'authentication_error' })
    expect(error.apiMessage).toContain('no Claude key')
    expect(error.error).toMatchObject({ type: 'error', error: { code: 'E_NO_KEY' } })
    expect(error.requestID).toMatch(/^req_device_/)
  })

  test('names the type where Claude cannot be reached, and says where', async () => {
    const transport = async () => {
      throw new Error('refused')
    }
    const { client } = await clientOn({ transport })
    for (const stream of [false, true]) {
      const error = await errorOf(client.messages.create({ ...asked, stream }))
      expect(error).toMatchObject({ status: 502, type: 'api_error' })
      expect(error.apiMessage).toBe('no answer from claude.test')
    }
    expect(await errorOf(client.models.list())).toMatchObject({ status: 502, type: 'api_error' })
  })

  test.each([
    [
      'a header of the device that is wrong',
      { 'loreweave-mode': 'loud' },
      400,
      'invalid_request_error',
    ],
    ['another origin', { origin: 'https://other.example' }, 403, 'permission_error'],
  ])('names the type of %s', async (_, headers, status, type) => {
    const { client } = await clientOn()
    const error = await errorOf(
      client.messages.create(asked, { headers: headers as Record<string, string> }),
    )
    expect(error).toMatchObject({ status, type })
  })

  test('names the type of a body that is too large', async () => {
    const { client } = await clientOn()
    const content = 'x'.repeat(32 * 1024 * 1024)
    const error = await errorOf(
      client.messages.create({ ...asked, messages: [{ role: 'user', content }] }),
    )
    expect(error).toMatchObject({ status: 413, type: 'request_too_large' })
  })

  test('reads an error event where the device fails in the middle of a stream', async () => {
    const log = () => {
      throw new Error('the disk is full')
    }
    const { client, baseURL, reports } = await clientOn({ log })
    const read = async () => {
      for await (const _ of await client.messages.create({ ...asked, stream: true }));
    }
    const error = await errorOf(read())
    expect(error).toBeInstanceOf(Anthropic.APIError)
    expect(error).toMatchObject({ type: 'api_error' })
    expect(JSON.stringify(error.error)).toContain('E_INTERNAL')
    expect(reports).toEqual([{ what: 'stream', code: 'E_INTERNAL' }])

    const raw = await fetch(`${baseURL}/v1/messages`, {
      method: 'POST',
      headers: { 'x-api-key': 'k' },
      body: JSON.stringify({ ...asked, stream: true }),
    })
    const text = await raw.text()
    expect(text.startsWith(STREAM_TEXT)).toBe(true)
    const [, data = ''] = /^\n\nevent: error\ndata: (.*)\n\n$/.exec(text.slice(STREAM_TEXT.length))!
    expect(ApiError.parse(JSON.parse(data)).error.type).toBe('api_error')
    expect(text).not.toContain('disk')
  })

  test('sees a stream of Claude’s that breaks off as a lost connection, not as an error of the device', async () => {
    const transport = async () =>
      new Response(
        new ReadableStream({
          start: (controller) =>
            controller.enqueue(new TextEncoder().encode(STREAM_TEXT.slice(0, 90))),
          pull: (controller) => controller.error(new Error('reset')),
        }),
        { headers: { 'content-type': 'text/event-stream' } },
      )
    const { client, reports } = await clientOn({ transport })
    const error = await errorOf(client.messages.stream(asked).finalMessage())
    expect(error.status).toBeUndefined()
    expect(reports).toEqual([{ what: 'stream', code: 'E_UPSTREAM' }])
  })
})

test('a failure of the device is logged with the id that the caller gets', async () => {
  const settled = () => {
    throw new Error('secret words')
  }
  const api = buildApi({}, fakeDevice({ proposals: settled }))
  const response = await api.call('/v1/proposals')
  const body = ApiError.parse(await response.json())
  expect(body.error).toMatchObject({ type: 'api_error', code: 'E_INTERNAL' })
  expect(JSON.stringify(body)).not.toContain('secret')
  expect(api.reports).toEqual([
    { what: 'GET /v1/proposals', code: 'E_INTERNAL', requestId: body.request_id },
  ])
})

test('what could not be kept is refused with E_STORE, and with when to try again', async () => {
  const feedback = () =>
    Promise.reject(new FedError('E_STORE', 'nothing was kept: the disk is full'))
  const { baseURL } = await clientOn({ device: { ...fakeDevice().device, feedback } })
  const response = await fetch(`${baseURL}/v1/feedback`, {
    method: 'POST',
    headers: { 'x-api-key': DEVICE_TOKEN, 'content-type': 'application/json' },
    body: JSON.stringify({ protocol: 1, event: { kind: 'keep', decisionId: 'd_1' } }),
  })
  expect([response.status, response.headers.get('retry-after')]).toEqual([503, '5'])
  expect(ApiError.parse(await response.json()).error).toMatchObject({
    type: 'api_error',
    code: 'E_STORE',
    message: expect.stringContaining('full'),
  })
})
