import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createHome } from '../../../device/home/home.ts'
import { openStore } from '../../../device/store/store.ts'
import { call } from '../cli-call.ts'
import { shortChoices, temporaryFolder } from '../device-fixture.ts'

let folder = ''
beforeEach(async () => {
  folder = temporaryFolder()
  const home = createHome(join(folder, 'home'), { model: 'tiny' })
  const store = openStore(home.databasePath)
  for (const [i, choice] of shortChoices(25).entries())
    store.addChoice(choice, i < 20 ? 'import' : 'feedback')
  await store.close()
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const run = (...args: string[]) => call(folder, args)
const listed = async (...args: string[]) =>
  JSON.parse((await run('choices', '--json', ...args)).stdout) as {
    choices: { id: string }[]
    total: number
  }

test('choices lists the learned choices, and each can be forgotten by its id', async () => {
  const { stdout } = await run('choices', '--limit', '1')
  expect(stdout).toContain('ada-24\n    Explain subject 24\n    → Subject 24 is simple.')
  expect(stdout).toContain('25 choices; to forget one')
  expect((await listed('--limit', '1000')).choices).toHaveLength(25)
  expect((await listed()).choices).toHaveLength(20)
  expect(await run('forget', '--choice', 'ada-3')).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('forgotten: 0 decisions, 1 choices'),
  })
  const { choices, total } = await listed('--limit', '1000')
  expect([choices.some(({ id }) => id === 'ada-3'), total]).toEqual([false, 24])
})

test.each([
  [['--containing', 'SUBJECT 1'], 25 - 11],
  [['--imported'], 5],
])('%s asks before it erases', async (target, left) => {
  expect(await run('forget', ...target)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('--yes'),
  })
  expect((await listed()).total).toBe(25)
  expect((await run('forget', ...target, '--yes')).code).toBe(0)
  expect((await listed()).total).toBe(left)
})

test('what nothing holds, and two targets at once, are refused', async () => {
  expect(await run('forget', '--containing', 'no such words', '--yes')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('nothing that this device keeps holds this'),
  })
  expect((await run('forget', '--imported', '--choice', 'ada-1')).code).toBe(2)
  expect((await run('forget', '--containing', 'x')).code).toBe(2)
})
