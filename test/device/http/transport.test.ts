/** Against servers of a few lines that keep the very bytes of what came. */
import { createServer as createHttp, type Server as HttpServer } from 'node:http'
import { createRequire } from 'node:module'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import type * as Undici from 'undici'
import { afterEach, describe, expect, test } from 'vitest'
import { isUnsent, openTransport, type RawHeaders } from '../../../device/http/transport.ts'
import { openProxy } from './proxy.ts'
import { passTime } from './undici-time.ts'

const require = createRequire(import.meta.url)
const { Agent }: typeof Undici = require('undici')

const open: { close(): unknown }[] = []
afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
})

const listen = (server: Server): Promise<number> =>
  new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)),
  )

/**
 * A server that answers with what respond writes once the head of a request has come; heads: what
 * came, whole.
 */
const rawServer = async (respond: (socket: Socket, head: string) => void) => {
  const heads: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.once('data', (data) => {
      heads.push(data.toString('latin1'))
      respond(socket, data.toString('latin1'))
    })
  })
  const port = await listen(server)
  const close = () => {
    for (const socket of sockets) socket.destroy()
    return new Promise((done) => server.close(done))
  }
  open.push({ close })
  return { port, heads, sockets, url: `http://127.0.0.1:${port}/v1/messages` }
}

const closing = (server: HttpServer) => ({
  close: () => {
    server.closeAllConnections()
    server.close()
  },
})

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'
const transport = openTransport({})
const errorOf = (work: Promise<unknown>): Promise<Error> =>
  work.then(
    () => expect.fail('no error'),
    (error) => error,
  )

describe('a request', () => {
  test('has the headers that it is given, spelled and ordered so, and no other', async () => {
    const { port, heads, url } = await rawServer((socket) => socket.write(OK))
    const headers: RawHeaders = [
      ['X-Api-Key', 'k'],
      ['anthropic-version', '2023-06-01'],
      ['Anthropic-Beta', 'one'],
      ['Anthropic-Beta', 'two'],
      ['X-Note', 'caf\u00e9'],
      ['content-length', '3'],
    ]
    const response = await transport(new Request(url, { method: 'POST', body: 'abc' }), headers)
    expect(await response.text()).toBe('ok')
    expect(heads).toEqual([
      [
        'POST /v1/messages HTTP/1.1',
        `host: 127.0.0.1:${port}`,
        'connection: keep-alive',
        'X-Api-Key: k',
        'anthropic-version: 2023-06-01',
        'Anthropic-Beta: one',
        'Anthropic-Beta: two',
        'X-Note: caf\u00e9',
        'content-length: 3',
        '',
        'abc',
      ].join('\r\n'),
    ])
  })

  test('without raw headers has those of the request object, and no other', async () => {
    const { port, heads, url } = await rawServer((socket) => socket.write(OK))
    await (
      await transport(new Request(`${url}?beta=true`, { headers: { 'x-api-key': 'k' } }))
    ).text()
    expect(heads).toEqual([
      `GET /v1/messages?beta=true HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nconnection: keep-alive\r\nx-api-key: k\r\n\r\n`,
    ])
  })

  test('waits for an answer, and for the rest of one, as long as it takes', async () => {
    const { sockets, heads, url } = await rawServer(() => {})
    const opening = transport(new Request(url))
    const other = await rawServer(() => {})
    const { origin } = new URL(other.url)
    const limited = errorOf(new Agent().request({ origin, path: '/', method: 'GET' }))
    await expect.poll(() => [heads.length, other.heads.length]).toEqual([1, 1])
    passTime(20 * 60_000)
    // undici's own limits end where this test's clock is its clock.
    expect(await limited).toMatchObject({ code: 'UND_ERR_HEADERS_TIMEOUT' })
    const [socket] = sockets
    socket!.write('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nla')
    const response = await opening
    const reader = response.body!.getReader()
    expect(Buffer.from((await reader.read()).value!).toString()).toBe('la')
    passTime(20 * 60_000)
    socket!.write('te')
    expect(Buffer.from((await reader.read()).value!).toString()).toBe('te')
    expect((await reader.read()).done).toBe(true)
  })

  test.each(['before the connection', 'before the answer', 'in the middle of the answer'])(
    'ends with its caller %s',
    async (when) => {
      const server = await rawServer((socket) => {
        if (when === 'in the middle of the answer')
          socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nla')
      })
      const abort = new AbortController()
      const reason = new Error('gone')
      if (when === 'before the connection') abort.abort(reason)
      const opening = transport(new Request(server.url, { signal: abort.signal }))
      if (when === 'before the connection') {
        expect(await errorOf(opening)).toBe(reason)
        expect(server.heads).toEqual([])
        return
      }
      await expect.poll(() => server.heads.length).toBe(1)
      const reading = opening.then((response) => response.text())
      if (when === 'in the middle of the answer') await opening
      abort.abort(reason)
      expect(await errorOf(reading)).toBe(reason)
      const [socket] = server.sockets
      await expect.poll(() => socket!.destroyed || socket!.readableEnded).toBe(true)
    },
  )
})

