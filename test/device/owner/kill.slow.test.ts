/** `loreweave serve` and its scoring child are killed: what was acknowledged is there, whole, and once. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { seededRng } from '../../../adapters/random.ts'
import { openStore } from '../../../device/store/store.ts'
import { call } from '../cli-call.ts'
import { run } from '../cli-process.ts'
import { TRAIN } from '../commands/training-home.ts'
import { childrenOf, killedAt, type ServedHome, servedHome } from '../served-home.ts'

let home: ServedHome
beforeAll(async () => {
  home = await servedHome()
})
afterAll(() => home.close())

test('serve is killed at nine moments, and loses no feedback that it acknowledged', async () => {
  const rng = seededRng('moments of a kill')
  // The first moments lie in the first event, the later ones anywhere; at 0 nothing of it may have come.
  const later = Array.from({ length: 4 }, () => rng.int(250))
  await killedAt(home, [0, 1, 3, 8, ...later, { acknowledged: 3 }])
})

test('no feedback is lost while the scoring child is killed repeatedly', async () => {
  const server = await home.served()
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
  const store = openStore(home.databasePath)
  const thumbs = store.feedback().filter((f) => (f.body as { kind: string }).kind === 'thumbs')
  expect(thumbs.map((f) => f.decisionId).toSorted()).toEqual(kept.toSorted())
  await store.close()
  if (process.platform === 'linux') expect(killed).toBeGreaterThan(0)
}, 60_000)

test('a command gives feedback and another forgets while serve runs, and neither is in the way of the other', async () => {
  const server = await home.served()
  const secret = 'quaggleschnorr'
  const decisionId = await server.ask(`What is a ${secret}?`)
  const others = await Promise.all([
    run(home.folder, ['feedback', 'keep', '--decision', decisionId]),
    run(home.folder, ['feedback', 'prefer', '--dimension', 'tables', '--direction', 'less']),
    ...Array.from({ length: 6 }, (_, i) =>
      server.feedback({ kind: 'edit', decisionId, text: `Better, ${secret} ${i}.` }),
    ),
  ])
  expect(others.map((o) => ('code' in o ? o.code : o.status))).toEqual([
    0,
    0,
    ...Array(6).fill(200),
  ])
  const forgotten = await run(home.folder, ['forget', '--decision', decisionId, '--json'])
  expect(JSON.parse(forgotten.stdout)).toMatchObject({ decisions: 1, choices: 1, feedback: 7 })
  const holding = readdirSync(join(home.folder, 'home'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .filter((entry) => readFileSync(join(entry.parentPath, entry.name)).includes(secret))
  expect(holding.map((entry) => entry.name)).toEqual([])
  // Serving goes on, with the preference that the command stated.
  const again = await server.ask('Explain how a heat pump works.')
  expect((await server.feedback({ kind: 'keep', decisionId: again })).status).toBe(200)
  expect((await server.feedback({ kind: 'keep', decisionId })).status).toBe(404)
  await server.kill()
}, 60_000)

test.skipIf(process.platform !== 'linux')(
  'when forgetting through a running serve returns, no process that may have read the text is left, a training one included',
  async () => {
    const server = await home.served()
    const secret = 'flimmerwurz'
    const decisions: string[] = []
    for (let i = 0; i < 12; i++) {
      const decisionId = await server.ask(`Which ${secret} is number ${i}?`)
      const text = `The ${secret} of number ${i}, in short.`
      expect((await server.feedback({ kind: 'edit', decisionId, text })).status).toBe(200)
      decisions.push(decisionId)
    }
    const train = run(home.folder, [...TRAIN, '--objective', 'completion'])
    const status = async () =>
      JSON.parse((await call(home.folder, ['training', 'status', '--json'])).stdout)
    await vi.waitFor(async () => expect(await status()).toMatchObject({ state: 'running' }), {
      timeout: 30_000,
    })
    const before = childrenOf(server.child.pid!)
    expect(before.length).toBeGreaterThan(0)
    const forgotten = await call(home.folder, ['forget', '--decision', decisions[0]!, '--json'])
    expect(JSON.parse(forgotten.stdout)).toMatchObject({ decisions: 1 })
    expect(childrenOf(server.child.pid!).filter((pid) => before.includes(pid))).toEqual([])
    const { code, stderr } = await train
    expect(code).not.toBe(0)
    expect(stderr).toContain('E_CANCELLED')
    for (const decisionId of decisions.slice(1))
      expect((await call(home.folder, ['forget', '--decision', decisionId])).code).toBe(0)
    const holding = readdirSync(join(home.folder, 'home'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .filter((entry) => readFileSync(join(entry.parentPath, entry.name)).includes(secret))
    expect(holding.map((entry) => entry.name)).toEqual([])
    await server.kill()
  },
  120_000,
)
