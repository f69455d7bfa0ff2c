/** The operator's commands: token, job, device. Each is one or two calls of the HTTP API. */
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Command, Option } from 'commander'
import { FedError } from '../../adapters/errors.ts'
import { textOfFile } from '../../adapters/formats/text.ts'
import { integer } from '../../adapters/node/program.ts'
import type { JobSpecInput, JobView } from '../../adapters/wire/jobs.ts'
import {
  CreateTokensResponse,
  DeviceListResponse,
  JobListResponse,
  JobResponse,
} from '../../adapters/wire/operator.ts'
import { PROTOCOL_VERSION } from '../../adapters/wire/primitives.ts'
import { type CommandDeps, type Common, client, command, group, print } from './command.ts'
import { type JobFlags, parseDuration, readJobSpec } from './job-spec.ts'
import { jobTable, jobText, table, timeText } from './print.ts'

const protocol = PROTOCOL_VERSION

export const tokenCommands = (deps: CommandDeps): Command =>
  group('token', 'one-time enrolment tokens').addCommand(
    command(deps, 'create', 'make enrolment tokens; they are shown once')
      .option('--count <n>', 'how many', integer(1, 10_000), 1)
      .option('--ttl <duration>', 'how long they are good for', parseDuration, parseDuration('7d'))
      .addHelpText('after', '\nExamples:\n  loreweave-server token create --count 20 --ttl 2d')
      .action(async (o: Common & { count: number; ttl: number }) => {
        const body = { protocol, count: o.count, ttlMs: o.ttl }
        const path = '/v1/operator/tokens'
        const answer = await client(deps, o).json(CreateTokensResponse, 'POST', path, body)
        print(deps, o, answer, () => answer.tokens.join('\n'))
      }),
  )

export const jobCommands = (deps: CommandDeps): Command =>
  group('job', 'federated jobs')
    .addCommand(createCommand(deps))
    .addCommand(
      command(deps, 'list', 'every job, oldest first').action(async (o: Common) => {
        const answer = await client(deps, o).json(JobListResponse, 'GET', '/v1/operator/jobs')
        print(deps, o, answer, () => jobTable(answer.jobs))
      }),
    )
    .addCommand(
      command(deps, 'show', 'one job and its rounds')
        .argument('<id>')
        .action(async (id: string, o: Common) => printJob(deps, o, await readJob(deps, o, id))),
    )
    .addCommand(
      command(deps, 'wait', 'wait until the job has ended; exit status 1 unless it completed')
        .argument('<id>')
        .option('--timeout <duration>', 'give up after', parseDuration, parseDuration('1h'))
        .action(async (id: string, o: Common & { timeout: number }) => {
          const job = await waitForJob(deps, o, id, o.timeout)
          printJob(deps, o, job)
          if (job.state !== 'completed') deps.exitWith(1)
        }),
    )
    .addCommand(
      command(deps, 'cancel', 'end a running job; its open round is given up')
        .argument('<id>')
        .action(async (id: string, o: Common) => {
          const path = `/v1/operator/jobs/${encodeURIComponent(id)}/cancel`
          printJob(deps, o, (await client(deps, o).json(JobResponse, 'POST', path)).job)
        }),
    )

export const deviceCommands = (deps: CommandDeps): Command =>
  group('device', 'enrolled devices, by pseudonym').addCommand(
    command(deps, 'list', 'every enrolled device').action(async (o: Common) => {
      const answer = await client(deps, o).json(DeviceListResponse, 'GET', '/v1/operator/devices')
      print(deps, o, answer, () =>
        table([
          ['DEVICE', 'ENROLLED', 'LAST SEEN'],
          ...answer.devices.map((d) => [d.id, timeText(d.enrolledAt), timeText(d.lastSeenAt)]),
        ]),
      )
    }),
  )

type CreateFlags = Common &
  JobFlags & { file?: string; fromJob?: string; idempotencyKey?: string; wait?: boolean }

const createCommand = (deps: CommandDeps): Command =>
  command(deps, 'create', 'create a job from a file or from an earlier job; flags win over both')
    .option('--file <path>', 'JSON of a job; - reads standard input')
    .option('--from-job <id>', 'start from the spec of this job')
    .option('--name <text>', 'what lists call it')
    .option('--rounds <n>', 'rounds to release', integer(1, 10_000))
    .addOption(
      new Option('--contributions <what...>', 'what devices contribute').choices([
        'adapter',
        'prior',
        'statistics',
      ]),
    )
    .addOption(
      new Option('--strategy <name>', 'how updates are combined').choices([
        'alternating',
        'fedavg',
      ]),
    )
    .option('--seed <n>', 'seed of the first adapter of a new line', integer(0, 2 ** 32 - 1))
    .option('--size <n>', 'devices that may join a round', integer(1, 1_000_000))
    .option('--goal <n>', 'updates that close a round', integer(1, 1_000_000))
    .option('--minimum <n>', 'fewest updates at the deadline', integer(1, 1_000_000))
    .option('--deadline <duration>', 'how long a round takes updates', parseDuration)
    .option('--retries <n>', 'failed rounds before the job fails', integer(0, 100))
    .option('--idempotency-key <key>', 'the same key never makes a second job')
    .addHelpText(
      'after',
      `
Examples:
  loreweave-server job create --file job.json
  loreweave-server job create --file job.json --rounds 8 --size 120 --goal 100 --minimum 50
  loreweave-server job create --from-job job-4f1c... --contributions prior --deadline 10m`,
    )
    .action(async (o: CreateFlags) => {
      const job = readJobSpec(await specText(deps, o), o)
      const headers = { 'idempotency-key': o.idempotencyKey ?? deps.newKey() }
      const body = { protocol, job }
      const path = '/v1/operator/jobs'
      printJob(deps, o, (await client(deps, o).json(JobResponse, 'POST', path, body, headers)).job)
    })

const specText = async (deps: CommandDeps, o: CreateFlags): Promise<string> => {
  if ((o.file === undefined) === (o.fromJob === undefined))
    throw new FedError('E_USAGE', 'give either --file or --from-job')
  if (o.fromJob !== undefined) {
    const spec: JobSpecInput = (await readJob(deps, o, o.fromJob)).spec
    return JSON.stringify(spec)
  }
  const isInput = o.file === '-'
  return textOfFile(
    () => (isInput ? deps.input() : readFileSync(o.file!)),
    isInput ? 'standard input' : o.file!,
    'E_USAGE',
  )
}

const readJob = async (deps: CommandDeps, o: Common, id: string): Promise<JobView> => {
  const path = `/v1/operator/jobs/${encodeURIComponent(id)}`
  return (await client(deps, o).json(JobResponse, 'GET', path)).job
}

const waitForJob = async (deps: CommandDeps, o: Common, id: string, timeoutMs: number) => {
  const until = Date.now() + timeoutMs
  for (;;) {
    const job = await readJob(deps, o, id)
    if (job.state !== 'running') return job
    if (Date.now() > until)
      throw new FedError('E_CANCELLED', `job ${id} is still running after ${timeoutMs / 1000} s`)
    await sleep(300)
  }
}

const printJob = (deps: CommandDeps, o: Common, job: JobView): void =>
  print(deps, o, { protocol, job }, () => jobText(job))
