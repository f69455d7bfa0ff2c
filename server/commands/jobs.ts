/** The operator's commands for jobs. */
import { type Command, Option } from 'commander'
import { FedError } from '../../adapters/errors.ts'
import { integer } from '../../adapters/node/program.ts'
import {
  Contribution,
  type JobSpecInput,
  type JobView,
  StrategyName,
} from '../../adapters/wire/jobs.ts'
import { JobListResponse, JobResponse } from '../../adapters/wire/operator.ts'
import { PROTOCOL_VERSION } from '../../adapters/wire/primitives.ts'
import {
  type CommandDeps,
  type Common,
  client,
  command,
  fileText,
  group,
  print,
} from './command.ts'
import {
  cloneSpec,
  type JobFlags,
  masksNote,
  parseDuration,
  parseTime,
  readJobSpec,
} from './job-spec.ts'
import { jobLine, jobTable, jobText } from './print.ts'
import { planOf, planText, roomOf } from './privacy.ts'
import { type Followed, followJob } from './watch.ts'

const protocol = PROTOCOL_VERSION
const JOBS = '/v1/operator/jobs'

export const jobCommands = (deps: CommandDeps): Command => {
  const commands = group('job', 'federated jobs')
  for (const made of [
    createCommand(deps),
    cloneCommand(deps),
    listCommand(deps),
    showCommand(deps),
  ])
    commands.addCommand(made)
  for (const made of [watchCommand(deps), waitCommand(deps)]) commands.addCommand(made)
  for (const act of ACTS) commands.addCommand(actCommand(deps, act))
  return commands.addCommand(priorityCommand(deps))
}

type Waiting = { readonly wait?: boolean; readonly timeout: number }
type CreateFlags = Common &
  JobFlags &
  Waiting & { file?: string; fromJob?: string; idempotencyKey?: string; dryRun?: boolean }

const createCommand = (deps: CommandDeps): Command =>
  withWait(
    withSpecFlags(
      command(
        deps,
        'create',
        'create a job from a file or from an earlier job; flags win over both',
      )
        .option('--file <path>', 'JSON of a job; - reads standard input')
        .option('--from-job <id>', 'start from the spec of this job')
        .option(
          '--dry-run',
          'of a job with "privacy": print what it would promise, and create nothing',
        ),
    ),
  )
    .addHelpText(
      'after',
      `
Examples:
  loreweave-server job create --file job.json
  loreweave-server job create --file job.json --rounds 8 --size 120 --goal 100 --minimum 50
  loreweave-server job create --file job.json --start +2h --hours 23:00-06:00 --max-days 14 --wait`,
    )
    .action(async (o: CreateFlags) => {
      if ((o.file === undefined) === (o.fromJob === undefined))
        throw new FedError('E_USAGE', 'give either --file or --from-job')
      const isFile = o.fromJob === undefined
      await create(deps, o, isFile ? fileText(deps, o.file!) : await cloneText(deps, o, o.fromJob!))
    })

const cloneCommand = (deps: CommandDeps): Command =>
  withWait(
    withSpecFlags(
      command(deps, 'clone', 'create a job like an earlier one; flags win').argument('<id>'),
    ),
  )
    .addHelpText('after', '\nExample:\n  loreweave-server job clone job-4f1c... --rounds 2')
    .action(async (id: string, o: CreateFlags) => create(deps, o, await cloneText(deps, o, id)))

