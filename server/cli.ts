#!/usr/bin/env node
/** loreweave-server: serve, and the operator's commands over the same HTTP API. */
import { createHash, randomUUID } from 'node:crypto'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { useSha256 } from '../adapters/codec/digest.ts'
import { asFedError, failureText } from '../adapters/errors.ts'
import { VERSION } from '../adapters/version.ts'
import { deviceCommands, jobCommands, releaseCommands, tokenCommands } from './commands/operator.ts'
import { serve } from './commands/serve.ts'
import { DEFAULT_PACE } from './config.ts'
import type { LogLevel } from './telemetry/log.ts'

useSha256((bytes) => createHash('sha256').update(bytes).digest())

const EXIT = { done: 0, refused: 1, usage: 2, unreachable: 3 } as const

const integer = (least: number, most: number) => (text: string) => {
  const value = Number(text)
  if (!Number.isInteger(value) || value < least || value > most)
    throw new InvalidArgumentError(`expected a whole number from ${least} to ${most}.`)
  return value
}

const dataOption = () =>
  new Option('--data <folder>', 'data folder of the server')
    .env('LOREWEAVE_SERVER_DATA')
    .default(join(homedir(), '.loreweave-server'))

const program = new Command('loreweave-server')
  .version(VERSION)
  .description('The federation server of Loreweave, and its operator commands.')
  .showHelpAfterError('(add --help for the options and examples)')
  .exitOverride()

program
  .command('serve')
  .description('serve the federation over HTTP until SIGINT or SIGTERM')
  .addOption(dataOption())
  .option('--host <address>', 'address to bind', '127.0.0.1')
  .option('--port <n>', 'port to bind; 0 takes a free one', integer(0, 65_535), 8787)
  .option(
    '--retry-soon-ms <n>',
    'pace of devices while a round is near',
    integer(1, 3_600_000),
    DEFAULT_PACE.soonMs,
  )
  .option(
    '--retry-later-ms <n>',
    'pace of devices while there is nothing to do',
    integer(1, 86_400_000),
    DEFAULT_PACE.laterMs,
  )
  .option('--tick-ms <n>', 'how often deadlines are looked at', integer(10, 60_000), 500)
  .addOption(
    new Option('--log-level <level>', 'least level that is logged to standard error')
      .choices(['debug', 'info', 'warn', 'error'])
      .default('info'),
  )
  .addHelpText(
    'after',
    `
Prints one JSON line once it listens, {"event":"listening","url":...}, and logs JSON lines to standard error.

Examples:
  loreweave-server serve --data ./data
  loreweave-server serve --data ./data --port 0 --retry-soon-ms 300`,
  )
  .action(async (options: ServeFlags) => {
    const serving = await serve({
      ...options,
      pace: { soonMs: options.retrySoonMs, laterMs: options.retryLaterMs },
    })
    const stop = () => {
      serving.close().then(
        () => process.exit(EXIT.done),
        () => process.exit(EXIT.refused),
      )
    }
    process.once('SIGINT', stop)
    process.once('SIGTERM', stop)
    console.log(JSON.stringify({ event: 'listening', url: serving.url, data: options.data }))
  })

for (const command of [tokenCommands, jobCommands, releaseCommands, deviceCommands])
  program.addCommand(command({ dataOption, integer, env: process.env, newKey: randomUUID }))

type ServeFlags = {
  data: string
  host: string
  port: number
  retrySoonMs: number
  retryLaterMs: number
  tickMs: number
  logLevel: LogLevel
}

/** --json makes refusals the same envelope as over HTTP. */
const report = (error: unknown): number => {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage
  const known = asFedError(error)
  console.error(failureText(known, process.argv.includes('--json')))
  if (known.code === 'E_USAGE') return EXIT.usage
  return known.code === 'E_UNAVAILABLE' ? EXIT.unreachable : EXIT.refused
}

try {
  await program.parseAsync()
} catch (error) {
  process.exitCode = report(error)
}
