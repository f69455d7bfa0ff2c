/**
 * Bytes from an app to Claude and back, through a device on a real port, to a Claude of a few
 * lines.
 */
import type { IncomingMessage } from 'node:http'
import { brotliCompressSync, createGzip, gzipSync } from 'node:zlib'
import { afterEach, describe, expect, test } from 'vitest'
import { sha256Hex } from '../../../../adapters/node/sha256.ts'
import { DEVICE_TOKEN, messageText, STREAM_TEXT } from '../fakes.ts'
import { closeAll, deviceBefore, sendRaw } from '../real-claude.ts'

afterEach(closeAll)

const bodyOf = async (message: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = []
  for await (const chunk of message) chunks.push(chunk)
  return Buffer.concat(chunks)
}

const asked = JSON.stringify({
  model: 'claude',
  max_tokens: 10,
  messages: [{ role: 'user', content: 'Hi' }],
})
const key = { 'x-api-key': 'sk-callers' }

describe('the headers of a request', () => {
  const upstream = async (lines: string[], body = '') => {
    const seen: string[][] = []
    const { port } = await deviceBefore((request, response) => {
      const { rawHeaders } = request
      seen.push(rawHeaders.flatMap((name, i) => (i % 2 ? [] : [`${name}: ${rawHeaders[i + 1]}`])))
      request.resume().on('end', () => response.end('{}'))
    })
    await sendRaw(port, `${[...lines, `Host: 127.0.0.1:${port}`].join('\r\n')}\r\n\r\n${body}`)
    return seen[0]?.filter((line) => !line.startsWith('host: '))
  }

  test('reach Claude spelled and ordered as the app sent them, and no other does', async () => {
    const seen = await upstream(
      [
        'POST /v1/messages HTTP/1.1',
        'X-Api-Key: sk-callers',
        'anthropic-version: 2023-06-01',
        'Anthropic-Beta: one,two',
        'Anthropic-Beta: three',
        'Accept-Encoding: gzip, br',
        `Content-Length: ${asked.length}`,
        'X-Stainless-Timeout: NOT_GIVEN',
      ],
      asked,
    )
    expect(seen).toEqual([
      'connection: keep-alive',
      'X-Api-Key: sk-callers',
      'anthropic-version: 2023-06-01',
      'Anthropic-Beta: one,two',
      'Anthropic-Beta: three',
      'Accept-Encoding: identity',
      'X-Stainless-Timeout: NOT_GIVEN',
      `content-length: ${asked.length}`,
    ])
  })

  test('of a path that the device does not read keep the coding that the app takes', async () => {
    expect(
      await upstream(['GET /models?limit=1000 HTTP/1.1', 'x-api-key: k', 'Accept-Encoding: zstd']),
    ).toEqual(['connection: keep-alive', 'x-api-key: k', 'Accept-Encoding: zstd'])
  })

  test.each(['GET', 'DELETE', 'HEAD'])('of a %s say nothing of a body', async (method) => {
    expect(await upstream([`${method} /v1/files/f_1 HTTP/1.1`, 'x-api-key: k'])).toEqual([
      method === 'HEAD' ? 'connection: close' : 'connection: keep-alive',
      'x-api-key: k',
    ])
  })

  test('of a POST without a body say that it is empty', async () => {
    expect(
      await upstream([
        'POST /v1/messages/batches/b_1/cancel HTTP/1.1',
        'x-api-key: k',
        'content-length: 0',
      ]),
    ).toEqual(['connection: keep-alive', 'x-api-key: k', 'content-length: 0'])
  })

  test('lose what belongs to the connection, to this computer or to the device', async () => {
    const seen = await upstream([
      'GET /v1/models HTTP/1.1',
      'x-api-key: k',
      `x-note: ${DEVICE_TOKEN}`,
      'cookie: other=site',
      'te: trailers',
      'x-hop: 1',
      'connection: keep-alive, x-hop',
      'loreweave-mode: on',
      'proxy-authorization: Basic x',
    ])
    expect(seen).toEqual(['connection: keep-alive', 'x-api-key: k'])
  })
})

describe('an answer', () => {
  const told = {
    'request-id': 'req_1',
    'retry-after': '7',
    'retry-after-ms': '6500',
    'x-should-retry': 'true',
    'anthropic-ratelimit-requests-remaining': '0',
    'anthropic-ratelimit-unified-5h-status': 'allowed_warning',
    'anthropic-organization-id': 'org_1',
    'cf-ray': 'abc',
  }
  const odd =
    '{ "type":"error",\n "error":{"type":"x_error","details":{"error_code":"new"}}, "n":1.0 }'

  test.each(
    [400, 401, 402, 429, 500, 529].flatMap((status) =>
      ['/v1/messages', '/v1/messages/count_tokens', '/v1/models'].map(
        (path) => [status, path] as const,
      ),
    ),
  )('%i to %s keeps its bytes and what it tells the app', async (status, path) => {
    const { url } = await deviceBefore((request, response) => {
      request.resume()
      response.writeHead(status, { ...told, 'content-type': 'application/json; charset=utf-8' })
      response.end(odd)
    })
    const isGet = path === '/v1/models'
    const response = await fetch(url + path, {
      method: isGet ? 'GET' : 'POST',
      headers: key,
      ...(!isGet && { body: asked }),
    })
    expect(response.status).toBe(status)
    expect(await response.text()).toBe(odd)
    expect(Object.fromEntries(response.headers)).toMatchObject({
      ...told,
      'content-type': 'application/json; charset=utf-8',
    })
  })

  test.each([
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
  ] as const)(
    'to messages that is %s unasked is read, and comes without the coding',
    async (coding, compress) => {
      const { url, answers } = await deviceBefore((request, response) => {
        request.resume()
        response.writeHead(200, { 'content-encoding': coding, 'content-type': 'application/json' })
        response.end(compress(messageText(1)))
      })
      const response = await fetch(`${url}/v1/messages`, {
        method: 'POST',
        headers: key,
        body: asked,
      })
      expect(response.headers.get('content-encoding')).toBeNull()
      expect(await response.text()).toBe(messageText(1))
      expect(answers[0]?.answers[0]?.text).toBe('answer 1')
    },
  )

  test('in a coding that the device does not know is passed on as it is', async () => {
    const { port } = await deviceBefore((request, response) => {
      request.resume()
      response.writeHead(200, { 'content-encoding': 'x-new', 'content-length': '3' })
      response.end('\x01\x02\x03')
    })
    const head = `POST /v1/messages HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nx-api-key: k\r\ncontent-length: ${asked.length}`
    expect(await sendRaw(port, `${head}\r\n\r\n${asked}`)).toMatch(/content-encoding: x-new/)
  })

  test('of a path that the device does not read stays coded as it came', async () => {
    const zipped = gzipSync('the file')
    const { port } = await deviceBefore((_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': zipped.length })
      response.end(zipped)
    })
    const text = await sendRaw(
      port,
      `GET /v1/files/f/content HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nx-api-key: k\r\naccept-encoding: gzip\r\n\r\n`,
    )
    expect(text).toMatch(/^content-encoding: gzip$/m)
    expect(text).toContain(`content-length: ${zipped.length}`)
    expect(text.endsWith(zipped.toString('latin1'))).toBe(true)
  })
})

