import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { codeKey, FEDERATION_SOURCES, PICK_SOURCES } from '../../../eval/run/code-key.ts'

const root = mkdtempSync(join(tmpdir(), 'loreweave-code-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
mkdirSync(join(root, 'device/reward'), { recursive: true })
mkdirSync(join(root, 'eval'))

test('changes with a source or a word list, wherever it lies, and with nothing else', () => {
  const key = (file: string, text: string) => {
    writeFileSync(join(root, file), text)
    return codeKey(['device', 'eval/one'], root)
  }
  writeFileSync(join(root, 'eval/one.ts'), 'a')
  const first = key('device/reward/head.ts', 'a')
  expect(key('device/README.md', 'a page')).toBe(first)
  expect(key('eval/other.ts', 'not asked for')).toBe(first)
  const keys = [
    first,
    key('device/reward/head.ts', 'b'),
    key('device/words.json', '[]'),
    key('eval/one.ts', 'b'),
    key('device/reward/new.js', ''),
  ]
  expect(new Set(keys).size).toBe(keys.length)
})

test('the sources that picks and federations hang on are there', () => {
  for (const places of [PICK_SOURCES, FEDERATION_SOURCES])
    expect(codeKey(places)).toMatch(/^[0-9a-f]{64}$/)
})
