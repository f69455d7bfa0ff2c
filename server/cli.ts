#!/usr/bin/env node
/** loreweave-server: serve, and the operator's commands over the same HTTP API. */
import { randomUUID } from 'node:crypto'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { Command, Option } from 'commander'
import { type Program, processStreams, programOf, runIfStarted } from '../adapters/node/program.ts'
import { VERSION } from '../adapters/version.ts'
import { auditCommands, operatorCommands, statusCommand } from './commands/access.ts'
import { backupCommand, restoreCommand } from './commands/backup.ts'
import { jobCommands } from './commands/jobs.ts'
import { deviceCommands, keyCommands, tokenCommands } from './commands/operator.ts'
import { privacyCommands } from './commands/privacy.ts'
import { releaseCommands } from './commands/releases.ts'
import { edgeCommand, serveCommand } from './commands/serve-command.ts'

/** Beside 0 done, 1 refused, 2 wrong usage, and 4 where a job that was waited for is paused. */
const EXITS = { E_UNAVAILABLE: 3 } as const

type Streams = typeof processStreams

const dataOption = (env: Streams['env']) => {
  const usual = join(homedir(), '.loreweave-server')
  return new Option('--data <folder>', 'data folder of the server').default(
    env['LOREWEAVE_SERVER_DATA'] ?? usual,
    `$LOREWEAVE_SERVER_DATA, else ${usual}`,
  )
}

/** `loreweave-server` as a value. What `serve` logs goes to the process's own standard error. */
export const createProgram = (streams: Streams): Program => {
  const { env } = streams
  const program = new Command('loreweave-server')
    .version(VERSION)
    .description('The federation server of Loreweave, and its operator commands.')
  const deps = { ...streams, dataOption: () => dataOption(env), newKey: randomUUID }
  program.addCommand(serveCommand(deps)).addCommand(edgeCommand(deps))
  for (const make of [
    tokenCommands,
    keyCommands,
    jobCommands,
    releaseCommands,
    privacyCommands,
    deviceCommands,
    operatorCommands,
    auditCommands,
    statusCommand,
  ])
    program.addCommand(make(deps))
  program.addCommand(backupCommand(deps)).addCommand(restoreCommand(deps))
  return programOf(program, streams, EXITS)
}

await runIfStarted(import.meta.url, createProgram(processStreams))
