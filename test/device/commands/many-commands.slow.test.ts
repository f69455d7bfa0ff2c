/** Many commands at once, each a process of its own. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { lockHolder } from '../../../device/home/lock.ts'
import { call } from '../cli-call.ts'
import { run } from '../cli-process.ts'
import { temporaryFolder } from '../device-fixture.ts'
import { runningOwner } from './running-owner.ts'

const folder = temporaryFolder()
beforeAll(() => call(folder, ['init', '--model', 'tiny', '--threads', '1', '--port', '0']))
afterAll(() => rmSync(folder, { recursive: true }))

const DIMENSIONS = ['emoji', 'tables', 'tone', 'lists', 'headings', 'examples', 'closing', 'steps']

const twenty = async () => {
  const all = await Promise.all(
    Array.from({ length: 20 }, (_, i) =>
      run(folder, i < 8 ? ['profile', 'set', DIMENSIONS[i]!, 'less'] : ['status', '--json']),
    ),
  )
  expect(all.map(({ code, stderr }) => [code, stderr])).toEqual(Array(20).fill([0, '']))
  const { stdout } = await call(folder, ['profile', 'show', '--json'])
  const kept = JSON.parse(stdout).profile.preferences.map((p: { dimension: string }) => p.dimension)
  expect(kept).toEqual(expect.arrayContaining(DIMENSIONS))
}

test('twenty processes without an owner all succeed, and no change is lost', async () => {
  await twenty()
  expect(lockHolder(join(folder, 'home'))).toBeNull()
})

test('twenty processes that ask one owner all succeed, and none is lost', async () => {
  for (const dimension of DIMENSIONS) await call(folder, ['profile', 'remove', dimension])
  const owner = await runningOwner(folder)
  await twenty()
  await owner.close()
})
