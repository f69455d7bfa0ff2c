import { defineConfig } from 'vitest/config'

/** The checks against other programs: PEFT in a Python environment that is made on first use, and llama.cpp. */
export default defineConfig({
  test: {
    include: ['test/peers/**/*.test.ts'],
    root: new URL('..', import.meta.url).pathname,
    reporters: ['default', './test/support/reporter.ts'],
    testTimeout: 600_000,
    hookTimeout: 1_800_000,
    pool: 'forks',
    fileParallelism: false,
  },
})
