/** Closes a test run with the one line that continuous integration reads. */
import { appendFileSync } from 'node:fs'
import type { Reporter, TestModule } from 'vitest/node'

export const countOutcomes = (modules: readonly TestModule[]) => {
  const counts = { passed: 0, failed: 0, skipped: 0 }
  for (const module of modules) {
    let failedTests = 0
    for (const test of module.children.allTests()) {
      const state = test.result().state
      if (state === 'passed') counts.passed++
      else if (state === 'failed') failedTests++
      else counts.skipped++
    }
    // A file that fails to load, or whose hook fails, has no failed test of its own.
    counts.failed += failedTests || (module.state() === 'failed' ? 1 : 0)
  }
  return counts
}

export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]) {
    const counts = countOutcomes(modules)
    counts.failed += errors.length
    // Of several runs `closing-line.mjs` prints the sum.
    const file = process.env['LOREWEAVE_COUNTS']
    if (file) appendFileSync(file, `${JSON.stringify(counts)}\n`)
    else
      console.log(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`)
  }
}