const withSpecFlags = (made: Command): Command =>
  made
    .option('--name <text>', 'what lists call it')
    .option('--rounds <n>', 'rounds to release', integer(1, 10_000))
    .addOption(
      new Option('--contributions <what...>', 'what devices contribute').choices(
        Contribution.options,
      ),
    )
    .addOption(
      new Option('--strategy <name>', 'how updates are combined').choices(StrategyName.options),
    )
    .option('--seed <n>', 'seed of the first adapter of a new line', integer(0, 2 ** 32 - 1))
    .option('--size <n>', 'devices that may join a round', integer(1, 1_000_000))
    .option('--goal <n>', 'updates that close a round', integer(1, 1_000_000))
    .option('--minimum <n>', 'fewest updates at the deadline', integer(1, 1_000_000))
    .option('--deadline <duration>', 'of a round, from its first device', parseDuration)
    .option('--upload-deadline <duration>', 'of one device, from its assignment', parseDuration)
    .option('--per-day <n>', 'updates that a device may send in a day', integer(1, 1000))
    .option(
      '--retries <n>',
      'rounds that cannot be aggregated before the job fails',
      integer(0, 100),
    )
    .option('--max-days <n>', 'the job expires after so many days', Number)
    .option('--start <time>', 'when it starts: 2026-05-01T23:00Z, or +8h', startTime)
    .option('--every <duration>', 'create it anew, so long after each start', parseDuration)
    .option('--times <n>', 'how often in all, with --every', integer(2, 1000))
    .option('--hours <from-to...>', 'hours of the day (UTC) in which it asks devices, 23:00-06:00')
    .option('--priority <n>', 'before others that could have a device, 0 to 100', integer(0, 100))
    .option('--idempotency-key <key>', 'the same key never makes a second job')

const startTime = (text: string): number => parseTime(text, Date.now())

const withWait = (made: Command): Command =>
  made
    .option('--wait', 'wait until it has ended, with progress on standard error')
    .option('--timeout <duration>', 'of --wait', parseDuration, parseDuration('30d'))

const create = async (deps: CommandDeps, o: CreateFlags, text: string): Promise<void> => {
  const job = readJobSpec(text, o)
  const note = masksNote(job, Date.now())
  if (note) deps.err(`note: ${note}\n`)
  if (o.dryRun) return dryRun(deps, o, job)
  const headers = { 'idempotency-key': o.idempotencyKey ?? deps.newKey() }
  const body = { protocol, job }
  const made = (await client(deps, o).json(JobResponse, 'POST', JOBS, body, headers)).job
  await printOrWait(deps, o, made)
}

const dryRun = async (deps: CommandDeps, o: Common, job: JobSpecInput): Promise<void> => {
  const plan = planOf(job)
  const room = await roomOf(deps, o, plan)
  print(deps, o, { ...plan.forecast, room }, () => {
    const { rounds } = plan.forecast
    const budget =
      room === null
        ? 'There is no budget for it: loreweave-server privacy budget sets one.'
        : `The budget holds ${room} of its ${rounds} rounds.`
    return `${planText(plan)}\n\n${budget}`
  })
}

const printOrWait = async (deps: CommandDeps, o: Common & Waiting, job: JobView): Promise<void> => {
  if (o.wait) await end(deps, o, await followJob(followedBy(deps, o, job.id, o.timeout, deps.err)))
  else printJob(deps, o, job)
}

const cloneText = async (deps: CommandDeps, o: Common, id: string): Promise<string> => {
  const spec: JobSpecInput = cloneSpec((await readJob(deps, o, id)).spec)
  return JSON.stringify(spec)
}

type ListFlags = Common & {
  state?: string
  name?: string
  base?: string
  limit?: number
  cursor?: string
}

const listCommand = (deps: CommandDeps): Command =>
  command(deps, 'list', 'jobs, oldest first')
    .option('--state <states>', 'running, paused, … with commas between')
    .option('--name <text>', 'a part of the name')
    .option('--base <digits>', 'first digits of the SHA-256 of the base weights')
    .option('--limit <n>', 'how many', integer(1, 1000))
    .option('--cursor <cursor>', 'where the page before ended')
    .action(async ({ state, name, base, limit, cursor, ...o }: ListFlags) => {
      const query = new URLSearchParams()
      for (const [key, value] of Object.entries({ state, name, base, limit, cursor }))
        if (value !== undefined) query.set(key, String(value))
      const path = query.size > 0 ? `${JOBS}?${query}` : JOBS
      const answer = await client(deps, o).json(JobListResponse, 'GET', path)
      const more = answer.next ? `\nmore: --cursor ${answer.next}` : ''
      print(deps, o, answer, () => `${jobTable(answer.jobs)}${more}`)
    })

