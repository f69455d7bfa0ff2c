import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { machineIo } from '../../../device/agent/machine-io.ts'
import { psSeconds, statSeconds, treeSeconds } from '../../../device/agent/process-time.ts'
import { fakeMachine } from './machine.ts'

const stat = (pid: number, times: string) =>
  `${pid} (node (a) b) S 1 1 1 0 -1 4194304 10 20 0 0 ${times} 20 0 11 0 5000 0 0`

test('counts user and system time, that of children that have ended too', () => {
  expect(statSeconds(stat(7, '150 50 300 100'))).toBe(6)
})

test('adds up the processes below, through every thread', async () => {
  const io = fakeMachine({
    '/proc/7/stat': stat(7, '100 0 0 0'),
    '/proc/7/task/7/children': '8 ',
    '/proc/7/task/12/children': '9',
    '/proc/8/stat': stat(8, '200 0 0 0'),
    '/proc/9/stat': stat(9, '300 0 0 0'),
  })
  expect(await treeSeconds('linux', io, 7)).toBe(6)
  expect(await treeSeconds('linux', io, 99)).toBeNull()
  expect(await treeSeconds('win32', io, 7)).toBeNull()
})

test('reads ps of macOS: minutes and hours', () => {
  expect(psSeconds('  7  1 0:01.50\n  8  7 2:00.00\n 9 8 1:00:00.00\n 10 1 9:00.00\n', 7)).toBe(
    3721.5,
  )
})

test.skipIf(process.platform !== 'linux')('sees the time of a real child', async () => {
  const before = await treeSeconds('linux', machineIo(), process.pid)
  spawnSync(process.execPath, [
    '-e',
    'const t = process.cpuUsage().user; while (process.cpuUsage().user - t < 120000);',
  ])
  expect((await treeSeconds('linux', machineIo(), process.pid))! - before!).toBeGreaterThan(0.1)
})
