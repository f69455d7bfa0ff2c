/** `loreweave-server serve` and `edge`: the server over HTTP until a signal ends it, and what it is told. */
import { Command, InvalidArgumentError, Option } from 'commander'
import { integer } from '../../adapters/node/program.ts'
import { onInterrupt } from '../../adapters/node/signals.ts'
import { LEAST_COHORT } from '../../adapters/wire/federation.ts'
import { Region } from '../../adapters/wire/job-life.ts'
import type { EdgeOptions } from '../edge/connect.ts'
import { DEFAULT_PACE } from '../rounds/deps.ts'
import type { DataPlaces } from '../store/open.ts'
import type { LogLevel } from '../telemetry/log.ts'
import type { CommandDeps } from './command.ts'
import { parseDuration } from './job-spec.ts'
import { DISK_RESERVE_MB, DRAIN_MS, serve } from './serve.ts'

const SERVE_HELP = `
Prints one JSON line once it listens, {"event":"listening","url":...}, and logs JSON lines to standard error.

Examples:
  loreweave-server serve --data ./data
  loreweave-server serve --data ./data --port 0 --retry-soon-ms 300
  loreweave-server serve --database postgres://loreweave@db/loreweave --objects "s3://bucket?region=eu-central-1"`

const EDGE_HELP = `
To its devices it is a server like any other: enrol them here with tokens of this server. To the upstream server it
is one participant, which sends the exact sum of its devices' updates and never a single one. Jobs and releases come
from there; a job takes edges where its plan says "edges": true under "cohort". Needs --token on the first start only.

Prints one JSON line once it listens, {"event":"listening","url":...}, and logs JSON lines to standard error.

Examples:
  loreweave-server token create --edge 500                    (at the upstream server)
  loreweave-server edge --upstream https://fed.example --region eu --token TOKEN --data ./edge
  loreweave-server token create --server http://127.0.0.1:8788 --data ./edge --count 20`

export const serveCommand = (deps: CommandDeps): Command =>
  withServeOptions(
    new Command('serve').description('serve the federation over HTTP until SIGINT or SIGTERM'),
    deps,
    8787,
  )
    .addHelpText('after', SERVE_HELP)
    .action((flags: ServeFlags) => run(deps, flags))

export const edgeCommand = (deps: CommandDeps): Command =>
  withServeOptions(
    new Command('edge').description(
      "serve devices as one participant of another server's rounds, until SIGINT or SIGTERM",
    ),
    deps,
    8788,
  )
    .requiredOption('--upstream <url>', 'the server whose rounds it takes part in')
    .requiredOption('--region <name>', 'where it and its devices are, such as eu', regionOf)
    .addOption(
      new Option(
        '--token <token>',
        "of that server's `token create --edge`, on the first start",
      ).default(deps.env['LOREWEAVE_EDGE_TOKEN'] || undefined, '$LOREWEAVE_EDGE_TOKEN'),
    )
    .option(
      '--round-time <duration>',
      'longest time of its rounds; default: four fifths of what the upstream round has left',
      parseDuration,
    )
    .addHelpText('after', EDGE_HELP)
    .action((flags: ServeFlags & EdgeFlags) => {
      const { upstream, region, token, roundTime: deadlineMs } = flags
      return run(deps, flags, { upstream, region, token, deadlineMs })
    })

type EdgeFlags = {
  upstream: string
  region: string
  token?: string
  roundTime?: number
}

const regionOf = (name: string): string => {
  if (!Region.safeParse(name).success)
    throw new InvalidArgumentError('expected letters, digits and hyphens, such as eu or us-east.')
  return name
}

const run = async (
  { env, out }: CommandDeps,
  flags: ServeFlags,
  edge?: EdgeOptions,
): Promise<void> => {
  const pace = {
    soonMs: flags.retrySoonMs,
    laterMs: flags.retryLaterMs,
    perSecond: flags.checkInsPerSecond,
  }
  const serving = await serve({ ...flags, drainMs: flags.drain, pace, edge }, env)
  process.on('SIGHUP', serving.reloadTls)
  onInterrupt(() => {
    serving.close().then(
      () => process.exit(0),
      () => process.exit(1),
    )
  })
  out(`${JSON.stringify({ event: 'listening', url: serving.url, data: flags.data })}\n`)
}

const withServeOptions = (command: Command, deps: CommandDeps, port: number): Command => {
  const { env } = deps
  return command
    .exitOverride()
    .showHelpAfterError()
    .addOption(deps.dataOption())
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
    .option('--port <n>', 'port to bind; 0 takes a free one', integer(0, 65_535), port)
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
        'fewest devices of a round: a job with a lower minimum is refused, and by an edge waits for so many. ' +
          'Below 20 only for tests and demos',
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
  logLevel: LogLevel
  diskReserveMb: number
  diskQuotaMb?: number
  openMetrics?: boolean
  hosts?: string[]
  webhook?: string
  drain: number
  leastCohort: number
}