const showCommand = (deps: CommandDeps): Command =>
  command(deps, 'show', 'one job, what it waits for, and its rounds')
    .argument('<id>')
    .action(async (id: string, o: Common) => printJob(deps, o, await readJob(deps, o, id)))

const watchCommand = (deps: CommandDeps): Command =>
  command(deps, 'watch', 'a line for each change of a job until it has ended')
    .argument('<id>')
    .option('--timeout <duration>', 'give up after', parseDuration, parseDuration('30d'))
    .addHelpText('after', ENDS)
    .action(async (id: string, o: Common & { timeout: number }) => {
      const write = (text: string) => deps.out(text)
      const job = await followJob(followedBy(deps, o, id, o.timeout, write, o.json))
      deps.exitWith(EXIT_OF[job.state] ?? 0)
    })

const waitCommand = (deps: CommandDeps): Command =>
  command(deps, 'wait', 'wait until the job has ended')
    .argument('<id>')
    .option('--timeout <duration>', 'give up after', parseDuration, parseDuration('1h'))
    .addHelpText('after', ENDS)
    .action(async (id: string, o: Common & { timeout: number }) => {
      const silent = () => {}
      await end(deps, o, await followJob(followedBy(deps, o, id, o.timeout, silent)))
    })

/** A paused job goes on only when somebody acts, so waiting for it ends as well. */
const EXIT_OF: Partial<Record<JobView['state'], number>> = {
  failed: 1,
  cancelled: 1,
  expired: 1,
  paused: 4,
}
const ENDS = `
Exit status: 0 completed; 1 failed, cancelled or expired; 4 paused, which waits for its operator.`

const followedBy = (
  deps: CommandDeps,
  o: Common,
  id: string,
  timeoutMs: number,
  write: (text: string) => void,
  isJson = false,
): Followed => ({
  read: () => readJob(deps, o, id),
  tell: (job) => write(`${isJson ? JSON.stringify({ protocol, job }) : jobLine(job)}\n`),
  timeoutMs,
})

const end = async (deps: CommandDeps, o: Common, job: JobView): Promise<void> => {
  printJob(deps, o, job)
  const code = EXIT_OF[job.state]
  if (code !== undefined) deps.exitWith(code)
}

type Act = { readonly name: string; readonly text: string; readonly canWait?: boolean }

const ACTS: readonly Act[] = [
  { name: 'pause', text: 'stop assigning and releasing; what devices have begun is still taken' },
  {
    name: 'resume',
    text: 'go on with a paused job, and with the updates that it has',
    canWait: true,
  },
  {
    name: 'retry',
    text: 'take up a job that failed or expired, after its last release',
    canWait: true,
  },
  { name: 'cancel', text: 'end a job; its open round is given up' },
]

const actCommand = (deps: CommandDeps, { name, text, canWait = false }: Act): Command => {
  const made = command(deps, name, text).argument('<id>')
  return (canWait ? withWait(made) : made).action(async (id: string, o: Common & Waiting) => {
    const path = `${JOBS}/${encodeURIComponent(id)}/${name}`
    await printOrWait(deps, o, (await client(deps, o).json(JobResponse, 'POST', path)).job)
  })
}

const priorityCommand = (deps: CommandDeps): Command =>
  command(deps, 'priority', 'set the priority of a job: 0, the least, to 100')
    .argument('<id>')
    .argument('<n>', 'the priority', integer(0, 100))
    .action(async (id: string, priority: number, o: Common) => {
      const path = `${JOBS}/${encodeURIComponent(id)}/priority`
      const body = { protocol, priority }
      printJob(deps, o, (await client(deps, o).json(JobResponse, 'POST', path, body)).job)
    })

const readJob = async (deps: CommandDeps, o: Common, id: string): Promise<JobView> =>
  (await client(deps, o).json(JobResponse, 'GET', `${JOBS}/${encodeURIComponent(id)}`)).job

const printJob = (deps: CommandDeps, o: Common, job: JobView): void =>
  print(deps, o, { protocol, job }, () => jobText(job))
