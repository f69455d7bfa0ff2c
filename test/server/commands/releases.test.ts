import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createAdaptorServer } from '@hono/node-server'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { releasedAdapter } from '../../../adapters/contributions/adapter.ts'
import { decodeRelease } from '../../../adapters/contributions/messages.ts'
import { readPeft } from '../../../adapters/lora/peft.ts'
import { callCli } from '../../support/call-cli.ts'
import {
  CREDENTIAL,
  enrolledDevices,
  testServer,
  tinyJob,
  updateFor,
} from '../../support/federation-fixture.ts'

const root = mkdtempSync(join(tmpdir(), 'loreweave-releases-'))
const server = testServer()
const http = createAdaptorServer({ fetch: (request) => server.app.fetch(request) })
let url: string

const job = tinyJob({ rounds: 10, cohort: { size: 1, goal: 1, minimum: 1 } })
beforeAll(async () => {
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
  await server.operator.createJob(job)
  const [device] = await enrolledDevices(server, 1)
  for (const seed of ['one', 'two']) {
    const assignment = await device!.join(job)
    await device!.upload(assignment, updateFor(assignment, seed))
    await server.settle()
  }
})
afterAll(() => {
  http.close()
  rmSync(root, { recursive: true, force: true })
})

const call = (...args: string[]) =>
  callCli(args, { LOREWEAVE_SERVER: url, LOREWEAVE_OPERATOR_TOKEN: CREDENTIAL })
const line = async () => (await server.store.lineages())[0]!.id
const head = async () => (await server.store.release((await server.store.lineages())[0]!.head))!

test('a rollback is one command, and lists show what it restores', async () => {
  const rolled = await call('release', 'rollback', (await line()).slice(0, 6), '--to', '1')
  expect(rolled).toMatchObject({ status: 0, stderr: '' })
  expect(rolled.stdout).toContain('3, which restores version 1')
  expect((await head()).summary).toMatchObject({ version: 3, restores: 1 })
  const list = (await call('release', 'list')).stdout
  expect(list).toMatch(/ 3 .* as 1 /)
  expect(list).toContain((await line()).slice(0, 12))
  const again = await call('release', 'rollback', await line(), '--to', '77', '--json')
  expect(again.status).toBe(1)
  expect(JSON.parse(again.stderr).error).toEqual({
    code: 'E_NO_RELEASE',
    message: 'the lineage has versions 0 to 3, not 77',
  })
})

test('releases are listed page by page, and found by their first digits', async () => {
  const list = async (...args: string[]) =>
    JSON.parse((await call('release', 'list', '--json', ...args)).stdout)
  const all = await list()
  expect(all.releases.map((one: { version: number }) => one.version)).toEqual([3, 2, 1, 0])
  const first = await list('--limit', '3', '--lineage', (await line()).slice(0, 5))
  expect([first.releases.length, typeof first.next]).toEqual([3, 'string'])
  const rest = await list('--limit', '3', '--cursor', first.next)
  expect(rest).toMatchObject({ releases: [{ version: 0 }], next: null })
  expect((await call('release', 'list', '--limit', '1')).stdout).toContain('more: --cursor ')
  const { hash } = all.releases[0]
  expect((await call('release', 'show', hash.slice(0, 9))).stdout).toContain(hash)
  const wrong = await call('release', 'show', 'newest', '--json')
  expect(JSON.parse(wrong.stderr).error.code).toBe('E_USAGE')
})

test('releases are staged, seen and promoted', async () => {
  const staged = await call('release', 'stage', await line(), '--share', '10%')
  expect(staged).toMatchObject({ status: 0, stderr: '' })
  expect((await server.store.lineages())[0]!.rollout).toMatchObject({ share: 0.1 })
  await call('release', 'rollback', await line(), '--to', '0')
  const shown = await call('release', 'lineages', '--json')
  expect(JSON.parse(shown.stdout).lineages).toMatchObject([{ share: 0.1, judged: null }])
  expect((await call('release', 'promote', await line())).stdout).toContain('all')
  expect((await call('release', 'stage', await line(), '--share', 'much')).status).toBe(2)
})

test('a release shows its metrics', async () => {
  const { hash } = (await server.store.releases())[1]!.summary
  const shown = (await call('release', 'show', hash.slice(0, 12))).stdout
  expect(shown).toMatch(/adapter +norm [\d.e-]+, moved by [\d.e-]+/)
  expect(shown).toMatch(/norms +of updates/)
})

test('PEFT reads the adapter of a release as it is', async () => {
  const { hash } = (await head()).summary
  const folder = join(root, 'peft')
  const got = await call('release', 'get', hash, '--peft', folder, '--base-model', 'tiny/base')
  expect(got).toMatchObject({ status: 0, stderr: '' })
  const config = readFileSync(join(folder, 'adapter_config.json'), 'utf8')
  expect(JSON.parse(config)).toMatchObject({ base_model_name_or_path: 'tiny/base', r: 2 })
  const tensors = readFileSync(join(folder, 'adapter_model.safetensors'))
  const read = readPeft(config, tensors, job.base.shape)
  const release = decodeRelease(await server.operator.releaseBytes(hash))
  expect(read.flat).toEqual(releasedAdapter(release).flat)
  const neither = await call('release', 'get', hash)
  expect(neither).toMatchObject({ status: 2, stderr: expect.stringContaining('--peft') })
})
