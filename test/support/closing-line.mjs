// Sums what several test runs have counted: `closing-line.mjs <file> <runs>`. A run that counted nothing has failed.
import { readFileSync } from 'node:fs'

const [file, runs] = process.argv.slice(2)
const counted = readFileSync(file, 'utf8')
  .split('\n')
  .filter(Boolean)
  .map((line) => JSON.parse(line))
const sum = (key) => counted.reduce((total, counts) => total + counts[key], 0)
const failed = sum('failed') + Number(runs) - counted.length
console.log(`\n${sum('passed')} passed, ${failed} failed, ${sum('skipped')} skipped`)
process.exitCode = failed > 0 ? 1 : 0
