import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { openSqliteStore } from '../../../server/store/sqlite.ts'
import { expectCode } from '../../support/expect-code.ts'
import { storeContract } from '../../support/store-contract.ts'

const root = mkdtempSync(join(tmpdir(), 'loreweave-store-'))
let folders = 0
const freshFolder = () => join(root, `data-${folders++}`)

afterAll(() => rmSync(root, { recursive: true, force: true }))

describe('the SQLite store in memory', () => {
  storeContract(() => openSqliteStore(':memory:'))
})

describe('the SQLite store on disk', () => {
  storeContract(() => openSqliteStore(freshFolder()))

  test('what was saved is there after it is opened again', async () => {
    const folder = freshFolder()
    const first = openSqliteStore(folder)
    first.saveSetting('name', 'value')
    first.addNonce('a', 'n', 1)
    await first.putObject('d'.repeat(64), Uint8Array.of(1))
    first.close()
    const again = openSqliteStore(folder)
    expect(again.setting('name')).toBe('value')
    expect(again.addNonce('a', 'n', 1)).toBe(false)
    expect(await again.objects()).toEqual(['d'.repeat(64)])
    again.close()
  })

  test('half-written objects of a killed process are removed and never listed', async () => {
    const folder = freshFolder()
    openSqliteStore(folder).close()
    writeFileSync(join(folder, 'objects', `${'e'.repeat(64)}.0.part`), 'half')
    const store = openSqliteStore(folder)
    expect(await store.objects()).toEqual([])
    expect(readdirSync(join(folder, 'objects'))).toEqual([])
    store.close()
  })

  test('the data folder and its files are for the owner alone', () => {
    const folder = freshFolder()
    const store = openSqliteStore(folder)
    const modeOf = (path: string) => statSync(path).mode & 0o777
    expect(modeOf(folder)).toBe(0o700)
    expect(modeOf(join(folder, 'loreweave.sqlite'))).toBe(0o600)
    expect(modeOf(join(folder, 'loreweave.sqlite-wal'))).toBe(0o600)
    store.close()
  })

  test('a second opening of the same folder is refused with E_CONFLICT', () => {
    const folder = freshFolder()
    const store = openSqliteStore(folder)
    expectCode('E_CONFLICT', () => openSqliteStore(folder))
    store.close()
    openSqliteStore(folder).close()
  })
})
