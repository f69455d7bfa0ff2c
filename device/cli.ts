#!/usr/bin/env node
/** loreweave: the device. Results on stdout, progress on stderr; exit 0 done, 1 failed, 2 wrong usage, 130 stopped. */
import { createHash } from 'node:crypto'
import { Command, CommanderError } from 'commander'
import { useSha256 } from '../adapters/codec/digest.ts'
import { asFedError, failureText } from '../adapters/errors.ts'
import { VERSION } from '../adapters/version.ts'
import { adapterCommand } from './commands/adapter.ts'
import { agentCommand } from './commands/agent.ts'
import { doctorCommand } from './commands/doctor.ts'
import { feedbackCommand, forgetCommand } from './commands/feedback.ts'
import { initCommand } from './commands/init.ts'
import { jobFileCommand, participateCommand, trainCommand } from './commands/learn.ts'
import { leaveCommand, removeCommand } from './commands/leave.ts'
import { pageCommand } from './commands/page.ts'
import { profileCommand, rerankCommand, rewriteCommand } from './commands/personal.ts'
import { serveCommand } from './commands/serve.ts'
import { serviceCommand } from './commands/service.ts'
import { consentCommand, enrollCommand, logCommand } from './commands/setup.ts'
import { statusCommand } from './commands/status.ts'
import { trainingCommand } from './commands/training.ts'
import { modelCommand } from './model-commands.ts'

useSha256((bytes) => createHash('sha256').update(bytes).digest())

const EXIT = { done: 0, failed: 1, usage: 2, stopped: 130 } as const

const program = new Command('loreweave')
  .version(VERSION)
  .description(
    'Personalizes hosted Claude on this device, and learns together with others without sharing data.',
  )
  .addHelpText(
    'after',
    `
Exit codes: 0 done, 1 failed, 2 wrong usage, 130 stopped by Ctrl-C. Results go to stdout, progress to stderr.

Examples:
  loreweave init
  loreweave train --data choices.jsonl
  loreweave agent`,
  )

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
for (const make of commands) program.addCommand(make())

/** Commander ends the process itself unless every command is told to throw. */
const throwAll = (command: Command): void => {
  command.exitOverride().showHelpAfterError('(add --help for the options and examples)')
  for (const sub of command.commands) throwAll(sub)
}
throwAll(program)

/** With --json a refusal is the same envelope as over HTTP, on stderr. */
const report = (error: unknown): number => {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage
  const known = asFedError(error)
  process.stderr.write(`${failureText(known, process.argv.includes('--json'))}\n`)
  if (known.code === 'E_CANCELLED') return EXIT.stopped
  return known.code === 'E_USAGE' ? EXIT.usage : EXIT.failed
}

// A reader such as `head` may close the pipe early: that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? EXIT.done : EXIT.failed)
})

try {
  await program.parseAsync()
} catch (error) {
  process.exitCode = report(error)
}