describe('a stream', () => {
  /** Reads the first event before the second is sent. */
  const expectStreamed = async (response: Response, second: () => void, whole: string) => {
    const reader = response.body!.getReader()
    let text = ''
    const decoder = new TextDecoder()
    const more = async () => {
      const { done, value } = await reader.read()
      text += decoder.decode(value, { stream: true })
      return !done
    }
    while (!text.includes('message_start')) await more()
    expect(text).not.toContain('message_stop')
    second()
    while (await more());
    expect(text).toBe(whole)
  }
  const [first = '', rest = ''] = [STREAM_TEXT.slice(0, 90), STREAM_TEXT.slice(90)]
  const sse = { 'content-type': 'text/event-stream; charset=utf-8' }

  test.each([
    [
      'a compressed one',
      gzipSync(`{"stream":true,${asked.slice(1)}`),
      { 'content-encoding': 'gzip' },
    ],
    ['one that is no JSON', Buffer.from(`{"stream":true,,${asked.slice(1)}`), {}],
    ['one in another encoding', Buffer.from([0x7b, 0xff, 0xfe, 0x7d]), {}],
  ])(
    'to a body that cannot be read, %s, comes while it comes, and Claude gets those bytes',
    async (_, body, headers) => {
      let finish = () => {}
      const came: Buffer[] = []
      const { url } = await deviceBefore(async (request, response) => {
        came.push(await bodyOf(request))
        expect(request.headers).toMatchObject(headers)
        response.writeHead(200, sse)
        response.write(first)
        finish = () => response.end(rest)
      })
      const response = await fetch(`${url}/v1/messages`, {
        method: 'POST',
        headers: { ...key, ...headers, 'content-type': 'application/json' },
        body,
      })
      expect(response.headers.get('loreweave-status')).toMatch(/^passed-through\b/)
      await expectStreamed(response, () => finish(), STREAM_TEXT)
      expect(came[0]?.equals(body)).toBe(true)
    },
  )

  test.each(['/v1/messages', '/v1/messages/count_tokens'])(
    'to %s in a compressed body of untold length is answered',
    async (path) => {
      const body = gzipSync(asked)
      const came: Buffer[] = []
      const { port } = await deviceBefore(async (request, response) => {
        came.push(await bodyOf(request))
        expect(request.headers).toMatchObject({
          'content-encoding': 'gzip',
          'content-length': String(body.length),
        })
        response.end('{}')
      })
      const head = `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nx-api-key: k\r\ncontent-encoding: gzip\r\ntransfer-encoding: chunked\r\n\r\n`
      const answer = await sendRaw(port, head, (socket) => {
        socket.write(`${body.length.toString(16)}\r\n`)
        socket.write(body)
        socket.write('\r\n0\r\n\r\n')
      })
      expect(answer).toMatch(/^HTTP\/1\.1 200 /)
      expect(came[0]?.equals(body)).toBe(true)
    },
  )

  test('that is compressed unasked comes while it comes', async () => {
    let finish = () => {}
    const { url } = await deviceBefore((request, response) => {
      request.resume()
      response.writeHead(200, { ...sse, 'content-encoding': 'gzip' })
      const gzip = createGzip()
      gzip.pipe(response)
      gzip.write(first)
      gzip.flush()
      finish = () => gzip.end(rest)
    })
    const response = await fetch(`${url}/v1/messages`, {
      method: 'POST',
      headers: key,
      body: `{"stream":true,${asked.slice(1)}`,
    })
    await expectStreamed(response, () => finish(), STREAM_TEXT)
  })
})

test('the log of what left holds the digest of a small body to any path', async () => {
  const { url, sent } = await deviceBefore((request, response) => {
    request.resume().on('end', () => response.end('{}'))
  })
  const body = '{"requests":[]}'
  await (await fetch(`${url}/v1/messages/batches`, { method: 'POST', headers: key, body })).text()
  const digest = sha256Hex(new TextEncoder().encode(body))
  expect(sent).toEqual([
    { at: 0, recipient: 'claude', what: 'messages/batches', bytes: body.length, digest },
  ])
})
