import { cpSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { folderObjects } from '../../../server/store/folder-objects.ts'
import { memoryObjects } from '../../../server/store/objects.ts'
import { openFolder } from '../../../server/store/open.ts'
import { openSqliteStore } from '../../../server/store/sqlite.ts'
import { expectCode } from '../../support/expect-code.ts'
import { objectsContract } from './objects-contract.ts'
import { storeContract } from './store-contract.ts'

const root = mkdtempSync(join(tmpdir(), 'loreweave-store-'))
let folders = 0
const freshFolder = () => join(root, `data-${folders++}`)

afterAll(() => rmSync(root, { recursive: true, force: true }))

describe('the SQLite store in memory', () => {
  storeContract(() => openSqliteStore(':memory:'))
})

describe('objects in memory', () => {
  objectsContract(memoryObjects)
})

describe('objects in a folder', () => {
  objectsContract(() => folderObjects(freshFolder()))
})

describe('the SQLite store on disk', () => {
  storeContract(() => openSqliteStore(freshFolder()))

  test('what is asked for after it was closed is refused, and nothing else fails', async () => {
    const store = openSqliteStore(freshFolder())
    await store.close()
    const nonce = { deviceId: 'a', nonce: 'n', expiresAt: 1, seenAt: null }
    await expect(store.spendNonce(nonce)).rejects.toThrow('not open')
    await expect(store.transaction(async () => {})).rejects.toThrow('not open')
  })

  test('what was saved is there after it is opened again', async () => {
    const folder = freshFolder()
    const first = openFolder(folder)
    await first.store.addSetting('name', 'value')
    await first.store.addNonce('a', 'n', 1)
    await first.objects.put('d'.repeat(64), Uint8Array.of(1))
    await first.store.close()
    const again = openFolder(folder)
    expect(await again.store.setting('name')).toBe('value')
    expect(await again.store.addNonce('a', 'n', 1)).toBe(false)
    expect(await again.objects.list()).toEqual(['d'.repeat(64)])
    await again.store.close()
  })

  test('a nonce that was spent is in the files before anybody is answered, as after SIGKILL', async () => {
    const [folder, found] = [freshFolder(), freshFolder()]
    const running = openSqliteStore(folder)
    const spent = { deviceId: 'a', nonce: 'n', expiresAt: 1, seenAt: null }
    await running.addSetting('name', 'value')
    expect(await running.spendNonce(spent)).toBe(true)
    cpSync(folder, found, { recursive: true })
    const again = openSqliteStore(found)
    expect(await again.spendNonce(spent)).toBe(false)
    await again.close()
    await running.close()
  })

  test('works that wait are done before it closes, and later ones fail', async () => {
    const folder = freshFolder()
    const store = openSqliteStore(folder)
    const written = store.addSetting('name', 'value')
    await store.close()
    expect(await written).toBe(true)
    await expect(store.addSetting('late', 'value')).rejects.toThrow()
    await expect(store.setting('name')).rejects.toThrow()
  })

  test('half-written objects of a killed process are removed and never listed', async () => {
    const folder = freshFolder()
    await openFolder(folder).store.close()
    writeFileSync(join(folder, 'objects', `${'e'.repeat(64)}.0.part`), 'half')
    const { store, objects } = openFolder(folder)
    expect(await objects.list()).toEqual([])
    expect(readdirSync(join(folder, 'objects'))).toEqual([])
    await store.close()
  })

  test('the data folder and its files are for the owner alone', async () => {
    const folder = freshFolder()
    const store = openSqliteStore(folder)
    const modeOf = (path: string) => statSync(path).mode & 0o777
    expect(modeOf(folder)).toBe(0o700)
    expect(modeOf(join(folder, 'loreweave.sqlite'))).toBe(0o600)
    expect(modeOf(join(folder, 'loreweave.sqlite-wal'))).toBe(0o600)
    await store.close()
  })

  test('a second opening of the same folder is refused with E_CONFLICT', async () => {
    const folder = freshFolder()
    const store = openSqliteStore(folder)
    expectCode('E_CONFLICT', () => openSqliteStore(folder))
    await store.close()
    await openSqliteStore(folder).close()
  })
})
