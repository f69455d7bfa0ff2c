/** `loreweave train` and `participate`: work that takes minutes. */

import { Command, InvalidArgumentError, Option } from 'commander'
import { MODULES } from '../../adapters/lora/spec.ts'
import { integer } from '../../adapters/node/program.ts'
import { LEAST_COHORT } from '../../adapters/wire/federation.ts'
import {
  Contribution,
  GRADIENT_TRAINING,
  type JobSpecInput,
  OptimizerPlan,
  TrainingMethod,
} from '../../adapters/wire/jobs.ts'
import type { LocalModel } from '../engine/model/open.ts'
import { ENDED_TEXT } from '../federation/ended.ts'
import type { Limits } from '../owner/operations.ts'
import type { TrainReport } from '../owner/train.ts'
import type { ExitChoice, ExitReport } from '../reward/choose-exit.ts'
import { checkedExit } from '../reward/exit-layer.ts'
import { PRIVATE_OBJECTIVES, type PrivateObjective } from '../store/private-adapter.ts'
import { askLong } from './ask.ts'
import { importText, type LogReport, readLog } from './choices.ts'
import { type ModelOptions, megabytes, openModelOf, withModel } from './context.ts'
import type { Io } from './io.ts'

type TrainOptions = ModelOptions & {
  data?: readonly string[]
  user?: string
  skipBad?: boolean
  adapter?: boolean
  objective: PrivateObjective
  epochs?: number
  learningRate?: number
  exit?: number | 'auto'
}

export const trainCommand = (io: Io): Command =>
  withModel(new Command('train'))
    .description(
      'learn from choices on this device: the head always, the private adapter on request',
    )
    .option(
      '--data <file>',
      'choice log to import first, one JSON object per line; "-" reads stdin; repeat for ' +
        'further files',
      (file: string, others: readonly string[] = []) => [...others, file],
    )
    .option('--user <name>', 'whose lines of the log')
    .option('--skip-bad', 'skip invalid lines')
    .option('--adapter', 'also train a private LoRA adapter over the release (minutes)')
    .addOption(
      new Option(
        '--objective <name>',
        'what the adapter learns: reward (choices, what rerank reads), dpo (choices), kto ' +
          '(thumbs and choices), completion (edits)',
      )
        .choices(PRIVATE_OBJECTIVES)
        .default('reward'),
    )
    .option(
      '--epochs <n>',
      'most passes over the examples for the adapter (default 3)',
      integer(1, 100),
    )
    .option('--exit <layer>', EXIT_HELP, exitLayer)
    .option('--learning-rate <x>', "AdamW's, for the adapter", positive)
    .addHelpText(
      'after',
      '\nExamples:\n  loreweave train --data choices.jsonl --user ada\n  loreweave train ' +
        '--adapter --epochs 2',
    )
    .action((options: TrainOptions) => train(io, options))

const train = (io: Io, options: TrainOptions): Promise<void> => {
  const log = options.data === undefined ? null : readLog(io, options.data, options)
  return askLong(io, options, async ({ call, signal }) => {
    const imported = log && {
      ...(await call('importChoices', { body: log.choices, signal })),
      skipped: log.skipped,
      others: log.others,
    }
    const { adapter = false, objective, epochs, learningRate, exit } = options
    const body = { ...limitsOf(options), adapter, objective, epochs, learningRate, exit }
    const report = await call('train', { body, onProgress: io.progress, signal })
    io.print(options, { imported, ...report }, trainText(report, imported))
  })
}

const trainText = (report: TrainReport, imported: LogReport | null): string =>
  [
    ...(report.exit ? exitLines(report.exit) : []),
    ...(imported ? [importText(imported)] : []),
    `head fitted to ${report.choices} choices (${report.pairs} pairs), ` +
      `log-likelihood ${report.logLikelihood.toFixed(2)}`,
    `margin ${report.margin.toFixed(3)} on ${report.heldBack} comparisons with Claude's first answer`,
    ...(report.adapter
      ? [
          `private adapter: ${report.adapter.losses.length} steps in ` +
            `${report.adapter.seconds.toFixed(1)} s, loss ` +
            `${report.adapter.losses[0]?.toFixed(4)} → ` +
            `${report.adapter.losses.at(-1)?.toFixed(4)}` +
            heldBackText(report.adapter.heldBack) +
            (report.adapter.serves
              ? '; it serves'
              : '; it does not serve: it was not clearly better on choices that it had not seen'),
        ]
      : []),
  ].join('\n')

const limitsOf = ({ threads, cpuShare, memoryLimit }: ModelOptions): Limits => ({
  threads,
  cpuShare,
  memoryLimit,
})

const EXIT_HELP =
  'layer after which answers are read, from now on; "auto" takes the one that your choices favour'

function exitLayer(text: string): number | 'auto' {
  return text === 'auto' ? text : integer(1, 256)(text)
}

const exitLines = ({ layer, choice, note }: ExitReport): string[] => [
  ...(choice ? exitTable(choice) : []),
  `answers are read after layer ${layer}${note ? `: ${note}` : ''}`,
]

