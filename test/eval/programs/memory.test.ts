import { spawn } from 'node:child_process'
import { expect, test } from 'vitest'
import { ownChildren, peakDuring, processTree } from '../../../eval/programs/memory.ts'

const isLinux = process.platform === 'linux'

test.skipIf(!isLinux)(
  'a tree holds a process and its children, and peers are left out',
  async () => {
    const child = spawn('sh', ['-c', 'sleep 30 & wait'])
    const pid = child.pid!
    await expect.poll(() => processTree(pid).length).toBe(2)
    expect(ownChildren([])).toContain(pid)
    expect(ownChildren([pid])).not.toContain(pid)
    for (const one of processTree(pid).toReversed()) process.kill(one)
  },
)

test.skipIf(!isLinux)('the peak is that of the work, although the end holds less', async () => {
  const program =
    'let b = Buffer.alloc(2e8, 1); setTimeout(() => { b = null; gc() }, 400); setTimeout(() => {}, 9e3)'
  const child = spawn(process.execPath, ['--expose-gc', '-e', program])
  const work = () => new Promise((resolve) => setTimeout(resolve, 1200))
  const peak = await peakDuring(() => processTree(child.pid!), work)
  child.kill()
  expect(peak).toBeGreaterThan(2e8)
  expect(peak).toBeLessThan(4e8)
})

test('a process that is gone weighs nothing, and what the work fails with comes through', async () => {
  expect(
    await peakDuring(
      () => [2 ** 22 + 1],
      async () => {},
    ),
  ).toBe(0)
  await expect(
    peakDuring(
      () => [],
      () => Promise.reject(new Error('no')),
    ),
  ).rejects.toThrow('no')
})
