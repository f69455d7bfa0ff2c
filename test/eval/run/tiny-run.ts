/** Runs of the tiny scenario in a folder that the caller removes. */
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type RunOptions, runScenario } from '../../../eval/run/run.ts'
import { readScenario } from '../../../eval/run/scenario.ts'

export const tinyRuns = () => {
  const folder = mkdtempSync(join(tmpdir(), 'loreweave-run-'))
  const run = (out: string, more: Partial<RunOptions> = {}) =>
    runScenario({
      scenario: readScenario('tiny'),
      seed: 7,
      ablate: [],
      out: join(folder, out),
      cache: join(folder, 'models'),
      threads: 1,
      log: () => {},
      ...more,
    })
  return { folder, run }
}
