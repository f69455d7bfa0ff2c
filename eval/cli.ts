#!/usr/bin/env node
/** loreweave-eval: the offline harness. Every figure it prints was measured in that run. */
import { createHash } from 'node:crypto'
import { Command, CommanderError, Option } from 'commander'
import { useSha256 } from '../adapters/codec/digest.ts'
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
import { addRunCommand } from './run/command.ts'

useSha256((bytes) => createHash('sha256').update(bytes).digest())

const print = (results: Results, isJson: boolean | undefined) =>
  console.log(isJson ? JSON.stringify(results, null, 2) : formatResults(results))

const program = new Command('loreweave-eval')
  .version(VERSION)
  .description('Offline evaluation, benchmarks and the demo of Loreweave.')

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
      ...(!json && { print: (text: string) => console.log(text) }),
    })
    if (json) print({ results: report.results }, true)
  })

addRerankCommand(program, print)

program
  .command('parity')
  .argument('<folder>', 'model, adapter and values computed by PyTorch and PEFT')
  .description('compares logits, hidden states, gradients and the optimizer with reference values')
  .addOption(jsonOption())
  .action(async (folder, options) => print(await runParity(folder), options.json))

addRewriteCommand(program)
addDayCommand(program, print)
addFeedbackCommand(program, print)
addRunCommand(program, print)

addBenchCommands(program.command('bench').description('benchmarks, with peers or alone'), print)

addClaudeCommand(program)
addRecordCommand(program, print)

/** Commander ends the process itself unless every command is told to throw. */
const throwAll = (command: Command): void => {
  command.exitOverride().showHelpAfterError('(add --help for the options)')
  for (const sub of command.commands) throwAll(sub)
}
throwAll(program)

const EXIT = { done: 0, failed: 1, usage: 2 } as const

/** A reader that has had enough (`| head`) ends the program, not with a stack trace. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? EXIT.done : EXIT.failed)
})

const report = (error: unknown): number => {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage
  const known = asFedError(error)
  console.error(failureText(known, process.argv.includes('--json')))
  return known.code === 'E_USAGE' ? EXIT.usage : EXIT.failed
}

try {
  await program.parseAsync()
} catch (error) {
  process.exitCode = report(error)
}
