#!/usr/bin/env node
import { Command } from 'commander'
import { type Program, programOf, runIfStarted } from '../adapters/node/program.ts'
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
import { serverCommand } from './commands/server.ts'
import { serviceCommand } from './commands/service.ts'
import { consentCommand, enrollCommand, logCommand, rotateKeyCommand } from './commands/setup.ts'
import { statusCommand } from './commands/status.ts'
import { trainingCommand } from './commands/training.ts'

/** Beside 0 done, 1 failed and 2 wrong usage. */
const EXITS = { E_STORE: 3, E_CANCELLED: 130 } as const

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
  rotateKeyCommand,
  serverCommand,
  consentCommand,
  participateCommand,
  statusCommand,
  logCommand,
  leaveCommand,
  removeCommand,
  jobFileCommand,
]

const HELP = `
Exit codes: 0 done, 1 failed, 2 wrong usage, 3 the home could not be written (nothing was
changed), 130 stopped by Ctrl-C. Results go to stdout, progress to stderr.

Examples:
  loreweave init
  loreweave train --data choices.jsonl
  loreweave agent`

/** `loreweave` as a value. */
export const createProgram = (streams: Streams): Program => {
  let called = ''
  const io = openIo(streams, () => called)
  const program = new Command('loreweave')
    .version(VERSION)
    .description(
      'Personalizes hosted Claude on this device, and learns together with others without ' +
        'sharing data.',
    )
    .addHelpText('after', HELP)
  for (const make of commands) program.addCommand(make(io))
  program.hook('preAction', (_, action) => {
    called = nameOf(action)
  })
  return programOf(program, streams, EXITS)
}

/** The command's name with its groups, without the program's. */
const nameOf = (command: Command): string =>
  command.parent?.parent ? `${nameOf(command.parent)} ${command.name()}` : command.name()

await runIfStarted(import.meta.url, createProgram(processStreams))
