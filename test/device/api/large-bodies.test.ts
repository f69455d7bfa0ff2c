/**
 * Bodies of 100 MB between an app and Claude: the device holds a little of them, and only Messages
 * have a limit of size.
 */
import { connect } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { closeAll, deviceBefore, sendRaw } from './real-claude.ts'

afterEach(closeAll)

const MB = 1e6
const CHUNK = Buffer.alloc(65_536, 'x')
const CHUNKS = Math.ceil((100 * MB) / CHUNK.length)
const BYTES = CHUNKS * CHUNK.length

type Writable = { write(bytes: Buffer): boolean; once(event: 'drain', then: () => void): unknown }

/** As fast as they are taken; taken: how many bytes were. */
const writeAll = (to: Writable, frame: (chunk: Buffer) => Buffer, end: () => void) => {
  const progress = { taken: 0 }
  const write = (): void => {
    while (progress.taken < BYTES) {
      const isFree = to.write(frame(CHUNK))
      progress.taken += CHUNK.length
      if (!isFree) {
        to.once('drain', write)
        return
      }
    }
    end()
  }
  write()
  return progress
}
const asOne = (chunk: Buffer) => chunk
const asChunk = (chunk: Buffer) =>
  Buffer.concat([Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n')])

/** Until nothing more is taken. */
const settled = async (taken: () => number): Promise<number> => {
  const seen: number[] = []
  const isSettled = () => seen.push(taken()) > 3 && seen.at(-4) === taken() && taken() > 0
  await expect.poll(isSettled, { timeout: 20_000 }).toBe(true)
  return taken()
}

/**
 * What the connections of the system hold between three programs; the device's own part is a
 * fraction of a megabyte.
 */
const BETWEEN = 40 * MB

const headFor = (path: string, port: number, size: string): string =>
  `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nx-api-key: k\r\n${size}\r\n\r\n`

test.each([
  ['/v1/files', 'files', true],
  ['/v1/messages/batches', 'messages/batches', true],
  ['/files', 'files', false],
])(
  'one for %s is taken from the app no faster than Claude takes it',
  async (path, what, isTold) => {
    let begin = () => {}
    const begun = new Promise<void>((resolve) => {
      begin = resolve
    })
    let came = 0
    let length: string | undefined
    const { port, sent } = await deviceBefore(async (request, response) => {
      length = request.headers['content-length']
      await begun
      for await (const part of request) came += part.length
      response.end('{}')
    })
    const size = isTold ? `content-length: ${BYTES}` : 'transfer-encoding: chunked'
    let progress = { taken: 0 }
    const answer = sendRaw(port, headFor(path, port, size), (socket) => {
      progress = isTold
        ? writeAll(socket, asOne, () => {})
        : writeAll(socket, asChunk, () => socket.write('0\r\n\r\n'))
    })
    expect(await settled(() => progress.taken)).toBeLessThan(BETWEEN)
    begin()
    expect(await answer).toMatch(/^HTTP\/1\.1 200 /)
    expect(came).toBe(BYTES)
    expect(length).toBe(isTold ? String(BYTES) : undefined)
    expect(sent).toMatchObject([{ bytes: BYTES, what }])
    expect(sent[0]?.digest).toMatch(/^[0-9a-f]{64}$/)
  },
)

test('one from Claude is taken no faster than the app takes it', async () => {
  let progress = { taken: 0 }
  const { port } = await deviceBefore((_, response) => {
    response.writeHead(200, { 'content-length': BYTES })
    progress = writeAll(response, asOne, () => response.end())
  })
  let came = 0
  const socket = connect(port, '127.0.0.1')
  socket.write(
    `GET /v1/files/f/content HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nx-api-key: k\r\n\r\n`,
  )
  await expect.poll(() => progress.taken).toBeGreaterThan(0)
  expect(await settled(() => progress.taken)).toBeLessThan(BETWEEN)
  socket.on('data', (data) => {
    came += data.length
  })
  await expect.poll(() => came, { timeout: 20_000 }).toBeGreaterThanOrEqual(BYTES)
  socket.destroy()
})

test('one that Claude refuses at its beginning is answered with that refusal', async () => {
  const { port } = await deviceBefore((_, response) => {
    response.writeHead(413, { 'content-type': 'application/json' })
    response.end('{"type":"error","error":{"type":"request_too_large"}}')
  })
  const head = headFor('/v1/files', port, `content-length: ${BYTES}`)
  const answer = await sendRaw(port, head, (socket) => void socket.write(CHUNK))
  expect(answer).toMatch(/^HTTP\/1\.1 413 /)
  expect(answer).toContain('request_too_large')
})

describe.each(['/v1/messages', '/messages/count_tokens'])('one of 33 MB for %s', (path) => {
  test.each([
    ['as it is', {}],
    ['compressed', { 'content-encoding': 'gzip' }],
  ])('is refused %s', async (_, coding) => {
    const { url, sent } = await deviceBefore((_, response) => response.end('{}'))
    const body = Buffer.alloc(33 * 1024 * 1024)
    const headers = { 'x-api-key': 'k', ...(coding as Record<string, string>) }
    const response = await fetch(url + path, { method: 'POST', headers, body })
    expect(response.status).toBe(413)
    expect(await response.json()).toMatchObject({ error: { type: 'request_too_large' } })
    expect(sent).toEqual([])
  })
})
