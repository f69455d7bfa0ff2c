import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { isFedError } from '../../../adapters/errors.ts'
import { openSqlite } from '../../../adapters/node/sqlite.ts'
import { type Holder, lockHolder, takeLock, tryLock } from '../../../device/home/lock.ts'
import { programFile } from '../../support/programs.ts'
import { temporaryFolder } from '../device-fixture.ts'

let folder = ''
beforeEach(() => {
  folder = temporaryFolder()
})
afterEach(() => rmSync(folder, { recursive: true }))

const by = (pid: number, command = 'agent'): Holder => ({
  pid,
  startedAt: pid,
  command,
  version: '1',
  port: 4141,
})
const take = (holder: Holder) => {
  const taken = tryLock(folder, holder)
  if (!('release' in taken)) throw new Error(`held by ${taken.other?.pid}`)
  return taken
}

test('a home has one owner, which is named with command and port, and can be followed by another', () => {
  expect(lockHolder(folder)).toBeNull()
  const lock = take(by(11))
  expect(lockHolder(folder)).toEqual(by(11))
  expect(tryLock(folder, by(12))).toEqual({ other: by(11) })
  lock.release()
  expect(lockHolder(folder)).toBeNull()
  take(by(12)).release()
})

test('a waiting process gets it as soon as it is free, or learns the holder', async () => {
  const lock = take(by(11, 'profile set'))
  const refused = await takeLock(folder, by(12), 60, sleep).catch((error) => error)
  expect(isFedError(refused) && refused.code).toBe('E_CONFLICT')
  expect(refused.message).toContain('`loreweave profile set`')
  expect(refused.message).toContain('process 11')
  const waiting = takeLock(folder, by(13), 10_000, sleep)
  await sleep(40)
  lock.release()
  const next = await waiting
  expect(lockHolder(folder)?.pid).toBe(13)
  next.release()
})

test('the agent of an earlier version keeps others out, and is kept out', () => {
  const path = join(folder, 'agent.lock')
  const earlier = openSqlite(path, { timeout: 0 })
  earlier.exec('CREATE TABLE holder (pid INTEGER NOT NULL, started_at REAL NOT NULL)')
  earlier.exec('INSERT INTO holder VALUES (7, 70); BEGIN IMMEDIATE')
  const told = { pid: 7, startedAt: 70, command: 'agent', version: 'an earlier one', port: null }
  expect(tryLock(folder, by(12))).toEqual({ other: told })
  expect(lockHolder(folder)).toEqual(told)
  earlier.exec('ROLLBACK')
  const lock = take(by(12))
  expect(() => earlier.exec('BEGIN IMMEDIATE')).toThrow('locked')
  expect(earlier.prepare('SELECT pid FROM holder').get()).toEqual({ pid: 12 })
  lock.release()
  earlier.exec('BEGIN IMMEDIATE')
  earlier.close()
})

test('only the user may read the lock, also one that an earlier version made', () => {
  const path = join(folder, 'home.lock')
  const mode = () => statSync(path).mode & 0o777
  take(by(1)).release()
  expect(mode()).toBe(0o600)
  chmodSync(path, 0o644)
  const lock = take(by(2))
  expect(mode()).toBe(0o600)
  expect(tryLock(folder, by(3))).toEqual({ other: by(2) })
  lock.release()
})

test('no file of an earlier version is made', () => {
  take(by(1)).release()
  expect(existsSync(join(folder, 'agent.lock'))).toBe(false)
})

test('where no such file can be made, nothing can be written, and there is nothing to own', () => {
  mkdirSync(join(folder, 'home.lock'))
  const lock = take(by(1))
  take(by(2)).release()
  expect(lockHolder(folder)).toBeNull()
  lock.release()
})

const holder = async () => {
  const child = spawn(process.execPath, [programFile('test/support/lock-holder'), folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [said] = (await once(child.stdout, 'data')) as [Buffer]
  return { child, said: said.toString().trim() }
}

test('of processes that want it at once, one gets it', async () => {
  const all = await Promise.all(Array.from({ length: 6 }, holder))
  expect(all.filter(({ said }) => said === 'held')).toHaveLength(1)
  const owner = all.find(({ said }) => said === 'held')
  expect(lockHolder(folder)?.pid).toBe(owner?.child.pid)
  for (const { child } of all) child.kill('SIGKILL')
  await Promise.all(all.map(({ child }) => child.exitCode ?? once(child, 'exit')))
}, 60_000)

test('kill -9 of the owner frees the home at once, and leaves nothing to clean', async () => {
  const { child } = await holder()
  expect(lockHolder(folder)).toMatchObject({ pid: child.pid, startedAt: 1 })
  child.kill('SIGKILL')
  await once(child, 'exit')
  expect(lockHolder(folder)).toBeNull()
  take(by(2)).release()
}, 30_000)
