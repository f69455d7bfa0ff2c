import { defineConfig } from 'vitest/config'

/** The checks on the real model: they download it (98 MB) on first use. */
export default defineConfig({
  test: {
    include: ['test/model/**/*.test.ts'],
    root: new URL('..', import.meta.url).pathname,
    reporters: ['default', './test/support/reporter.ts'],
    testTimeout: 600_000,
    hookTimeout: 600_000,
    pool: 'forks',
    fileParallelism: false,
  },
})
