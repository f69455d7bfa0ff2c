import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { lockHolder, takeLock } from '../../../device/agent/lock.ts'
import { expectCode } from '../../support/expect-code.ts'
import { programFile } from '../../support/programs.ts'
import { temporaryFolder } from './fixture.ts'

let path = ''
beforeEach(() => {
  path = join(temporaryFolder(), 'agent.lock')
})
afterEach(() => rmSync(join(path, '..'), { recursive: true }))

test('one holds it, is told of, and leaves it to the next', () => {
  expect(lockHolder(path)).toBeNull()
  const lock = takeLock(path, { pid: 11, startedAt: 5 })
  expect(lockHolder(path)).toEqual({ pid: 11, startedAt: 5 })
  const error = expectCode('E_CONFLICT', () => takeLock(path, { pid: 12, startedAt: 6 }))
  expect(error.message).toContain('process 11')
  lock.release()
  expect(lockHolder(path)).toBeNull()
  takeLock(path, { pid: 12, startedAt: 6 }).release()
})

test('kill -9 of the holder leaves no dead lock', async () => {
  const child = spawn(process.execPath, [programFile('test/support/lock-holder'), path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  expect(lockHolder(path)).toEqual({ pid: child.pid, startedAt: 1 })
  child.kill('SIGKILL')
  await once(child, 'exit')
  expect(lockHolder(path)).toBeNull()
  takeLock(path, { pid: 2, startedAt: 2 }).release()
}, 30_000)
