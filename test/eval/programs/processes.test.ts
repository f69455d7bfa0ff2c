import { afterEach, beforeEach, expect, test } from 'vitest'
import { treePssBytes, watchMemory } from '../../../eval/programs/memory.ts'
import { createProcesses, type Processes } from '../../../eval/programs/processes.ts'
import { programCommand } from '../../support/programs.ts'

let processes: Processes
beforeEach(() => {
  processes = createProcesses(programCommand)
})
afterEach(() => processes.stopAll())

test('a program that runs to its end gives its output', async () => {
  const { stdout } = await processes.run('server/cli', ['--help'])
  expect(stdout).toContain('loreweave-server')
})

test('a program that fails is told with its last lines', async () => {
  const run = processes.run('server/cli', ['nonsense'])
  await expect(run).rejects.toMatchObject({
    code: 'E_INTERNAL',
    message: expect.stringContaining("unknown command 'nonsense'"),
  })
})

test('a program that stays is ready at its line, and is gone after stopAll', async () => {
  const url = await processes.start('eval/cli', ['claude', '--port', '0'], (l) =>
    l.startsWith('http'),
  )
  const before = await fetch(`${url}/v1/models`, {
    headers: { 'x-api-key': 'k', 'anthropic-version': '2023-06-01' },
  })
  expect(before.status).toBe(200)
  await processes.stopAll()
  await expect(fetch(`${url}/v1/models`)).rejects.toThrow()
  await expect(processes.run('server/cli', ['--help'])).rejects.toMatchObject({
    code: 'E_CANCELLED',
  })
})

test.runIf(process.platform === 'linux')(
  'memory counts a process and its descendants',
  async () => {
    const alone = treePssBytes(process.pid)
    expect(alone).toBeGreaterThan(10e6)
    await processes.start('eval/cli', ['claude'], (l) => l.startsWith('http'))
    const watch = watchMemory()
    expect(watch.peakBytes()).toBeGreaterThan(treePssBytes(process.pid) * 0.9)
    expect(treePssBytes(process.pid)).toBeGreaterThan(alone + 10e6)
    watch.stop()
    await processes.stopAll()
  },
)
