/** Bodies of 200 MB through a device that was started as a program: they arrive whole, and its memory stays as it was. */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { afterAll, expect, test } from 'vitest'
import { call } from '../cli-call.ts'
import { start } from '../cli-process.ts'
import { temporaryFolder } from '../device-fixture.ts'
import { listen } from '../http/proxy.ts'

const folder = temporaryFolder()
afterAll(() => rmSync(folder, { recursive: true }))

const CHUNK = Buffer.alloc(1 << 20, 'what an app sends ')
const CHUNKS = 200
const BYTES = CHUNKS * CHUNK.length

/** Every chunk is another. */
async function* content(): AsyncGenerator<Buffer> {
  for (let i = 0; i < CHUNKS; i++) {
    const chunk = Buffer.from(CHUNK)
    chunk.writeUInt32BE(i)
    yield chunk
  }
}
const digestOf = async (body: AsyncIterable<Uint8Array>): Promise<string> => {
  const hash = createHash('sha256')
  for await (const chunk of body) hash.update(chunk)
  return hash.digest('hex')
}

/** Megabytes, of the Linux kernel: now, or the most ever. */
const memory = (pid: number, what: 'VmRSS' | 'VmHWM'): number =>
  Number(
    new RegExp(`^${what}:\\s+(\\d+) kB`, 'm').exec(
      readFileSync(`/proc/${pid}/status`, 'utf8'),
    )?.[1],
  ) / 1000

/** Above what it has at rest: buffers of connections, and garbage that is not collected yet. */
const MOST_MORE_MB = 100

test.skipIf(process.platform !== 'linux')('of 200 MB, to Files and Batches and back', async () => {
  const came: [string, string][] = []
  const claude = createServer(async (request, response) => {
    if (request.method === 'GET') {
      for await (const chunk of content()) if (!response.write(chunk)) await once(response, 'drain')
      response.end()
      return
    }
    came.push([request.url ?? '', await digestOf(request)])
    response.end('{}')
  })
  const port = await listen(claude)
  await call(folder, ['init', '--model', 'tiny', '--claude-url', `http://127.0.0.1:${port}`])
  const device = start(folder, ['serve', '--port', '0'])
  try {
    const [line] = await once(device.stdout, 'data')
    const { url } = JSON.parse(String(line)) as { url: string }
    const send = (path: string, headers: Record<string, string> = {}) =>
      fetch(url + path, {
        method: 'POST',
        headers: { 'x-api-key': 'k', ...headers },
        body: ReadableStream.from(content()),
        duplex: 'half',
      } as RequestInit)
    await (
      await fetch(`${url}/v1/models`, { headers: { 'x-api-key': 'k' }, method: 'POST' })
    ).text()
    const atRest = memory(device.pid!, 'VmRSS')
    const digest = await digestOf(content())

    for (const path of ['/v1/files', '/v1/messages/batches'])
      expect((await send(path)).status).toBe(200)
    expect(came.slice(1)).toEqual([
      ['/v1/files', digest],
      ['/v1/messages/batches', digest],
    ])
    const answer = await fetch(`${url}/v1/files/f/content`, { headers: { 'x-api-key': 'k' } })
    expect(await digestOf(answer.body as unknown as AsyncIterable<Uint8Array>)).toBe(digest)

    const more = memory(device.pid!, 'VmHWM') - atRest
    console.log(
      `3 times ${Math.round(BYTES / 1e6)} MB took ${Math.round(more)} MB of memory above ${Math.round(atRest)} MB`,
    )
    expect(more).toBeLessThan(MOST_MORE_MB)
  } finally {
    device.kill('SIGKILL')
    claude.closeAllConnections()
    claude.close()
  }
})
