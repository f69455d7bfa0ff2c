import { execFileSync } from 'node:child_process'
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { openSqlite } from '../../../adapters/node/sqlite.ts'
import { type OwnStore, openStore, type StoreOptions } from '../../../device/store/store.ts'
import { temporaryFolder } from '../device-fixture.ts'

let folder = ''
let path = ''
const opened: OwnStore[] = []
beforeEach(() => {
  folder = temporaryFolder()
  path = join(folder, 'home', 'db')
  mkdirSync(join(folder, 'home'))
})
afterEach(async () => {
  for (const store of opened.splice(0)) await store.close()
  rmSync(folder, { recursive: true })
})
const open = (options: StoreOptions = {}): OwnStore => {
  const store = openStore(path, { patienceMs: 100, ...options })
  opened.push(store)
  return store
}
const entry = { at: 1, recipient: 'claude' as const, what: 'messages', bytes: 1, digest: '' }
const log = (store: OwnStore) => store.later((tx) => tx.log(entry))

/** A home that holds something, its journal emptied. */
const filled = async () => {
  const store = openStore(path)
  await store.durably((tx) => tx.set('profile', { preferences: [] }))
  await store.close()
}

describe('a file that cannot be opened', () => {
  test('is worked without: what can be read is read, what is written waits, and all is well once it opens', async () => {
    await filled()
    let isShut = true
    const told: (string | null)[] = []
    const store = open({
      changed: ({ cause }) => void told.push(cause),
      open: (name) => {
        if (isShut) throw Object.assign(new Error('x'), { code: 'SQLITE_CANTOPEN_ISDIR' })
        return openSqlite(name)
      },
    })
    expect(store.get('profile')).toEqual({ preferences: [] })
    log(store)
    expect(await store.drained()).toBe(false)
    expect(store.health()).toMatchObject({ state: 'waiting', cause: 'unreadable' })
    expect(store.health().queued).toBeGreaterThan(0)
    const refused = store.durably((tx) => tx.set('paused', true))
    await expect(refused).rejects.toMatchObject({ code: 'E_STORE' })
    expect(store.get('paused')).toBeUndefined()
    isShut = false
    await vi.waitFor(() => expect(store.health().state).toBe('ok'), 5000)
    expect([store.outbox().length, store.get('profile')]).toEqual([1, { preferences: [] }])
    await store.durably((tx) => tx.set('paused', true))
    expect(store.get('paused')).toBe(true)
    expect(told).toEqual(['unreadable', null])
  })

  test('nor read is worked without, too: nothing is known, and nothing of it is written over', async () => {
    writeFileSync(path, 'no database '.repeat(1000))
    const store = open()
    expect([store.get('profile'), store.countChoices()]).toEqual([undefined, 0])
    log(store)
    expect(await store.drained()).toBe(false)
    expect(store.health()).toMatchObject({ state: 'waiting', cause: 'damaged' })
    expect(readFileSync(path, 'utf8')).toBe('no database '.repeat(1000))
    renameSync(path, `${path}.bad`)
    await vi.waitFor(() => expect(store.outbox()).toHaveLength(1), 10_000)
    expect(store.health().state).toBe('ok')
  }, 20_000)

  test('since its folder is not there, is made once there is one', async () => {
    path = join(folder, 'later', 'db')
    const store = open()
    log(store)
    expect(await store.drained()).toBe(false)
    mkdirSync(join(folder, 'later'))
    await vi.waitFor(() => expect(existsSync(path)).toBe(true), 5000)
    await vi.waitFor(() => expect(store.outbox()).toHaveLength(1), 5000)
  })

  test('for a fault of ours is refused', () => {
    const open = () => {
      throw Object.assign(new Error('no such column'), { code: 'SQLITE_ERROR' })
    }
    expect(() => openStore(path, { open })).toThrow('no such column')
  })
})

