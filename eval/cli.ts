#!/usr/bin/env node
/** loreweave-eval: the offline harness. Every figure it prints was measured in that run. */
import { createHash } from 'node:crypto'
import { realpathSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Command, CommanderError } from 'commander'
import { asFedError, failureText } from '../adapters/errors.ts'
import { useSha256 } from '../adapters/node/sha256.ts'
import { VERSION } from '../adapters/version.ts'
import { addBenchCommands } from './commands/bench.ts'
import { addClaudeCommand } from './commands/claude.ts'
import { addDayCommand } from './commands/day.ts'
import { addDemoCommand } from './commands/demo.ts'
import { addFeedbackCommand } from './commands/feedback.ts'
import type { Print } from './commands/options.ts'
import { addParityCommand } from './commands/parity.ts'
import { addRecordCommand } from './commands/record.ts'
import { addRerankCommand } from './commands/rerank.ts'
import { addRewriteCommand } from './commands/rewrite.ts'
import { addRunCommand } from './commands/run.ts'
import { addSoakCommand } from './commands/soak.ts'
import { formatResults } from './measure/results.ts'

/** Where the program writes. Progress, line by line, goes to the process's own standard error. */
export type Streams = {
  readonly out: (text: string) => void
  readonly err: (text: string) => void
  readonly exitWith: (code: number) => void
}

const EXIT = { done: 0, failed: 1, usage: 2 } as const

/** `loreweave-eval` as a value: exitWith is called unless all went well; run never rejects. */
export const createProgram = (
  streams: Streams,
): { run(args: readonly string[]): Promise<void> } => {
  const { out } = streams
  const print: Print = (results, isJson) =>
    out(`${isJson ? JSON.stringify(results, null, 2) : formatResults(results)}\n`)
  const program = new Command('loreweave-eval')
    .version(VERSION)
    .description('Offline evaluation, benchmarks and the demo of Loreweave.')
  addDemoCommand(program, print, out)
  addRerankCommand(program, print)
  addParityCommand(program, print)
  addRewriteCommand(program, out)
  addDayCommand(program, print)
  addSoakCommand(program, print)
  addFeedbackCommand(program, print)
  addRunCommand(program, print)
  addBenchCommands(program.command('bench').description('benchmarks, with peers or alone'), print)
  addClaudeCommand(program, out)
  addRecordCommand(program, print)
  prepare(program, streams)
  return {
    run: async (args) => {
      try {
        await program.parseAsync(args, { from: 'user' })
      } catch (error) {
        streams.exitWith(report(error, streams, args.includes('--json')))
      }
    },
  }
}

/** Otherwise commander ends the process itself and writes to its output. */
const prepare = (command: Command, streams: Streams): void => {
  command
    .exitOverride()
    .configureOutput({ writeOut: streams.out, writeErr: streams.err })
    .showHelpAfterError('(add --help for the options)')
  for (const sub of command.commands) prepare(sub, streams)
}

const report = (error: unknown, { err }: Streams, isJson: boolean): number => {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage
  const known = asFedError(error)
  err(`${failureText(known, isJson)}\n`)
  return known.code === 'E_USAGE' ? EXIT.usage : EXIT.failed
}

// Only as the program that was started, not where a test imports it.
if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  useSha256((bytes) => createHash('sha256').update(bytes).digest())
  // A reader that has had enough (`| head`) ends the program, not with a stack trace.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    process.exit(error.code === 'EPIPE' ? EXIT.done : EXIT.failed)
  })
  const program = createProgram({
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    exitWith: (code) => {
      process.exitCode = code
    },
  })
  await program.run(process.argv.slice(2))
}
