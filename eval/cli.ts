#!/usr/bin/env node
/** loreweave-eval: the offline harness. Every figure it prints was measured in that run. */
import { createHash } from 'node:crypto'
import { realpathSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Command, CommanderError, Option } from 'commander'
import { useSha256 } from '../adapters/digest.ts'
import { asFedError, failureText } from '../adapters/errors.ts'
import { VERSION } from '../adapters/version.ts'
import { addBenchCommands } from './bench/commands.ts'
import { addDayCommand } from './day/command.ts'
import { runDemo } from './demo/demo.ts'
import { addFeedbackCommand } from './feedback/command.ts'
import { addClaudeCommand } from './mock/claude-command.ts'
import {
  cacheOption,
  integer,
  jsonOption,
  modelOption,
  progress,
  threadsOption,
} from './options.ts'
import { runParity } from './parity.ts'
import { addRecordCommand } from './record-command.ts'
import { addRerankCommand } from './rerank.ts'
import { formatResults, type Results } from './results.ts'
import { addRewriteCommand } from './rewrite.ts'
import { addRunCommand, type Print } from './run/command.ts'
import { addSoakCommand } from './soak/command.ts'

/** Where the program writes. What it is at, line by line, goes to the process's own standard error. */
export type Streams = {
  readonly out: (text: string) => void
  readonly err: (text: string) => void
  readonly exitWith: (code: number) => void
}

const EXIT = { done: 0, failed: 1, usage: 2 } as const

/** `loreweave-eval` as a value: a run ends with a call of exitWith unless all went well, and never rejects. */
export const createProgram = (
  streams: Streams,
): { run(args: readonly string[]): Promise<void> } => {
  const { out } = streams
  const print = (results: Results, isJson: boolean | undefined) =>
    out(`${isJson ? JSON.stringify(results, null, 2) : formatResults(results)}\n`)
  const program = new Command('loreweave-eval')
    .version(VERSION)
    .description('Offline evaluation, benchmarks and the demo of Loreweave.')
  addDemoCommand(program, print, out)
  addRerankCommand(program, print)
  program
    .command('parity')
    .argument('<folder>', 'model, adapter and values computed by PyTorch and PEFT')
    .description(
      'compares logits, hidden states, gradients and the optimizer with reference values',
    )
    .addOption(jsonOption())
    .action(async (folder, options) => print(await runParity(folder), options.json))
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

const addDemoCommand = (program: Command, print: Print, out: Streams['out']): void => {
  program
    .command('demo')
    .description(
      'the whole loop on the real model: server, devices, two federated rounds, a table and a report',
    )
    .option('--out <folder>', 'where the report and the run are written', 'out/demo')
    .option('--seed <n>', 'seed of users, answers and choices', integer(0), 7)
    .option('--devices <n>', 'lighter devices in one process', integer(1), 100)
    .option('--choices <n>', 'choices of each lighter device', integer(10), 100)
    .addOption(
      new Option('--claude <which>', 'mock, or hosted (needs ANTHROPIC_API_KEY)')
        .choices(['mock', 'hosted'])
        .default('mock'),
    )
    .addOption(
      new Option('--ablate <what>', 'take away what was federated').choices([
        'updates',
        'adapter',
        'prior',
      ]),
    )
    .addOption(modelOption())
    .addOption(cacheOption())
    .addOption(threadsOption())
    .addOption(jsonOption())
    .action(async (options) => {
      const { json, ...rest } = options
      const report = await runDemo({
        ...rest,
        env: process.env,
        log: progress,
        ...(!json && { print: (text: string) => out(`${text}\n`) }),
      })
      if (json) print({ results: report.results }, true)
    })
}

/** Commander ends the process itself, and writes to its output, unless every command is told otherwise. */
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
