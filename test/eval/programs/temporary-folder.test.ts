import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../../../eval/programs/temporary-folder.ts'
import { programCommand } from '../../support/programs.ts'

test('a folder is there until it is removed, and no handler of signals stays', () => {
  const before = process.listenerCount('SIGTERM')
  const [a, b] = [temporaryFolder('test'), temporaryFolder('test')]
  writeFileSync(join(a.path, 'file'), '')
  a.remove()
  expect([existsSync(a.path), existsSync(b.path)]).toEqual([false, true])
  b.remove()
  expect(existsSync(b.path)).toBe(false)
  expect(process.listenerCount('SIGTERM')).toBe(before)
})

test.skipIf(process.platform === 'win32')(
  'an interrupted benchmark ends with 130 and leaves no folder',
  async () => {
    const root = mkdtempSync(join(tmpdir(), 'loreweave-interrupt-'))
    const { command, args } = programCommand('eval/cli')
    const bench = [
      'bench',
      'round',
      '--model',
      'tiny',
      '--choices',
      '20',
      '--cache',
      join(root, 'cache'),
    ]
    const child = spawn(command, [...args, ...bench], {
      stdio: 'ignore',
      env: { ...process.env, TMPDIR: root },
    })
    const isThere = () => readdirSync(root).some((name) => name.startsWith('loreweave-round-'))
    await expect.poll(isThere, { timeout: 50_000 }).toBe(true)
    const gone = once(child, 'exit')
    child.kill('SIGTERM')
    expect((await gone)[0]).toBe(130)
    expect(isThere()).toBe(false)
    rmSync(root, { recursive: true, force: true })
  },
)
