/** One day of the soak: the real programs, in simulated time. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { runSoak } from '../../../eval/soak/run.ts'

const cache = mkdtempSync(join(tmpdir(), 'loreweave-soak-test-'))
afterAll(() => rmSync(cache, { recursive: true, force: true }))

test('a day among faults passes without a broken promise', async () => {
  const lines: string[] = []
  const soak = await runSoak({ seed: 5, days: 1, cache, print: (l) => lines.push(l) })
  expect(soak.violations, lines.join('\n')).toEqual([])
  expect(soak.asked).toBeGreaterThan(30)
  expect(soak.rounds).toBeGreaterThan(0)
}, 300_000)
