/**
 * `loreweave serve` that may be killed at any moment, and what must hold of its store afterwards.
 */
import type { ChildProcess } from 'node:child_process'
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { expect } from 'vitest'
import type { ChatMessage } from '../../adapters/formats/choice-log.ts'
import { openSqlite } from '../../adapters/node/sqlite.ts'
import { openStore } from '../../device/store/store.ts'
import { startClaude } from '../../eval/claude/serve.ts'
import { call } from './cli-call.ts'
import { start } from './cli-process.ts'
import { temporaryFolder } from './device-fixture.ts'

/** A home of its own, and a mocked Claude; `close` ends what was started. */
export const servedHome = async () => {
  const folder = temporaryFolder()
  const claude = await startClaude({ seed: 'kill' })
  const servers = new Set<ChildProcess>()
  await call(folder, ['init', '--model', 'tiny'])
  return {
    folder,
    databasePath: join(folder, 'home', 'loreweave.db'),
    served: () => served(folder, claude.url, servers),
    close: async () => {
      for (const server of servers) server.kill('SIGKILL')
      await claude.close()
      rmSync(folder, { recursive: true })
    },
  }
}
export type ServedHome = Awaited<ReturnType<typeof servedHome>>

const served = async (folder: string, claudeUrl: string, servers: Set<ChildProcess>) => {
  const child = start(folder, ['serve', '--port', '0', '--threads', '1', '--claude-url', claudeUrl])
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
  const ask = async (asked: string | readonly ChatMessage[]): Promise<string> => {
    const messages = typeof asked === 'string' ? [{ role: 'user', content: asked }] : asked
    const response = await post(
      '/v1/messages',
      { model: 'claude-sonnet-5-5', max_tokens: 300, messages },
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
export const childrenOf = (pid: number): number[] => {
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

/**
 * What must hold of the store whatever was killed when. edits: of decisions, acknowledged or merely
 * sent.
 */
const check = async (
  databasePath: string,
  acknowledged: ReadonlyMap<string, string>,
  sent: ReadonlyMap<string, string>,
) => {
  const db = openSqlite(databasePath)
  expect(db.pragma('integrity_check')).toEqual([{ integrity_check: 'ok' }])
  db.close()
  const store = openStore(databasePath)
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
    await store.close()
  }
}

/**
 * Milliseconds after feedback begins to come, or while the next piece comes after so many that were
 * acknowledged.
 */
export type Moment = number | { readonly acknowledged: number }

/** Feedback comes until serve is killed, again and again: none that was acknowledged is lost. */
export const killedAt = async (
  { served, databasePath }: ServedHome,
  moments: readonly Moment[],
) => {
  const acknowledged = new Map<string, string>()
  const sent = new Map<string, string>()
  for (const [round, moment] of moments.entries()) {
    const server = await served()
    const decisions = []
    for (let i = 0; i < 6; i++) decisions.push(await server.ask(`Round ${round}, question ${i}?`))
    let killed = typeof moment === 'number' ? wait(moment).then(server.kill) : null
    let count = 0
    for (const [i, decisionId] of decisions.entries()) {
      const text = `In round ${round} this would have been the better answer, number ${i}.`
      sent.set(decisionId, text)
      const coming = server.feedback({ kind: 'edit', decisionId, text }).catch(() => null)
      if (typeof moment === 'object' && count === moment.acknowledged) killed ??= server.kill()
      const response = await coming
      if (!response) break
      const { recorded } = (await response.json().catch(() => ({}))) as { recorded?: boolean }
      if (recorded) {
        acknowledged.set(decisionId, text)
        count++
      }
    }
    await killed
    await check(databasePath, acknowledged, sent)
  }
  expect(acknowledged.size).toBeGreaterThan(0)
  expect(acknowledged.size).toBeLessThan(sent.size)
  const last = await served()
  const decisionId = await last.ask('And now?')
  expect((await last.feedback({ kind: 'keep', decisionId })).status).toBe(200)
  await last.kill()
}
