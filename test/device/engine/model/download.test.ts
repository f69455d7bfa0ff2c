import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { download } from '../../../../device/engine/model/download.ts'

const attempt = async (answer: RequestListener, timeouts: object) => {
  const folder = await mkdtemp(join(tmpdir(), 'download-'))
  const server = createServer(answer)
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/file`
  try {
    return await download({ url, partPath: join(folder, 'x.part'), bytes: 10, fetch, ...timeouts })
  } finally {
    server.closeAllConnections()
    await new Promise((done) => server.close(done))
    await rm(folder, { recursive: true })
  }
}

test('a server that never answers is given up', async () => {
  await expect(attempt(() => {}, { connectTimeoutMs: 50 })).rejects.toThrow(
    'no answer within 0.05 s',
  )
})

test('a transfer that stops in the middle is given up', async () => {
  const stalls: RequestListener = (_, response) => {
    response.writeHead(200, { 'content-length': 10 })
    response.write('12345')
  }
  await expect(attempt(stalls, { stallTimeoutMs: 50 })).rejects.toThrow(
    'the transfer stalled within 0.05 s',
  )
})

test('an address without a server gives the network reason', async () => {
  const gone = download({
    url: 'http://127.0.0.1:9/file',
    partPath: join(tmpdir(), 'never.part'),
    bytes: 10,
    fetch: () => Promise.reject(new TypeError('fetch failed', { cause: { code: 'ENOTFOUND' } })),
  })
  await expect(gone).rejects.toThrow('ENOTFOUND')
})