/** One line per layer, with an arrow at the chosen one. */
const exitTable = ({ layer, choices, scores }: ExitChoice): string[] => [
  `exit layers compared on ${choices} choices, each unseen by its head:`,
  ...scores.map(
    (s) =>
      `${s.layer === layer ? '→' : ' '} ${String(s.layer).padStart(3)}  ` +
      `${(100 * s.accuracy).toFixed(1)} % of pairs right, log-likelihood ` +
      `${s.logLikelihood.toFixed(4)}, behind the best by ${s.behind.toFixed(4)} ± ` +
      `${s.standardError.toFixed(4)}`,
  ),
]

const heldBackText = (losses: readonly number[]): string =>
  losses.length === 0
    ? ''
    : `; held back ${losses[0]?.toFixed(4)} → ${Math.min(...losses).toFixed(4)}`

type ParticipateOptions = ModelOptions & { rounds: number; wait?: boolean }

export const participateCommand = (io: Io): Command =>
  withModel(new Command('participate'))
    .description('check in with the federation, contribute to rounds, follow the newest release')
    .option('--rounds <n>', 'rounds to contribute to', integer(1, 10_000), 1)
    .option('--wait', 'wait for rounds instead of returning when there is nothing to do')
    .addHelpText(
      'after',
      '\nA second call resumes where an interrupted one stopped: a finished update is sent ' +
        'again, not computed again.\nThe release of a finished round is adopted at the next ' +
        'check-in, that is, by the next call.\n\nExample:\n  loreweave participate --rounds 4 ' +
        '--wait',
    )
    .action((options: ParticipateOptions) =>
      askLong(io, options, async ({ call, signal }) => {
        const { rounds, wait = false } = options
        const body = { ...limitsOf(options), rounds, wait }
        const report = await call('participate', { body, onProgress: io.progress, signal })
        const lines = report.rounds.map(
          (r) =>
            `${r.roundId}: sent ${r.contributions.join(', ')}, ${megabytes(r.bytes)}${
              r.pairs > 0 ? `, ${r.pairs} pairs` : ''
            }${r.problem ? ` (without the adapter: ${r.problem})` : ''}`,
        )
        lines.push(
          `ended: ${ENDED_TEXT[report.ended]}`,
          `following release ${report.head ?? 'none'}`,
        )
        io.print(options, report, lines.join('\n'))
      }),
    )

type JobFileOptions = ModelOptions & {
  exit?: number | 'auto'
  method?: TrainingMethod
  masks: boolean
}

/** Prints what an operator needs to make a job for this model. */
export const jobFileCommand = (io: Io): Command =>
  withModel(new Command('job-file'))
    .description("print a job for this device's model, for the operator of a federation to edit")
    .option(
      '--exit <layer>',
      'exit layer of the job; "auto" takes the one favoured by the choices of this device',
      exitLayer,
    )
    .addOption(
      new Option(
        '--method <name>',
        "what devices compute for the adapter: some steps of training, or one pass's gradient, " +
          "of which the server's optimizer makes the step",
      ).choices(TrainingMethod.options),
    )
    .option('--no-masks', 'let the server see the update of each device, not their sum alone')
    .addHelpText(
      'after',
      '\nExample:\n  loreweave job-file > job.json && loreweave-server job create --file ' +
        'job.json --rounds 4',
    )
    .action(async (options: JobFileOptions) => {
      const { featureSpace } = await import('../reward/feature-space.ts')
      const model = await openModelOf(io, options)
      const exitLayer = await jobExit(io, options, model, options.exit)
      const job: JobSpecInput = {
        name: `personalization on ${model.base.name}`,
        base: model.base,
        adapter: {
          firstLayer: Math.max(0, exitLayer - 4),
          endLayer: exitLayer,
          modules: [...MODULES],
          rank: 8,
          alpha: 16,
        },
        exitLayer,
        features: featureSpace(model.base.shape.hidden),
        contributions: [...Contribution.options],
        cohort: { size: 30, goal: 25, minimum: LEAST_COHORT },
        ...(options.masks && { masks: {} }),
        ...(options.method === 'steps' && { training: { method: 'steps' } }),
        ...(options.method === 'gradient' && {
          training: GRADIENT_TRAINING,
          optimizer: OptimizerPlan.parse({ name: 'adam' }),
        }),
      }
      io.err(`${options.masks ? MASKED : UNMASKED}\n`)
      io.out(`${JSON.stringify(job, null, 2)}\n`)
    })

const MASKED =
  `"masks": {} hides each device's update: the server gets sums of at least ${LEAST_COHORT} devices. ` +
  'Leave it out (--no-masks) for fewer devices, edges, robust rules, async, or fedavg, flex and fedex'
const UNMASKED = 'without "masks": {} the server sees the update of each device'

const jobExit = async (
  io: Io,
  options: ModelOptions,
  model: LocalModel,
  wanted: number | 'auto' = model.suggestedExit,
): Promise<number> => {
  if (wanted !== 'auto') return checkedExit(model, wanted)
  const choice = await askLong(io, options, ({ call, signal }) =>
    call('chooseExit', { body: limitsOf(options), onProgress: io.progress, signal }),
  )
  io.err(`${exitTable(choice).join('\n')}\n`)
  return choice.layer
}

function positive(text: string): number {
  const value = Number(text)
  if (!(value > 0 && value <= 1))
    throw new InvalidArgumentError('expected a number above 0, at most 1.')
  return value
}
