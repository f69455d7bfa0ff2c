#!/usr/bin/env node
/** loreweave-server: serve, and the operator's commands over the same HTTP API. */
import { randomUUID } from 'node:crypto'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import {
  integer,
  type Program,
  processStreams,
  programOf,
  runIfStarted,
} from '../adapters/node/program.ts'
import { onInterrupt } from '../adapters/node/signals.ts'
import { VERSION } from '../adapters/version.ts'
import { LEAST_COHORT } from '../adapters/wire/federation.ts'
import { auditCommands, operatorCommands, statusCommand } from './commands/access.ts'
import { backupCommand, restoreCommand } from './commands/backup.ts'
import { parseDuration } from './commands/job-spec.ts'
import { jobCommands } from './commands/jobs.ts'
import { deviceCommands, keyCommands, tokenCommands } from './commands/operator.ts'
import { releaseCommands } from './commands/releases.ts'
import { DISK_RESERVE_MB, DRAIN_MS, serve } from './commands/serve.ts'
import { DEFAULT_PACE } from './rounds/deps.ts'
import type { DataPlaces } from './store/open.ts'
import type { LogLevel } from './telemetry/log.ts'

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

const SERVE_HELP = `
Prints one JSON line once it listens, {"event":"listening","url":...}, and logs JSON lines to standard error.

Examples:
  loreweave-server serve --data ./data
  loreweave-server serve --data ./data --port 0 --retry-soon-ms 300
  loreweave-server serve --database postgres://loreweave@db/loreweave --objects "s3://bucket?region=eu-central-1"`

/** `loreweave-server` as a value. What `serve` logs goes to the process's own standard error. */
export const createProgram = (streams: Streams): Program => {
  const { env } = streams
  const program = new Command('loreweave-server')
    .version(VERSION)
    .description('The federation server of Loreweave, and its operator commands.')
  addServe(program, streams)
  const deps = { ...streams, dataOption: () => dataOption(env), newKey: randomUUID }
  for (const make of [
    tokenCommands,
    keyCommands,
    jobCommands,
    releaseCommands,
    deviceCommands,
    operatorCommands,
    auditCommands,
    statusCommand,
  ])
    program.addCommand(make(deps))
  program.addCommand(backupCommand(deps)).addCommand(restoreCommand(deps))
  return programOf(program, streams, EXITS)
}

const addServe = (program: Command, { env, out }: Streams): void => {
  program
    .command('serve')
    .description('serve the federation over HTTP until SIGINT or SIGTERM')
    .addOption(dataOption(env))
    .addOption(
      new Option(
        '--database <url>',
        'PostgreSQL instead of a file in the data folder: postgres://user@host/name; the password is $PGPASSWORD',
      )
        .default(env['LOREWEAVE_DATABASE'], '$LOREWEAVE_DATABASE')
        .argParser(withoutPassword),
    )
    .addOption(
      new Option(
        '--objects <url>',
        'S3 instead of a folder: s3://bucket/prefix?endpoint=https://…&region=…; ' +
          'keys are $AWS_ACCESS_KEY_ID and $AWS_SECRET_ACCESS_KEY',
      ).default(env['LOREWEAVE_OBJECTS'], '$LOREWEAVE_OBJECTS'),
    )
    .option(
      '--disk-reserve-mb <n>',
      'free space that uploads leave on the disk of the data folder',
      integer(0, 1_000_000_000),
      DISK_RESERVE_MB,
    )
    .option(
      '--disk-quota-mb <n>',
      'what the data folder may hold; beyond it no updates are taken',
      integer(1, 1_000_000_000),
    )
    .option('--host <address>', 'address to bind', '127.0.0.1')
    .option(
      '--tls-cert <file>',
      'PEM certificate with its chain: serves HTTPS; read again when it changes',
    )
    .option('--tls-key <file>', 'PEM key of the certificate')
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
    .option(
      '--check-ins-per-second <n>',
      'check-ins that waiting devices are spread over',
      integer(1, 100_000),
      100,
    )
    .addOption(
      new Option(
        '--least-cohort <n>',
        'fewest devices of a round: a job with a lower minimum is refused. Below 20 only for tests and demos',
      )
        .argParser(integer(1, 1_000_000))
        .default(
          leastCohortOf(env['LOREWEAVE_LEAST_COHORT']),
          `$LOREWEAVE_LEAST_COHORT, else ${LEAST_COHORT}`,
        ),
    )
    .option('--tick-ms <n>', 'how often deadlines are looked at', integer(10, 60_000), 500)
    .option('--open-metrics', 'let anyone read /metrics, where only Prometheus reaches it')
    .option(
      '--hosts <names>',
      'names under which operators and their browsers reach the server, with commas between; default: any',
      (names: string) => names.toLowerCase().split(','),
    )
    .addOption(
      new Option('--webhook <url>', 'where alerts are posted as JSON').default(
        env['LOREWEAVE_WEBHOOK'] || undefined,
        '$LOREWEAVE_WEBHOOK',
      ),
    )
    .option('--drain <duration>', 'longest time to end in after SIGTERM', parseDuration, DRAIN_MS)
    .addOption(
      new Option('--log-level <level>', 'least level that is logged to standard error')
        .choices(['debug', 'info', 'warn', 'error'])
        .default('info'),
    )
    .addHelpText('after', SERVE_HELP)
    .action(async (options: ServeFlags) => {
      const serving = await serve(
        {
          ...options,
          drainMs: options.drain,
          pace: {
            soonMs: options.retrySoonMs,
            laterMs: options.retryLaterMs,
            perSecond: options.checkInsPerSecond,
          },
        },
        env,
      )
      process.on('SIGHUP', serving.reloadTls)
      onInterrupt(() => {
        serving.close().then(
          () => process.exit(0),
          () => process.exit(1),
        )
      })
      const listening = { event: 'listening', url: serving.url, data: options.data }
      out(`${JSON.stringify(listening)}\n`)
    })
}

const leastCohortOf = (text: string | undefined): number =>
  text ? integer(1, 1_000_000)(text) : LEAST_COHORT

/** Arguments are seen by every user of the machine. */
const withoutPassword = (url: string): string => {
  if (URL.canParse(url) && new URL(url).password !== '')
    throw new InvalidArgumentError('leave the password out, and put it into PGPASSWORD.')
  return url
}

type ServeFlags = DataPlaces & {
  host: string
  tlsCert?: string
  tlsKey?: string
  port: number
  retrySoonMs: number
  retryLaterMs: number
  checkInsPerSecond: number
  tickMs: number
  leastCohort: number
  logLevel: LogLevel
  diskReserveMb: number
  diskQuotaMb?: number
  openMetrics?: boolean
  hosts?: string[]
  webhook?: string
  drain: number
}

await runIfStarted(import.meta.url, createProgram(processStreams))
