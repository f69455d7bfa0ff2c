/** `loreweave feedback`: records the user's feedback on an answer. */
import { Command } from 'commander'
import { FedError } from '../../adapters/errors.ts'
import { integer } from '../../adapters/node/program.ts'
import { FeedbackEvent } from '../records/feedback-event.ts'
import { DIMENSIONS } from '../records/preference.ts'
import { askLong } from './ask.ts'
import { type ModelOptions, withModel } from './context.ts'
import type { Io } from './io.ts'

type TargetOptions = { decision?: string; message?: string }
type FeedbackOptions = ModelOptions &
  TargetOptions & {
    chosen?: number
    shown?: string
    text?: string
    value?: number
    dimension?: string
    direction?: string
    strength?: number
    words?: string
  }

const withTarget = (command: Command): Command =>
  command
    .option('--decision <id>', 'the decision (loreweave-decision header, or rerank)')
    .option('--message <id>', "or Claude's id of the answer (msg_…)")

const targetOf = ({ decision, message }: TargetOptions): object => ({
  ...(decision !== undefined && { decisionId: decision }),
  ...(message !== undefined && { messageId: message }),
})

export const feedbackCommand = (io: Io): Command =>
  withTarget(withModel(new Command('feedback')))
    .description('record feedback on an answer; the device learns from it at once')
    .argument('<kind>', 'choose, regenerate, edit, thumbs, follow_up, keep, undo or prefer')
    .option('--chosen <n>', 'choose: index of the candidate', integer(0, 63))
    .option('--shown <list>', 'choose: indices that were shown, comma-separated')
    .option('--text <text>', 'edit, follow_up: the text; "-" reads stdin')
    .option('--value <n>', 'thumbs: 1 or -1', integer(-1, 1))
    .option('--dimension <name>', 'undo: one line of the block; prefer: what it is about')
    .option('--direction <more|less>', 'prefer: more or less')
    .option('--strength <percent>', 'prefer: how much it matters', integer(1, 100))
    .option('--words <list>', 'prefer: only for requests with one of these words, comma-separated')
    .addHelpText(
      'after',
      `\nDimensions: ${DIMENSIONS.join(', ')}\n\nExamples:\n  loreweave feedback choose ` +
        `--decision d_… --chosen 1\n  loreweave feedback thumbs --message msg_… --value -1\n  ` +
        `loreweave feedback undo --decision d_… --dimension emoji\n  loreweave feedback prefer ` +
        '--dimension length --direction less',
    )
    .action((kind: string, options: FeedbackOptions) => {
      const event = eventOf(io, kind, options)
      return askLong(io, options, async ({ call }) => {
        const result = await call('feedback', { body: { event } })
        io.print(options, result, `recorded; ${result.choices} choices on this device`)
      })
    })

const WAYS: Readonly<Record<string, number>> = { more: 1, less: -1 }

/** Fails with E_USAGE. */
const eventOf = (io: Io, kind: string, options: FeedbackOptions): FeedbackEvent => {
  const { chosen, shown, text, value, dimension, direction, strength, words } = options
  const parsed = FeedbackEvent.safeParse({
    kind,
    ...targetOf(options),
    ...(chosen !== undefined && { chosen }),
    ...(shown !== undefined && { shown: shown.split(',').map(Number) }),
    ...(text !== undefined && { text: text === '-' ? io.readText('-') : text }),
    ...(value !== undefined && { value }),
    ...(dimension !== undefined && { dimension }),
    ...(direction !== undefined && { direction: WAYS[direction] ?? direction }),
    ...(strength !== undefined && { strength: strength / 100 }),
    ...(words !== undefined && { scope: words.split(',').map((w) => w.trim()) }),
  })
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw new FedError(
    'E_USAGE',
    `feedback ${kind}: ` +
      `${[issue?.path.join('.'), issue?.message].filter(Boolean).join(': ') || 'is not valid'} ` +
      '(see --help)',
  )
}
