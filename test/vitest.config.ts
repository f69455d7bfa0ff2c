import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

/** Files that start programs, engine children or a browser: each has a process of its own. All others
 *  share one process with many files, and leave nothing behind in it. `architecture.test.ts` holds the list to what the files import. */
export const PROCESSES = [
  'test/device/store/forget.test.ts',
  'test/device/agent/process-time.test.ts',
  'test/device/owner/real-engine.test.ts',
  'test/device/store/file.test.ts',
  'test/device/store/keeper.test.ts',
  'test/device/api/engine-lost.test.ts',
  'test/device/cli.test.ts',
  'test/device/commands/adapter.test.ts',
  'test/device/commands/either-way.test.ts',
  'test/device/commands/leave.test.ts',
  'test/device/commands/page.test.ts',
  'test/device/commands/service.test.ts',
  'test/device/commands/training.test.ts',
  'test/device/engine/process/client.test.ts',
  'test/device/engine/process/measure-quality.test.ts',
  'test/device/engine/train/kill.test.ts',
  'test/device/home/lock.test.ts',
  'test/device/readme.test.ts',
  'test/eval/programs/memory.test.ts',
  'test/eval/programs/temporary-folder.test.ts',
  'test/eval/cli.test.ts',
  'test/eval/commands/judge.test.ts',
  'test/eval/programs/processes.test.ts',
  'test/eval/population/federate.test.ts',
  'test/eval/population/joint-gradient.test.ts',
  'test/eval/population/fleet.test.ts',
  'test/eval/peers/peer-process.test.ts',
  'test/eval/run/rerank.test.ts',
  'test/eval/run/run.test.ts',
  'test/server/cli.test.ts',
  'test/server/commands/serve.test.ts',
  'test/server/kill.test.ts',
  'test/server/releases/aggregate.test.ts',
  'test/server/releases/robust.test.ts',
]

const SETUP = [
  './test/support/equal-arrays.ts',
  ...(process.env['LOREWEAVE_ASSERTIONS'] ? ['./test/support/count-assertions.ts'] : []),
]

export const shared = {
  root: new URL('..', import.meta.url).pathname,
  testTimeout: 60_000,
  hookTimeout: 60_000,
  pool: 'forks',
  setupFiles: SETUP,
} as const

/** Also on two cores two: many tests wait for a process. */
export const WORKERS = Math.max(2, availableParallelism() - 1)

export default defineConfig({
  test: {
    ...shared,
    reporters: ['default', './test/support/reporter.ts'],
    maxWorkers: WORKERS,
    projects: [
      {
        test: {
          ...shared,
          name: 'processes',
          include: PROCESSES,
          globalSetup: './test/support/global-setup.mjs',
        },
      },
      {
        test: {
          ...shared,
          name: 'pure',
          include: ['test/**/*.test.ts'],
          exclude: [
            'test/model/**',
            'test/peers/**',
            'test/clients/clients.test.ts',
            'test/**/*.slow.test.ts',
            ...PROCESSES,
          ],
          isolate: false,
        },
      },
    ],
  },
})
