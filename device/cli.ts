#!/usr/bin/env node
/** loreweave: the device. Results on stdout, progress on stderr; exit 0 done, 1 failed, 2 wrong usage, 3 nothing could be written, 130 stopped. */
import { createHash } from 'node:crypto'
import { realpathSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Command, CommanderError } from 'commander'
import { useSha256 } from '../adapters/digest.ts'
import { asFedError, failureText } from '../adapters/errors.ts'
import { VERSION } from '../adapters/version.ts'
import { adapterCommand } from './commands/adapter.ts'
import { agentCommand } from './commands/agent.ts'
import { doctorCommand } from './commands/doctor.ts'
import { feedbackCommand } from './commands/feedback.ts'
import { choicesCommand, forgetCommand } from './commands/forget.ts'
import { initCommand } from './commands/init.ts'
import { openIo, processStreams, type Streams } from './commands/io.ts'
import { jobFileCommand, participateCommand, trainCommand } from './commands/learn.ts'
import { leaveCommand, removeCommand } from './commands/leave.ts'
import { modelCommand } from './commands/model.ts'
import { pageCommand } from './commands/page.ts'
import { profileCommand, rerankCommand, rewriteCommand } from './commands/personal.ts'
import { serveCommand } from './commands/serve.ts'
import { serviceCommand } from './commands/service.ts'
import { consentCommand, enrollCommand, logCommand } from './commands/setup.ts'
import { statusCommand } from './commands/status.ts'
import { trainingCommand } from './commands/training.ts'

const EXIT = { done: 0, failed: 1, usage: 2, notKept: 3, stopped: 130 } as const

const commands = [
  initCommand,
  modelCommand,
  trainCommand,
  trainingCommand,
  adapterCommand,
  serveCommand,
  agentCommand,
  serviceCommand,
  doctorCommand,
  pageCommand,
  rewriteCommand,
  rerankCommand,
  feedbackCommand,
  choicesCommand,
  forgetCommand,
  profileCommand,
  enrollCommand,
  consentCommand,
  participateCommand,
  statusCommand,
  logCommand,
  leaveCommand,
  removeCommand,
  jobFileCommand,
]

const HELP = `
Exit codes: 0 done, 1 failed, 2 wrong usage, 3 the home could not be written (nothing was changed), 130 stopped by Ctrl-C. Results go to stdout, progress to stderr.

Examples:
  loreweave init
  loreweave train --data choices.jsonl
  loreweave agent`

/** `loreweave` as a value: a run ends with a call of exitWith unless all went well, and never rejects. */
export const createProgram = (
  streams: Streams,
): { run(args: readonly string[]): Promise<void> } => {
  let called = ''
  const io = openIo(streams, () => called)
  const program = new Command('loreweave')
    .version(VERSION)
    .description(
      'Personalizes hosted Claude on this device, and learns together with others without sharing data.',
    )
    .addHelpText('after', HELP)
  for (const make of commands) program.addCommand(make(io))
  program.hook('preAction', (_, action) => {
    called = nameOf(action)
  })
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

/** With its groups, without the program. */
const nameOf = (command: Command): string =>
  command.parent?.parent ? `${nameOf(command.parent)} ${command.name()}` : command.name()

/** Commander ends the process itself, and writes to its output, unless every command is told otherwise. */
const prepare = (command: Command, streams: Streams): void => {
  command
    .exitOverride()
    .configureOutput({ writeOut: streams.out, writeErr: streams.err })
    .showHelpAfterError('(add --help for the options and examples)')
  for (const sub of command.commands) prepare(sub, streams)
}

/** With --json a refusal is the same envelope as over HTTP, on stderr. */
const report = (error: unknown, { err }: Streams, isJson: boolean): number => {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage
  const known = asFedError(error)
  err(`${failureText(known, isJson)}\n`)
  if (known.code === 'E_CANCELLED') return EXIT.stopped
  if (known.code === 'E_STORE') return EXIT.notKept
  return known.code === 'E_USAGE' ? EXIT.usage : EXIT.failed
}

// Only as the program that was started, not where a test imports it.
if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  useSha256((bytes) => createHash('sha256').update(bytes).digest())
  // A reader such as `head` may close the pipe early: that is no failure.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    process.exit(error.code === 'EPIPE' ? EXIT.done : EXIT.failed)
  })
  await createProgram(processStreams).run(process.argv.slice(2))
}
