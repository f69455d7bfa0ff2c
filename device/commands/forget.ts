/** `loreweave forget` and `choices`: erases conversations, and lists what was learned from. */
import { Command } from 'commander'
import { FedError } from '../../adapters/errors.ts'
import { integer } from '../../adapters/node/program.ts'
import type { ChoicesResponse } from '../api/schemas/inspection.ts'
import { type ForgetReport, ForgetTarget } from '../store/forget-report.ts'
import { askHome } from './ask.ts'
import { confirm } from './confirm.ts'
import { type CommonOptions, withHome } from './context.ts'
import type { Io } from './io.ts'

type ForgetOptions = CommonOptions & {
  decision?: string
  message?: string
  choice?: string
  containing?: string
  imported?: boolean
  yes?: boolean
}

export const forgetCommand = (io: Io): Command =>
  withHome(new Command('forget'))
    .description('erase conversations from this device, and everything made from them')
    .option(
      '--decision <id>',
      'the conversation of a decision (loreweave-decision header, or rerank)',
    )
    .option('--message <id>', "the conversation of an answer, by Claude's id (msg_…)")
    .option(
      '--choice <id>',
      'the conversation of a choice (loreweave choices), or an imported line',
    )
    .option('--containing <words>', 'all that contain these words, ignoring case; asks first')
    .option('--imported', 'all choices that were imported; asks first')
    .option('--yes', 'do not ask')
    .addHelpText(
      'after',
      '\nErases all turns of a conversation: texts, answers, feedback, choices and ' +
        'everything computed from them, even long\nafter its decisions have expired. A private ' +
        'adapter that may have learned from it is removed. What was sent cannot be ' +
        'recalled.\n\nExamples:\n  loreweave forget --message msg_…\n  loreweave forget ' +
        '--containing "the old flat"',
    )
    .action((options: ForgetOptions) => {
      const body = targetOf(options)
      return askHome(io, options, async ({ call }) => {
        if ((body.containing !== undefined || body.imported) && !options.yes) {
          const planned = await call('forget', { body: { ...body, preview: true } })
          await confirm(io, `This erases ${amountText(planned)}.`, 'forget')
        }
        const report = await call('forget', { body })
        io.print(options, report, forgetText(report))
      })
    })

/** Fails with E_USAGE. */
const targetOf = ({ decision, message, choice, containing, imported }: ForgetOptions) => {
  const named = { decisionId: decision, messageId: message, choiceId: choice }
  const target = ForgetTarget.safeParse({ ...named, containing, imported })
  if (target.success) return target.data
  const [issue] = target.error.issues
  throw new FedError(
    'E_USAGE',
    issue && issue.path.length > 0
      ? `forget: ${issue.path.join('.')}: ${issue.message}`
      : 'forget expects one of --decision, --message, --choice, --containing and --imported',
  )
}

const amountText = ({ decisions, choices, feedback }: ForgetReport): string =>
  `${decisions} decisions, ${choices} choices, ${feedback} pieces of feedback`

const forgetText = (report: ForgetReport): string =>
  [
    `forgotten: ${amountText(report)}`,
    ...(report.privateAdapter === 'removed'
      ? ['the private adapter is removed: it cannot unlearn. Retrain it: loreweave train --adapter']
      : []),
    ...(report.updatesSentSince > 0
      ? [
          `${report.updatesSentSince} updates were sent since then and may contain something ` +
            'learned from it; they cannot be recalled',
        ]
      : []),
    ...(report.traces === 'journal'
      ? [
          "copies remain in the journal of the home's database, because another program " +
            'reads it or the disk is full: they go as soon as it can be emptied',
        ]
      : []),
    'Claude has seen what was sent to it before',
  ].join('\n')

export const choicesCommand = (io: Io): Command =>
  withHome(new Command('choices'))
    .description('the choices that the device learned from, newest first, including imported ones')
    .option('--limit <n>', 'most choices to list', integer(1, 1_000_000), 20)
    .addHelpText('after', '\nExample:\n  loreweave choices --limit 100 --json')
    .action((options: CommonOptions & { limit: number }) =>
      askHome(io, options, async ({ call }) => {
        const choices: ChoicesResponse['choices'] = []
        let total = 0
        for (let before: string | null | undefined; before !== null; ) {
          const limit = Math.min(PAGE, options.limit - choices.length)
          const page = await call('listChoices', { query: { limit, ...(before && { before }) } })
          choices.push(...page.choices)
          total = page.total
          before = choices.length < options.limit ? page.next : null
        }
        io.print(options, { choices, total }, choicesText(choices, total))
      }),
    )

const PAGE = 1000

const choicesText = (choices: ChoicesResponse['choices'], total: number): string =>
  [
    ...choices.map(
      ({ id, at, source, request, answer }) =>
        `${at === null ? 'no date' : new Date(at).toISOString().slice(0, 10)}  ` +
        `${source === 'import' ? 'imported  ' : ''}${id}\n    ${request}\n    → ${answer}`,
    ),
    `${total} choices; to forget one: loreweave forget --choice ID`,
  ].join('\n')
