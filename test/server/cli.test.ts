import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { sha256Hex } from '../../adapters/node/sha256.ts'
import { callCli } from '../support/call-cli.ts'
import { tinyJob } from '../support/federation-fixture.ts'
import { runCli, startServer } from '../support/server-process.ts'

const root = mkdtempSync(join(tmpdir(), 'loreweave-cli-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

describe('loreweave-server', () => {
  test('an operator makes tokens and a job, reads a release, and learns from exit statuses', async () => {
    const data = join(root, 'data')
    const file = join(root, 'job.json')
    const out = join(root, 'release.bin')
    // As an editor of Windows saves it.
    writeFileSync(file, `\ufeff${JSON.stringify(tinyJob(), null, 2).replaceAll('\n', '\r\n')}`)
    const server = await startServer(data)
    const env = { LOREWEAVE_SERVER: server.url, LOREWEAVE_SERVER_DATA: data }
    const created = await callCli(['job', 'create', '--file', file, '--rounds', '2', '--json'], env)
    const { job } = JSON.parse(created.stdout)
    expect([created.status, job.spec.rounds, job.state]).toEqual([0, 2, 'running'])

    const [tokens, got, unknown, alone, usage, key] = await Promise.all([
      callCli(['token', 'create', '--count', '2'], env),
      callCli(['release', 'get', job.head.slice(0, 10), '--out', out], env),
      callCli(['job', 'show', 'job-unknown', '--json'], env),
      callCli(['job', 'list', '--server', 'http://127.0.0.1:9'], env),
      callCli(['job', 'create', '--file', file, '--goal', '9'], env),
      callCli(['key', 'show'], env),
    ])
    const [token, other] = tokens!.stdout.trim().split('\n')
    const words = token!.split('.')[1]!
    expect(other).toMatch(new RegExp(`\\.${words}$`))
    expect(key!.stdout).toContain(words)
    const rotated = await callCli(['key', 'rotate'], env)
    expect(rotated.stdout).toMatch(new RegExp(`replaced +${words}`))
    expect([got!.status, sha256Hex(readFileSync(out))]).toEqual([0, job.head])
    expect([unknown!.status, JSON.parse(unknown!.stderr).error.code]).toEqual([1, 'E_NO_JOB'])
    expect([alone!.status, alone!.stderr]).toEqual([3, expect.stringContaining('E_UNAVAILABLE')])
    expect([usage!.status, usage!.stderr]).toEqual([2, expect.stringContaining('minimum')])
    expect(await server.stop()).toBe(0)
  })

  test('an operator plans a private job, sets its budget, and has the ledger recomputed', async () => {
    const data = join(root, 'private')
    const file = join(root, 'private.json')
    const job = tinyJob({
      contributions: ['adapter'],
      cohort: { size: 30, goal: 30, minimum: 30 },
      rounds: 10,
      privacy: { epsilon: 4 },
    })
    writeFileSync(file, JSON.stringify(job))
    const plan = await callCli(['privacy', 'plan', file])
    expect(plan.stdout).toContain('4 after 10 rounds, at delta 0.000001')
    expect(plan.stdout).toContain('no epsilon against it')
    expect(plan.stdout).toContain('"acceptNoise": true')

    const server = await startServer(data)
    const env = { LOREWEAVE_SERVER: server.url, LOREWEAVE_SERVER_DATA: data }
    const dry = await callCli(['job', 'create', '--file', file, '--dry-run'], env)
    expect(dry.stdout).toContain('There is no budget for it')
    const none = await callCli(['job', 'create', '--file', file], env)
    expect([none.status, none.stderr]).toEqual([1, expect.stringContaining('drown')])
    const budget = await callCli(['privacy', 'budget', '--epsilon', '2'], env)
    expect(budget.stdout).toMatch(/all +personalization +0 +2 +2/)
    const again = await callCli(['job', 'create', '--file', file, '--dry-run', '--json'], env)
    expect(JSON.parse(again.stdout).room).toBeLessThan(10)
    const verified = await callCli(['privacy', 'verify', '--json'], env)
    const { isWhole, entries, head } = JSON.parse(verified.stdout)
    expect([isWhole, entries]).toEqual([true, 1])
    const shown = await callCli(['privacy', 'show'], env)
    expect(shown.stdout).toContain(`${head.number}:${head.hash}`)
    const gone = ['privacy', 'verify', '--expect', `2:${'0'.repeat(64)}`]
    const missing = await callCli(gone, env)
    expect([missing.status, missing.stdout]).toEqual([
      1,
      expect.stringContaining('WRONG at entry 2'),
    ])
    expect(await server.stop()).toBe(0)
  })

  test('a refusal ends the process with its exit status', async () => {
    const refused = await runCli(['job', 'list', '--data', join(root, 'none')])
    expect(refused).toMatchObject({ stderr: expect.stringContaining('--data'), status: 1 })
  })
})
