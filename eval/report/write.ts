/** A run's reports as files. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { replaceFileSync } from '../../adapters/node/replace-file.ts'
import { progress } from '../measure/progress.ts'
import type { RunReport } from '../run/run-report.ts'
import { htmlReport } from './html.ts'
import { markdownReport } from './markdown.ts'

/** Each file whole or not at all. made: by which command, when and where. */
export const writeReports = (folder: string, report: RunReport, made = ''): void => {
  mkdirSync(folder, { recursive: true })
  const files = {
    'report.html': htmlReport(report, { made }),
    'report.md': markdownReport(report, made),
    'report.json': `${JSON.stringify(report, null, 2)}\n`,
  }
  for (const [name, text] of Object.entries(files)) replaceFileSync(join(folder, name), text)
  progress(`report: ${join(folder, 'report.html')}`)
}
