#!/usr/bin/env node
import { Command } from 'commander'
import {
  type Ending,
  type Program,
  processStreams,
  programOf,
  runIfStarted,
} from '../adapters/node/program.ts'
import { VERSION } from '../adapters/version.ts'
import { addAuditCommand } from './commands/audit.ts'
import { addBenchCommands } from './commands/bench.ts'
import { addClaudeCommand } from './commands/claude.ts'
import { addDayCommand } from './commands/day.ts'
import { addDemoCommand } from './commands/demo.ts'
import { addFeedbackCommand } from './commands/feedback.ts'
import { addJudgeCommand } from './commands/judge.ts'
import type { Print } from './commands/options.ts'
import { addParityCommand } from './commands/parity.ts'
import { addRecordCommand } from './commands/record.ts'
import { addRerankCommand } from './commands/rerank.ts'
import { addRewriteCommand } from './commands/rewrite.ts'
import { addRunCommand } from './commands/run.ts'
import { addSoakCommand } from './commands/soak.ts'
import { formatResults } from './measure/results.ts'

/** `loreweave-eval` as a value. Progress goes, line by line, to the process's standard error. */
export const createProgram = (streams: Ending): Program => {
  const { out } = streams
  const print: Print = (results, isJson) =>
    out(`${isJson ? JSON.stringify(results, null, 2) : formatResults(results)}\n`)
  const program = new Command('loreweave-eval')
    .version(VERSION)
    .description('Offline evaluation, benchmarks and the demo of Loreweave.')
  addDemoCommand(program, print, out)
  addRerankCommand(program, print)
  addJudgeCommand(program, print)
  addParityCommand(program, print)
  addRewriteCommand(program, out)
  addDayCommand(program, print)
  addSoakCommand(program, print)
  addAuditCommand(program, print)
  addFeedbackCommand(program, print)
  addRunCommand(program, print)
  addBenchCommands(program.command('bench').description('benchmarks, with peers or alone'), print)
  addClaudeCommand(program, out)
  addRecordCommand(program, print)
  return programOf(program, streams)
}

await runIfStarted(import.meta.url, createProgram(processStreams))
