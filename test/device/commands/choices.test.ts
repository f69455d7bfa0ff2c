/** Choice logs from files, as `train --data` takes them. */
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { choiceKey, latestChoices } from '../../../adapters/formats/read-choices.ts'
import { importText, type LogOptions, readLog } from '../../../device/commands/choices.ts'
import { importChoices } from '../../../device/feedback/import-choices.ts'
import { openStore } from '../../../device/store/store.ts'
import { keptIo } from '../cli-call.ts'
import { shortChoices, temporaryFolder } from '../device-fixture.ts'

let folder = ''
beforeAll(() => {
  folder = temporaryFolder()
})
afterAll(() => rmSync(folder, { recursive: true }))

const jsonl = (choices: readonly object[]) => choices.map((c) => `${JSON.stringify(c)}\n`).join('')

/** What reading a file of these bytes comes to in a new home. */
const imported = (bytes: string | Uint8Array, options: LogOptions = {}) => {
  const path = join(folder, 'choices.jsonl')
  writeFileSync(path, bytes)
  const store = openStore(':memory:')
  const { io, result } = keptIo()
  const read = async () => {
    const { choices, ...counts } = readLog(io, [path], options)
    return { ...(await importChoices(store, choices, 1)), ...counts }
  }
  return { read, store, told: () => result.stderr }
}

const failing = ({ read }: ReturnType<typeof imported>): Promise<unknown> =>
  read().then(
    () => expect.fail('nothing was refused'),
    (error: unknown) => error,
  )

test('a log with further columns, a byte order mark and CRLF is read completely, and reported in one line', async () => {
  const lines = shortChoices(3).map((c) => ({ ...c, model: 'claude', comment: '' }))
  const log = imported(`\ufeff${jsonl(lines).replaceAll('\n', '\r\n')}`)
  const report = await log.read()
  expect(report).toEqual({ added: 3, replaced: 0, known: 0, test: 0, skipped: 0, others: 0 })
  expect(importText(report)).toBe('choices: 3 new, 0 replaced, 0 already known, 0 skipped')
  expect(log.told().trim().split('\n')).toEqual([expect.stringContaining('model, comment')])
})

test('bad lines stop the command before anything is kept; --skip-bad skips them and no other', async () => {
  const latin1 = Uint8Array.from([...Buffer.from(jsonl(shortChoices(2))), 0xe9, 0x0a])
  const strict = imported(latin1)
  expect(await failing(strict)).toMatchObject({ code: 'E_DATA' })
  expect(strict.store.countChoices()).toBe(0)
  expect(strict.told()).toContain('line 3: is not UTF-8')
  const skipping = imported(latin1, { skipBad: true })
  expect(await skipping.read()).toMatchObject({ added: 2, skipped: 1 })
})

test('lines of others are counted, and whose to take must be said', async () => {
  const both = jsonl([...shortChoices(2), ...shortChoices(1, 'bob')])
  expect(await failing(imported(both))).toMatchObject({ code: 'E_USAGE' })
  expect(await imported(both, { user: 'bob' }).read()).toMatchObject({ added: 1, others: 2 })
  expect(await failing(imported(both, { user: 'eve' }))).toMatchObject({ code: 'E_DATA' })
})

test('a log without a single choice is refused', async () => {
  expect(await failing(imported('\n\n'))).toMatchObject({ code: 'E_DATA' })
  expect(await failing(imported('{}\n', { skipBad: true }))).toMatchObject({ code: 'E_DATA' })
})

test('UTF-16 is named', async () => {
  expect(await failing(imported(Buffer.from('\ufeff{}', 'utf16le')))).toMatchObject({
    code: 'E_DATA',
    message: expect.stringContaining('UTF-16'),
  })
})

test('of several files all are read, a later one corrects those before, and one bad line stops all', () => {
  const [first, second, third] = shortChoices(3)
  const paths = [
    [first, second],
    [{ ...first, chosen: 1 - first!.chosen }, third],
  ].map((choices, i) => {
    const path = join(folder, `part-${i}.jsonl`)
    writeFileSync(path, jsonl(choices as object[]))
    return path
  })
  const { io } = keptIo()
  const { choices } = readLog(io, paths, {})
  expect(choices.map(({ id }) => id)).toEqual([first, second, first, third].map((c) => c!.id))
  expect(latestChoices(choices).get(choiceKey(first!))?.chosen).toBe(1 - first!.chosen)
  writeFileSync(join(folder, 'bad.jsonl'), '{}')
  expect(() => readLog(io, [...paths, join(folder, 'bad.jsonl')], {})).toThrow('bad.jsonl: 1 bad')
})
