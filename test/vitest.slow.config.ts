import { defineConfig } from 'vitest/config'
import { shared, WORKERS } from './vitest.config.ts'

/**
 * What takes long: every moment of a kill, every ablation, a day of the agent, statistics at full
 * size, every look of the page.
 */
export default defineConfig({
  test: {
    ...shared,
    include: ['test/**/*.slow.test.ts'],
    globalSetup: ['./test/support/global-setup.mjs', './test/support/services.mjs'],
    reporters: ['default', './test/support/reporter.ts'],
    maxWorkers: WORKERS,
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
})
