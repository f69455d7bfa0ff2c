import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  type ReplaceOptions,
  replaceFile,
  replaceFileSync,
} from '../../../adapters/node/replace-file.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'loreweave-replace-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const isPosix = process.platform !== 'win32'

describe.each([
  ['replaceFile', replaceFile],
  [
    'replaceFileSync',
    async (path: string, bytes: string | Uint8Array, options?: ReplaceOptions) =>
      replaceFileSync(path, bytes, options),
  ],
] as const)('%s', (_, replace) => {
  test.each([true, false])('leaves the new bytes under the name alone, flushed: %s', async (is) => {
    writeFileSync(join(folder, 'file'), 'a longer text of before')
    await replace(join(folder, 'file'), 'after', { isFlushed: is })
    await replace(join(folder, 'bytes'), Uint8Array.of(0, 255), { isFlushed: is })
    expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('after')
    expect([...readFileSync(join(folder, 'bytes'))]).toEqual([0, 255])
    expect(readdirSync(folder).sort()).toEqual(['bytes', 'file'])
  })

  test.runIf(isPosix)('the new file has the permissions asked for', async () => {
    writeFileSync(join(folder, 'file'), 'open to all')
    chmodSync(join(folder, 'file'), 0o644)
    await replace(join(folder, 'file'), 'private', { mode: 0o600 })
    expect(statSync(join(folder, 'file')).mode & 0o777).toBe(0o600)
  })

  test('a failure leaves the old file and no other', async () => {
    mkdirSync(join(folder, 'taken', 'by-a-folder'), { recursive: true })
    await expect(replace(join(folder, 'taken'), 'text')).rejects.toThrow(/EISDIR|EPERM|ENOTEMPTY/)
    expect(existsSync(join(folder, 'taken', 'by-a-folder'))).toBe(true)
    expect(readdirSync(folder)).toEqual(['taken'])
  })

  test('the temporary name may be chosen', async () => {
    mkdirSync(join(folder, 'elsewhere'))
    const temporary = join(folder, 'elsewhere')
    await expect(replace(join(folder, 'file'), 'text', { temporary })).rejects.toThrow()
    expect(existsSync(join(folder, 'file'))).toBe(false)
  })
})
