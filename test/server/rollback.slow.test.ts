import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { JobSpecInput } from '../../adapters/wire/jobs.ts'
import { run } from '../device/cli-process.ts'
import { callCli } from '../support/call-cli.ts'
import { updateFor } from '../support/federation-fixture.ts'
import { type ServerProcess, startServer } from '../support/server-process.ts'

/** Both programs as processes, by their commands alone; updates come from a simulated device. */
const folder = mkdtempSync(join(tmpdir(), 'loreweave-rollback-'))
const data = join(folder, 'data')
let server: ServerProcess

beforeAll(async () => {
  server = await startServer(data, ['--retry-soon-ms', '50'])
})
afterAll(async () => {
  await server?.stop()
  rmSync(folder, { recursive: true, force: true })
})

const operator = async (...args: string[]) => {
  const { status, stdout, stderr } = await callCli([
    ...args,
    '--data',
    data,
    '--server',
    server.url,
    '--json',
  ])
  expect([status, stderr]).toEqual([0, ''])
  return JSON.parse(stdout)
}
const device = async (...args: string[]) => {
  const { code, stdout, stderr } = await run(folder, args)
  expect([code, stderr]).toEqual([0, expect.anything()])
  return stdout
}

/** One release for each seed. */
const release = async (seeds: readonly string[]): Promise<void> => {
  const printed = JSON.parse(await device('job-file', '--no-masks')) as JobSpecInput
  const cohort = { size: 1, goal: 1, minimum: 1 }
  const job = { ...printed, cohort, rounds: seeds.length }
  const { id } = await server.operator.createJob(job)
  const simulated = server.device('simulated')
  await simulated.enroll(await server.operator.token())
  for (const [i, seed] of seeds.entries()) {
    const assignment = await simulated.join(job)
    expect((await simulated.upload(assignment, updateFor(assignment, seed))).status).toBe(202)
    const isReleased = async () => expect((await server.operator.job(id)).released).toBe(i + 1)
    await vi.waitFor(isReleased, { timeout: 60_000, interval: 100 })
  }
}

test('`release rollback` is followed at the next `participate`, and `status` says so', async () => {
  await device('init', '--model', 'tiny')
  await release(['one', 'two'])
  const token = await server.operator.token()
  const enrolled = await run(folder, ['enroll', '--server', server.url, '--token', '-'], {
    input: token,
  })
  expect(enrolled).toMatchObject({ code: 0 })
  await device('consent', 'grant')
  const followed = async (): Promise<string> => {
    await device('participate')
    return JSON.parse(await device('status', '--json')).release
  }
  const { lineages } = await operator('release', 'lineages')
  expect(lineages).toMatchObject([{ version: 2, head: await followed() }])

  const rolled = await operator('release', 'rollback', lineages[0].id, '--to', '1')
  expect(rolled.release).toMatchObject({ version: 3, restores: 1 })
  expect(await followed()).toBe(rolled.release.hash)
})