describe('an error', () => {
  test('without a connection says that nothing was sent, also as a cause', async () => {
    const { port, url } = await rawServer(() => {})
    await open.pop()!.close()
    const error = await errorOf(transport(new Request(url, { method: 'POST', body: 'abc' })))
    expect(error).toMatchObject({ code: 'ECONNREFUSED', port })
    expect(isUnsent(error)).toBe(true)
    expect(isUnsent(new Error('no answer', { cause: error }))).toBe(true)
  })

  test.each([
    ['before the answer', ''],
    ['in the middle of its head', 'HTTP/1.1 200 OK\r\nconte'],
  ])('after the request has gone out does not: %s', async (_, sent) => {
    const { url } = await rawServer((socket) => socket.end(sent))
    const error = await errorOf(transport(new Request(url, { method: 'POST', body: 'abc' })))
    expect(isUnsent(error)).toBe(false)
  })

  test('in the middle of an answer comes after what came', async () => {
    const { url } = await rawServer((socket) =>
      socket.end('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nla'),
    )
    const { body } = await transport(new Request(url))
    const reader = body!.getReader()
    expect(Buffer.from((await reader.read()).value!).toString()).toBe('la')
    expect(isUnsent(await errorOf(reader.read()))).toBe(false)
  })

  test('of another kind is not mistaken for one', () => {
    expect(isUnsent(new Error('x'))).toBe(false)
    expect(isUnsent(undefined)).toBe(false)
  })
})

describe('an answer', () => {
  test('keeps its status, its headers and its coding', async () => {
    const zipped = gzipSync('answer')
    const { url } = await rawServer((socket) => {
      socket.write(
        `HTTP/1.1 529 Overloaded\r\nRequest-Id: req_1\r\nset-cookie: a=1\r\nset-cookie: b=2\r\ncontent-encoding: gzip\r\ncontent-length: ${zipped.length}\r\n\r\n`,
      )
      socket.write(zipped)
    })
    const response = await transport(new Request(url))
    expect([response.status, response.statusText]).toEqual([529, 'Overloaded'])
    expect(response.headers.get('request-id')).toBe('req_1')
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
    expect(Buffer.from(await response.arrayBuffer()).equals(zipped)).toBe(true)
  })

  test.each([
    ['204', 'GET', 'HTTP/1.1 204 No Content\r\n\r\n'],
    ['304', 'GET', 'HTTP/1.1 304 Not Modified\r\netag: "1"\r\n\r\n'],
    ['200', 'HEAD', 'HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\n'],
    ['200', 'GET', `HTTP/1.1 103 Early Hints\r\nlink: <x>\r\n\r\n${OK}`],
  ])('%s to %s is classified correctly', async (status, method, text) => {
    const { url } = await rawServer((socket) => socket.write(text))
    const response = await transport(new Request(url, { method }))
    expect(response.status).toBe(Number(status))
    expect(await response.text()).toBe(text.endsWith('ok') ? 'ok' : '')
  })

  test('that is not consumed is not read from the connection', async () => {
    let written = 0
    const server = createHttp((_, res) => {
      const chunk = Buffer.alloc(65_536)
      const more = () => {
        while (written < 200e6 && res.write(chunk)) written += chunk.length
      }
      res.on('drain', more)
      more()
    })
    const port = await listen(server)
    open.push(closing(server))
    const response = await transport(new Request(`http://127.0.0.1:${port}/v1/files/f/content`))
    const seen: number[] = []
    await expect.poll(() => seen.push(written) > 1 && seen.at(-2) === written).toBe(true)
    expect(written).toBeLessThan(50e6)
    await response.body!.cancel()
  })
})

test('the fetch of Node itself keeps its own connections', async () => {
  const { url } = await rawServer((socket) => socket.end(OK))
  expect(await (await fetch(url)).text()).toBe('ok')
  const dispatcher = (globalThis as Record<symbol, unknown>)[
    Symbol.for('undici.globalDispatcher.1')
  ]
  expect(dispatcher).toBeDefined()
  expect(dispatcher).not.toBeInstanceOf(Agent)
})

