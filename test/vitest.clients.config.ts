import { defineConfig } from 'vitest/config'

/**
 * Real clients of Claude through the device: their packages are installed in the cache folder on
 * first use.
 */
export default defineConfig({
  test: {
    include: ['test/clients/clients.test.ts'],
    root: new URL('..', import.meta.url).pathname,
    reporters: ['default', './test/support/reporter.ts'],
    globalSetup: './test/support/global-setup.mjs',
    testTimeout: 300_000,
    hookTimeout: 1_800_000,
    pool: 'forks',
    fileParallelism: false,
  },
})
