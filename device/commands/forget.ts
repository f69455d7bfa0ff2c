/** `loreweave forget` and `choices`: what is to be as if it had never been, and what there is of it. */
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
    .description('erase conversations from this device, and whatever was made from them')
    .option('--decision <id>', 'that of a decision (loreweave-decision header, or rerank)')
    .option('--message <id>', "that of an answer, by Claude's id of it (msg_…)")
    .option('--choice <id>', 'that of a choice (loreweave choices), or of a line that was imported')
    .option('--containing <words>', 'all that hold these words, in any case; asks first')
    .option('--imported', 'all choices that were imported; asks first')
    .option('--yes', 'do not ask')
    .addHelpText(
      'after',
      '\nAll turns of a conversation go: texts, answers, feedback, choices, what was computed from them; also long after its decisions have\nexpired. A private adapter that may have read it is removed. What was sent cannot be called back.\n\nExamples:\n  loreweave forget --message msg_…\n  loreweave forget --containing "the old flat"',
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
  const target = ForgetTarget.safeParse({
    ...(decision !== undefined && { decisionId: decision }),
    ...(message !== undefined && { messageId: message }),
    ...(choice !== undefined && { choiceId: choice }),
    ...(containing !== undefined && { containing }),
    ...(imported && { imported }),
  })
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
      ? [
          'the private adapter is removed: it cannot unlearn. Train it again: loreweave train --adapter',
        ]
      : []),
    ...(report.updatesSentSince > 0
      ? [
          `${report.updatesSentSince} updates were sent since it was learned from, and may hold something of it; they cannot be called back`,
        ]
      : []),
    ...(report.traces === 'journal'
      ? [
          "copies are left in the journal of the home's database, which another program reads or which has no room: they go as soon as it can be emptied",
        ]
      : []),
    'Claude has seen what was sent to it',
  ].join('\n')

export const choicesCommand = (io: Io): Command =>
  withHome(new Command('choices'))
    .description('what the device learned from, newest first; also what was imported')
    .option('--limit <n>', 'at most so many', integer(1, 1_000_000), 20)
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
        `${at === null ? 'no date' : new Date(at).toISOString().slice(0, 10)}  ${source === 'import' ? 'imported  ' : ''}${id}\n    ${request}\n    → ${answer}`,
    ),
    `${total} choices; forget one: loreweave forget --choice ID`,
  ].join('\n')