test('a table that is damaged while it is read is told of, and the rest goes on', async () => {
  const store = open()
  for (let at = 0; at < 3000; at++) store.log({ ...entry, at })
  await store.durably((tx) => tx.set('paused', true))
  await store.close()
  opened.pop()
  damage(path)
  const again = open()
  expect(again.get('paused')).toBe(true)
  expect(() => again.outbox()).toThrow()
  expect(again.health()).toMatchObject({ state: 'waiting', cause: 'damaged' })
})

/** Writes over a page of the log. */
const damage = (name: string): void => {
  const db = openSqlite(name)
  const [number, size] = db
    .prepare("SELECT pageno, pgsize FROM dbstat WHERE name = 'outbox' AND pagetype = 'leaf'")
    .raw()
    .get() as [number, number]
  db.close()
  const file = openSync(name, 'r+')
  writeSync(file, Buffer.alloc(size, 0xff), 0, size, (number - 1) * size)
  closeSync(file)
}

const canMount = (() => {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false
  try {
    execFileSync('unshare', ['-m', 'true'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})()
const mount = (...args: string[]) => execFileSync('mount', args, { stdio: 'ignore' })
const unmount = () => execFileSync('umount', ['-l', join(folder, 'home')], { stdio: 'ignore' })

describe.runIf(canMount)('on a real disk', () => {
  test('that is read-only, what is there is read; what waits is written once it can be', async () => {
    await filled()
    mount('--bind', join(folder, 'home'), join(folder, 'home'))
    mount('-o', 'remount,ro,bind', join(folder, 'home'))
    try {
      const store = open()
      expect(store.get('profile')).toEqual({ preferences: [] })
      log(store)
      expect(await store.drained()).toBe(false)
      expect(store.health()).toMatchObject({ state: 'waiting', cause: 'read_only' })
      const refused = store.durably((tx) => tx.set('paused', true))
      await expect(refused).rejects.toMatchObject({ code: 'E_STORE' })
      mount('-o', 'remount,rw,bind', join(folder, 'home'))
      await vi.waitFor(() => expect(store.outbox()).toHaveLength(1), 10_000)
      await store.close()
      opened.pop()
    } finally {
      unmount()
    }
  }, 20_000)

  test('that is full, what waits is written once there is room', async () => {
    mount('-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', join(folder, 'home'))
    try {
      const store = open()
      await store.durably((tx) => tx.set('paused', true))
      const filler = join(folder, 'home', 'filler')
      fill(filler)
      for (let n = 0; n < 100; n++) store.later((tx) => tx.saveBlob(`b${n}`, new Uint8Array(5000)))
      expect(await store.drained()).toBe(false)
      expect(store.health()).toMatchObject({ state: 'waiting', cause: 'full' })
      const refused = store.durably((tx) => tx.saveBlob('mine', new Uint8Array(50_000)))
      await expect(refused).rejects.toMatchObject({
        code: 'E_STORE',
        message: expect.stringContaining('full'),
      })
      expect(store.blob('mine')).toBeUndefined()
      expect(store.get('paused')).toBe(true)
      rmSync(filler)
      await vi.waitFor(() => expect(store.health().state).toBe('ok'), 10_000)
      expect(store.blobNames('b')).toHaveLength(100)
      await store.close()
      opened.pop()
    } finally {
      unmount()
    }
  }, 20_000)

  test('that is full from the beginning, the device works, and the home is made later', async () => {
    mount('-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', join(folder, 'home'))
    try {
      const filler = join(folder, 'home', 'filler')
      fill(filler)
      const store = open()
      log(store)
      expect(await store.drained()).toBe(false)
      expect(store.health()).toMatchObject({ state: 'waiting', cause: 'full' })
      rmSync(filler)
      mount('-o', 'remount,size=4m', join(folder, 'home'))
      await vi.waitFor(() => expect(store.outbox()).toHaveLength(1), 10_000)
      await store.close()
      opened.pop()
    } finally {
      unmount()
    }
  }, 20_000)
})

const fill = (name: string): void => {
  const file = openSync(name, 'w')
  for (const size of [65_536, 4096, 1])
    try {
      for (;;) writeSync(file, Buffer.alloc(size, 1))
    } catch {
      // No room for so much.
    }
  closeSync(file)
}
