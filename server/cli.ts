#!/usr/bin/env node
/** loreweave-server: serve, and the operator's commands over the same HTTP API. */
import { createHash, randomUUID } from 'node:crypto'
import { readFileSync, realpathSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { useSha256 } from '../adapters/digest.ts'
import { asFedError, failureText } from '../adapters/errors.ts'
import { VERSION } from '../adapters/version.ts'
import {
  type CommandDeps,
  deviceCommands,
  jobCommands,
  releaseCommands,
  tokenCommands,
} from './commands/operator.ts'
import { serve } from './commands/serve.ts'
import { DEFAULT_PACE } from './config.ts'
import type { LogLevel } from './telemetry/log.ts'

const EXIT = { done: 0, refused: 1, usage: 2, unreachable: 3 } as const

const integer = (least: number, most: number) => (text: string) => {
  const value = Number(text)
  if (!Number.isInteger(value) || value < least || value > most)
    throw new InvalidArgumentError(`expected a whole number from ${least} to ${most}.`)
  return value
}

/** Where the program reads and writes. */
export type Streams = Pick<CommandDeps, 'env' | 'out' | 'exitWith' | 'input'> & {
  /** Standard error: refusals. What `serve` logs goes to the process's own. */
  readonly err: (text: string) => void
}

const dataOption = (env: Streams['env']) => {
  const usual = join(homedir(), '.loreweave-server')
  return new Option('--data <folder>', 'data folder of the server').default(
    env['LOREWEAVE_SERVER_DATA'] ?? usual,
    `$LOREWEAVE_SERVER_DATA, else ${usual}`,
  )
}

const SERVE_HELP = `
Prints one JSON line once it listens, {"event":"listening","url":...}, and logs JSON lines to standard error.

Examples:
  loreweave-server serve --data ./data
  loreweave-server serve --data ./data --port 0 --retry-soon-ms 300`

/** `loreweave-server` as a value: a run ends with a call of exitWith unless all went well, and never rejects. */
export const createProgram = (
  streams: Streams,
): { run(args: readonly string[]): Promise<void> } => {
  const { env, out, err } = streams
  const program = new Command('loreweave-server')
    .version(VERSION)
    .description('The federation server of Loreweave, and its operator commands.')
    .showHelpAfterError('(add --help for the options and examples)')
    .exitOverride()
    .configureOutput({ writeOut: out, writeErr: err })
  addServe(program, streams)
  const deps = { ...streams, dataOption: () => dataOption(env), integer, newKey: randomUUID }
  for (const make of [tokenCommands, jobCommands, releaseCommands, deviceCommands])
    program.addCommand(make(deps))
  for (const command of program.commands) redirect(command, streams)
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

const redirect = (command: Command, streams: Streams): void => {
  command.configureOutput({ writeOut: streams.out, writeErr: streams.err })
  for (const sub of command.commands) redirect(sub, streams)
}

const addServe = (program: Command, { env, out }: Streams): void => {
  program
    .command('serve')
    .description('serve the federation over HTTP until SIGINT or SIGTERM')
    .addOption(dataOption(env))
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
    .addHelpText('after', SERVE_HELP)
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
      const listening = { event: 'listening', url: serving.url, data: options.data }
      out(`${JSON.stringify(listening)}\n`)
    })
}

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
const report = (error: unknown, { err }: Streams, isJson: boolean): number => {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage
  const known = asFedError(error)
  err(`${failureText(known, isJson)}\n`)
  if (known.code === 'E_USAGE') return EXIT.usage
  return known.code === 'E_UNAVAILABLE' ? EXIT.unreachable : EXIT.refused
}

// Only as the program that was started, not where a test imports it.
if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  useSha256((bytes) => createHash('sha256').update(bytes).digest())
  const program = createProgram({
    env: process.env,
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    input: () => readFileSync(0),
    exitWith: (code) => {
      process.exitCode = code
    },
  })
  await program.run(process.argv.slice(2))
}
