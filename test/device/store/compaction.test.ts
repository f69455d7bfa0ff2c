import { readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { openSqlite } from '../../../adapters/node/sqlite.ts'
import { openCompaction } from '../../../device/store/compaction.ts'
import { type OwnStore, openStore } from '../../../device/store/store.ts'
import { temporaryFolder } from '../device-fixture.ts'
import { keepDecision } from './decided.ts'

const SECRET = 'zanzibarine'

describe('a file', () => {
  let folder = ''
  let store: OwnStore
  beforeEach(() => {
    folder = temporaryFolder()
    store = openStore(join(folder, 'db'))
  })
  afterEach(async () => {
    await store.close()
    rmSync(folder, { recursive: true })
  })
  const path = (name = 'db') => join(folder, name)
  const ask = (id: string, content: string) =>
    keepDecision(store, { id, messages: [{ role: 'user', content }] })
  const fill = (count: number) => {
    for (let i = 0; i < count; i++) ask(`d${i}`, `${i} ${'word '.repeat(3000)}`)
    ask('secret', `${SECRET} `.repeat(2000))
  }
  const isLeft = () => [path(), path('db-wal')].some((file) => readFileSync(file).includes(SECRET))
  const emptyRows = () => {
    const db = openSqlite(path(), { readonly: true })
    const count = db.prepare("SELECT COUNT(*) FROM texts WHERE key < '!'").pluck().get()
    db.close()
    return count
  }

  test('that is large has no text that was erased, and is not written anew', async () => {
    fill(400)
    expect(store.keptBytes()).toBeGreaterThan(5e6)
    store.dropDecision(store.decision('secret')!.seq)
    expect(isLeft()).toBe(true)
    expect(await store.purge()).toBe(true)
    expect([isLeft(), emptyRows()]).toEqual([false, 1])
    const before = statSync(path()).size
    expect(await store.compact()).toBe(true)
    expect([emptyRows(), statSync(path()).size < before, store.erasedBytes()]).toEqual([0, true, 0])
  })

  test('that is small is written anew at once', async () => {
    fill(3)
    store.dropDecision(store.decision('secret')!.seq)
    expect(await store.purge()).toBe(true)
    expect([isLeft(), emptyRows()]).toEqual([false, 0])
  })

  test('in which rows of texts were deleted is written anew, however large', async () => {
    store.limitTo(4.5e6)
    fill(700)
    await store.drained()
    expect([store.isDue(), store.keptBytes() > 4e6]).toEqual([true, true])
    store.dropDecision(store.decision('secret')!.seq)
    expect(await store.purge()).toBe(true)
    await store.drained()
    expect([isLeft(), emptyRows(), store.isDue()]).toEqual([false, 0, false])
  })
})

describe('in the background', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  const opened = (kept: { isDue?: boolean; isWasteful?: boolean; rewrites?: boolean[] }) => {
    const done: string[] = []
    const rewrites = kept.rewrites ?? []
    const compaction = openCompaction(
      {
        isDue: () => kept.isDue ?? false,
        isWasteful: () => kept.isWasteful ?? false,
        keptBytes: () => 1e8,
        erasedBytes: () => 0,
      },
      {
        empty: async () => done.push('empty') > 0,
        rewrite: async () => done.push('rewrite') > 0 && (rewrites.shift() ?? true),
        durably: async (work) => work({ dropErased: () => {} } as never),
        later: (work) => work({ setDue: () => done.push('done') } as never),
      },
      true,
    )
    return { done, compaction }
  }

  test('a file is compacted once much of it is empty, or when it was due as it was opened', async () => {
    const kept = { isWasteful: false }
    const { done, compaction } = opened(kept)
    await vi.advanceTimersByTimeAsync(3600_000)
    expect(done).toEqual([])
    kept.isWasteful = true
    await vi.advanceTimersByTimeAsync(91_000)
    expect(done).toEqual(['rewrite', 'done'])
    compaction.stop()
    const due = opened({ isDue: true })
    await vi.advanceTimersByTimeAsync(31_000)
    expect(due.done).toEqual(['rewrite', 'done'])
    due.compaction.stop()
  })

  test('what could not be done is tried again, and ids of what was forgotten go within minutes', async () => {
    const { done, compaction } = opened({ rewrites: [false, false] })
    expect(await compaction.purge()).toBe(true)
    expect(done).toEqual(['empty'])
    await vi.advanceTimersByTimeAsync(10 * 60_000)
    expect(done).toEqual(['empty', 'rewrite'])
    await vi.advanceTimersByTimeAsync(60_000)
    expect(done).toEqual(['empty', 'rewrite', 'rewrite', 'rewrite', 'done'])
    await vi.advanceTimersByTimeAsync(3600_000)
    expect(done).toHaveLength(5)
    compaction.stop()
  })
})
