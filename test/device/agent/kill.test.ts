/** `loreweave serve` and its scoring child are killed at many moments: what was acknowledged is there, whole, and once. */
import type { ChildProcess } from 'node:child_process'
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { seededRng } from '../../../adapters/random.ts'
import { openStore } from '../../../device/agent/store.ts'
import { type RunningClaude, startClaude } from '../../../eval/mock/serve.ts'
import { call } from '../cli-call.ts'
import { run, start } from '../cli-process.ts'
import { temporaryFolder } from './fixture.ts'

let folder = ''
let claude: RunningClaude
const servers = new Set<ChildProcess>()
beforeAll(async () => {
  folder = temporaryFolder()
  claude = await startClaude({ seed: 'kill' })
  await call(folder, ['init', '--model', 'tiny'])
})
afterAll(async () => {
  for (const server of servers) server.kill('SIGKILL')
  await claude.close()
  rmSync(folder, { recursive: true })
})

const databasePath = () => join(folder, 'home', 'loreweave.db')

const served = async () => {
  const child = start(folder, [
    'serve',
    '--port',
    '0',
    '--threads',
    '1',
    '--claude-url',
    claude.url,
  ])
  servers.add(child)
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()))
  const url = await new Promise<string>((resolve, reject) => {
    let text = ''
    child.stdout.on('data', (data) => {
      text += data
      if (text.includes('\n')) resolve(JSON.parse(text.split('\n')[0]!).url)
    })
    child.on('close', () => reject(new Error('serve ended before it listened')))
  })
  const token = readFileSync(join(folder, 'home', 'device-token'), 'utf8').trim()
  const post = (path: string, body: object, headers: Record<string, string> = {}) =>
    fetch(`${url}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    })
  /** A request through the endpoint, as an app sends it; resolves to its decision. */
  const ask = async (content: string): Promise<string> => {
    const response = await post(
      '/v1/messages',
      { model: 'claude-sonnet-5-5', max_tokens: 300, messages: [{ role: 'user', content }] },
      { authorization: '', 'x-api-key': 'sk-ant-test', 'anthropic-version': '2023-06-01' },
    )
    expect([response.status, await response.text()]).toEqual([200, expect.any(String)])
    return response.headers.get('loreweave-decision') ?? ''
  }
  const feedback = (event: object) => post('/v1/feedback', { event })
  const kill = async () => {
    child.kill('SIGKILL')
    await ended
    servers.delete(child)
  }
  return { child, ask, feedback, kill }
}

/** Processes that a process has started. Linux tells; elsewhere none are known. */
const childrenOf = (pid: number): number[] => {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8')
        .split(' ')
        .map(Number)
        .filter(Boolean),
    )
  } catch {
    return []
  }
}

/** What must hold of the store whatever was killed when. edits: of decisions, acknowledged or merely sent. */
const check = (acknowledged: ReadonlyMap<string, string>, sent: ReadonlyMap<string, string>) => {
  const db = new Database(databasePath())
  expect(db.pragma('integrity_check')).toEqual([{ integrity_check: 'ok' }])
  db.close()
  const store = openStore(databasePath())
  try {
    const edits = new Map<string, string[]>()
    for (const { decisionId, body } of store.feedback()) {
      const { kind, text } = body as { kind: string; text: string }
      if (kind === 'edit') edits.set(decisionId, [...(edits.get(decisionId) ?? []), text])
    }
    for (const [decision, text] of acknowledged) expect(edits.get(decision)).toEqual([text])
    for (const [decision, texts] of edits) expect(texts).toEqual([sent.get(decision)])
    // Each event with its choice, and no choice without its event.
    const choices = new Map(store.choices().map((c) => [c.id, c.candidates[c.chosen]]))
    expect(choices).toEqual(new Map([...edits].map(([id, [text]]) => [id, text])))
  } finally {
    store.close()
  }
}

test('serve is killed at eight moments, and loses no feedback that it acknowledged', async () => {
  const rng = seededRng('moments of a kill')
  const acknowledged = new Map<string, string>()
  const sent = new Map<string, string>()
  // The first moments lie in the first event, the later ones anywhere; at 0 nothing of it may have come.
  const moments = [0, 1, 3, 8, ...Array.from({ length: 4 }, () => rng.int(250))]
  for (const [round, ms] of moments.entries()) {
    const server = await served()
    const decisions = []
    for (let i = 0; i < 6; i++) decisions.push(await server.ask(`Round ${round}, question ${i}?`))
    const killed = wait(ms).then(server.kill)
    for (const [i, decisionId] of decisions.entries()) {
      const text = `In round ${round} this would have been the better answer, number ${i}.`
      sent.set(decisionId, text)
      const response = await server.feedback({ kind: 'edit', decisionId, text }).catch(() => null)
      if (!response) break
      const { recorded } = (await response.json().catch(() => ({}))) as { recorded?: boolean }
      if (recorded) acknowledged.set(decisionId, text)
    }
    await killed
    check(acknowledged, sent)
  }
  expect(acknowledged.size).toBeGreaterThan(0)
  expect(acknowledged.size).toBeLessThan(sent.size)
  const last = await served()
  const decisionId = await last.ask('And now?')
  expect((await last.feedback({ kind: 'keep', decisionId })).status).toBe(200)
  await last.kill()
}, 120_000)

test('the scoring child is killed again and again while feedback comes, and every piece is taken', async () => {
  const server = await served()
  const rng = seededRng('children')
  const pid = server.child.pid!
  let killed = 0
  let isOver = false
  const killer = (async () => {
    while (!isOver) {
      for (const child of childrenOf(pid)) {
        process.kill(child, 'SIGKILL')
        killed++
      }
      await wait(20 + rng.int(120))
    }
  })()
  const kept: string[] = []
  for (let i = 0; i < 8; i++) {
    const decisionId = await server.ask(`While children die, question ${i}?`)
    const response = await server.feedback({ kind: 'thumbs', decisionId, value: 1 })
    expect(response.status).toBe(200)
    kept.push(decisionId)
  }
  isOver = true
  await killer
  await server.kill()
  const store = openStore(databasePath())
  const thumbs = store.feedback().filter((f) => (f.body as { kind: string }).kind === 'thumbs')
  expect(thumbs.map((f) => f.decisionId).toSorted()).toEqual(kept.toSorted())
  store.close()
  if (process.platform === 'linux') expect(killed).toBeGreaterThan(0)
}, 60_000)

test('a second process gives feedback and forgets while serve runs, and neither is in the way of the other', async () => {
  const server = await served()
  const secret = 'quaggleschnorr'
  const decisionId = await server.ask(`What is a ${secret}?`)
  const others = await Promise.all([
    run(folder, ['feedback', 'keep', '--decision', decisionId]),
    run(folder, ['feedback', 'prefer', '--dimension', 'tables', '--direction', 'less']),
    ...Array.from({ length: 6 }, (_, i) =>
      server.feedback({ kind: 'edit', decisionId, text: `Better, ${secret} ${i}.` }),
    ),
  ])
  expect(others.map((o) => ('code' in o ? o.code : o.status))).toEqual([
    0,
    0,
    ...Array(6).fill(200),
  ])
  const forgotten = await run(folder, ['forget', '--decision', decisionId, '--json'])
  expect(JSON.parse(forgotten.stdout)).toMatchObject({ decisions: 1, choices: 1, feedback: 7 })
  const holding = readdirSync(join(folder, 'home'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .filter((entry) => readFileSync(join(entry.parentPath, entry.name)).includes(secret))
  expect(holding.map((entry) => entry.name)).toEqual([])
  // Serving goes on, with the preference that the other process stated.
  const again = await server.ask('Explain how a heat pump works.')
  expect((await server.feedback({ kind: 'keep', decisionId: again })).status).toBe(200)
  expect((await server.feedback({ kind: 'keep', decisionId })).status).toBe(404)
  await server.kill()
}, 60_000)