describe('a proxy', () => {
  const proxyTo = async (options: Parameters<typeof openProxy>[0]) => {
    const proxy = await openProxy(options)
    open.push(proxy)
    return { ...proxy, url: `http://127.0.0.1:${proxy.port}` }
  }
  const refusing = (answer: string) => proxyTo({ answer: `HTTP/1.1 ${answer}\r\n\r\n` })
  const anywhere = { insecureHttp: true }

  test('that the environment names is asked, and the headers go through it as they are', async () => {
    const { port, heads } = await rawServer((socket) => socket.end(OK))
    const proxy = await proxyTo({ ports: { 'claude.test:8080': port } })
    const through = openTransport({ HTTP_PROXY: proxy.url }, anywhere)
    const headers: RawHeaders = [
      ['Anthropic-Beta', 'one'],
      ['X-Api-Key', 'k'],
      ['Anthropic-Beta', 'two'],
    ]
    const response = await through(new Request('http://claude.test:8080/v1/models'), headers)
    expect(await response.text()).toBe('ok')
    expect(proxy.asked).toEqual(['claude.test:8080'])
    expect(proxy.credentials).toEqual([undefined])
    expect(heads[0]?.split('\r\n').slice(1, -2)).toEqual([
      'host: claude.test:8080',
      'connection: keep-alive',
      'Anthropic-Beta: one',
      'X-Api-Key: k',
      'Anthropic-Beta: two',
    ])
  })

  test.each([
    ['ada:s%40crt', 'ada:s@crt'],
    ['ada', 'ada:'],
    ['a%zz:b', 'a%zz:b'],
  ])('gets the credentials of its address, %s', async (user, credentials) => {
    const { port } = await rawServer((socket) => socket.end(OK))
    const proxy = await proxyTo({ ports: { 'claude.test:80': port } })
    const url = proxy.url.replace('//', `//${user}@`)
    const through = openTransport({ HTTP_PROXY: url }, anywhere)
    await (await through(new Request('http://claude.test/'))).text()
    const [given] = proxy.credentials
    expect(Buffer.from(given?.replace('Basic ', '') ?? '', 'base64').toString()).toBe(credentials)
  })

  test.each([
    ['403 Forbidden', 403, 'answered 403: it refuses connections to api.anthropic.com:443'],
    ['502 Bad Gateway', 502, 'answered 502'],
    ['407 Who\r\nproxy-authenticate: Basic realm="a"', 407, 'requires a user and a password'],
    ['407 Who', 407, 'requires a user and a password'],
    [
      '407 Who\r\nproxy-authenticate: Negotiate\r\nproxy-authenticate: NTLM',
      407,
      'by Negotiate or NTLM, which this device does not support',
    ],
  ])(
    'that answers %j causes an error that says so, and nothing was sent',
    async (answer, status, words) => {
      const proxy = await refusing(answer)
      const url = proxy.url.replace('//', '//ada:secret@')
      const request = new Request('https://api.anthropic.com/v1/models')
      const error = await errorOf(openTransport({ https_proxy: url })(request))
      expect(error).toMatchObject({ status, message: expect.stringContaining(words) })
      expect(error.message).toContain(`the proxy ${proxy.url} answered`)
      expect(isUnsent(error)).toBe(true)
      expect(proxy.asked).toEqual(['api.anthropic.com:443'])
    },
  )

  test('that is not there causes an error that says so', async () => {
    const proxy = await proxyTo({})
    proxy.close()
    const through = openTransport({ HTTPS_PROXY: proxy.url })
    const error = await errorOf(through(new Request('https://claude.test/')))
    expect(error.message).toBe(`the proxy ${proxy.url} does not answer: ECONNREFUSED`)
    expect(isUnsent(error)).toBe(true)
  })

  test('that never answers does not delay a caller who aborts', async () => {
    const proxy = await proxyTo({ answer: null })
    const through = openTransport({ HTTPS_PROXY: proxy.url })
    const abort = new AbortController()
    const reading = errorOf(through(new Request('https://claude.test/', { signal: abort.signal })))
    await expect.poll(() => proxy.asked.length).toBe(1)
    abort.abort(new Error('gone'))
    expect(await reading).toMatchObject({ message: 'gone' })
  })

  test.each(['', '*'])('is not asked for this machine, where NO_PROXY is %j', async (NO_PROXY) => {
    const { url } = await rawServer((socket) => socket.end(OK))
    const proxy = await proxyTo({})
    const direct = openTransport({ HTTP_PROXY: proxy.url, NO_PROXY })
    expect(await (await direct(new Request(url))).text()).toBe('ok')
    expect(proxy.asked).toEqual([])
  })

  test('is not asked for what NO_PROXY names', async () => {
    const proxy = await proxyTo({})
    const direct = openTransport({ HTTP_PROXY: proxy.url, NO_PROXY: '.invalid' }, anywhere)
    const error = await errorOf(direct(new Request('http://claude.invalid:8080/')))
    expect(error).toMatchObject({ syscall: 'getaddrinfo' })
    expect(proxy.asked).toEqual([])
  })
})

test('plain http to another computer is refused, and no name is looked up for it', async () => {
  const { url, heads } = await rawServer((socket) => socket.end(OK))
  const refused = await errorOf(transport(new Request('http://claude.invalid/v1/messages')))
  expect(refused).toMatchObject({
    code: 'E_INSECURE',
    message: expect.stringMatching(/^http:\/\/claude\.invalid is not encrypted.*insecureHttp/),
  })
  expect(await (await transport(new Request(url))).text()).toBe('ok')
  expect(heads).toHaveLength(1)
})
