/** `loreweave rewrite`, `rerank`, `profile`: the calls of an app. */

import { Command } from 'commander'
import type { z } from 'zod'
import { FedError } from '../../adapters/errors.ts'
import { parseJson } from '../../adapters/formats/text.ts'
import { integer } from '../../adapters/node/program.ts'
import { parseAs } from '../../adapters/parse.ts'
import { PROTOCOL_VERSION } from '../../adapters/wire/primitives.ts'
import {
  type ProfileResponse,
  RerankRequest,
  type RerankResponse,
  RewriteRequest,
} from '../api/schemas/personalization.ts'
import { whyOf } from '../preferences/reasons.ts'
import { DIMENSIONS, Dimension, type ProfileChange } from '../records/preference.ts'
import type { FreeRewrite } from '../records/rewrite-decision.ts'
import { askHome, askLong } from './ask.ts'
import { type CommonOptions, type ModelOptions, withHome, withModel } from './context.ts'
import { type Io, nameOf } from './io.ts'

const REQUEST_HELP =
  '\nThe request is JSON as in the Messages API, from --file or stdin:\n  {"messages": ' +
  '[{"role": "user", "content": "…"}], "system": "…"'

export const rewriteCommand = (io: Io): Command =>
  withModel(new Command('rewrite'))
    .description("show what would be added to a request's system prompt")
    .option('--file <file>', 'the request; "-" is stdin', '-')
    .option('--text <text>', 'a single user message instead')
    .addHelpText(
      'after',
      `${REQUEST_HELP}}\n\nExample:\n  loreweave rewrite --text "Explain tides"`,
    )
    .action((options: ModelOptions & { file: string; text?: string }) => {
      const body =
        options.text === undefined
          ? readRequest(io, options.file, RewriteRequest)
          : { messages: [{ role: 'user' as const, content: options.text }] }
      return askLong(io, options, async ({ call }) => {
        const { silenced, ...result } = await call('rewrite', { body })
        const block = result.block ?? `nothing is added. ${whyOf(result.reason, silenced)}`
        io.print(options, result, result.free ? `${block}\n\n${freeText(result.free)}` : block)
      })
    })

/** The proposal of free rewriting, with deletions and insertions marked. */
const freeText = ({ accepted, reason, diff }: FreeRewrite): string =>
  accepted
    ? `another wording of the message: ${diff
        .map(({ kind, text }) =>
          kind === 'same' ? text : kind === 'added' ? `{+${text}+}` : `[-${text}-]`,
        )
        .join('')}`
    : `the message stays as it is: ${reason}`

export const rerankCommand = (io: Io): Command =>
  withModel(new Command('rerank'))
    .description("order Claude's answers to one request for this user")
    .option('--file <file>', 'the request with its candidates; "-" is stdin', '-')
    .addHelpText(
      'after',
      `${REQUEST_HELP},\n   "candidates": ["first answer", "second answer"]}\n\nExample:\n  ` +
        'loreweave rerank --file request.json --json',
    )
    .action((options: ModelOptions & { file: string }) => {
      const body = readRequest(io, options.file, RerankRequest)
      return askLong(
        io,
        options,
        async ({ call }) => {
          const result = await call('rerank', { body })
          io.print(options, result, rerankText(result))
        },
        { startsAtOnce: true },
      )
    })

const rerankText = (result: Omit<RerankResponse, 'protocol'>): string =>
  [
    ...result.order.map((i) => {
      const candidate = result.candidates[i]
      return (
        `${i === result.winner ? '→' : ' '} ${i}  reward ` +
        `${candidate?.reward.toFixed(3)}  ${candidate?.explanation}`
      )
    }),
    ...(result.shadow ? [`shadow: answer ${result.shadow.preferred} would come first`] : []),
    result.reason,
    ...(result.ask ? [`worth asking: ${result.ask.reason}`] : []),
    `decision ${result.decisionId}`,
  ].join('\n')

export const profileCommand = (io: Io): Command => {
  const command = new Command('profile').description(
    'the preferences that are added to requests: read and edit them',
  )
  const dimensions = `\nDimensions: ${DIMENSIONS.join(', ')}`
  const show = (options: CommonOptions, profile: Omit<ProfileResponse, 'protocol'>) =>
    io.print(
      options,
      profile,
      profile.sentences.join('\n') ||
        'no preferences yet: they are learned from choices, or set here',
    )
  const edit = (options: CommonOptions, change: ProfileChange) =>
    askHome(io, options, async ({ call }) =>
      show(options, await call('patchProfile', { body: { changes: [change] } })),
    )
  withHome(command.command('show'))
    .description('all preferences')
    .action((options: CommonOptions) =>
      askHome(io, options, async ({ call }) => show(options, await call('getProfile'))),
    )
  withHome(command.command('set'))
    .description('state a preference; it outranks what is learned')
    .argument('<dimension>')
    .argument('<direction>', 'more or less')
    .option('--strength <percent>', 'how much it matters', integer(1, 100), 100)
    .option('--words <list>', 'only for requests with one of these words, comma-separated')
    .addHelpText('after', `${dimensions}\n\nExample:\n  loreweave profile set length less`)
    .action((name: string, direction: string, options: SetOptions) =>
      edit(options, statement(name, direction, options)),
    )
  withHome(command.command('proposals'))
    .description('preferences that you seem to have stated; they count once you accept them')
    .action((options: CommonOptions) =>
      askHome(io, options, async ({ call }) => {
        const { proposals } = await call('listProposals')
        const lines = proposals.map((p) => `${p.id}  ${p.sentence}  (you wrote: ${p.said})`)
        io.print(options, { proposals }, lines.join('\n') || 'no proposals')
      }),
    )
  for (const [name, accept] of [
    ['accept', true],
    ['dismiss', false],
  ] as const)
    withHome(command.command(name))
      .description(accept ? 'accept a proposal' : 'reject a proposal for good')
      .argument('<id>', 'of a proposal')
      .action((id: string, options: CommonOptions) =>
        askHome(io, options, async ({ call }) =>
          show(options, await call('settleProposal', { body: { id, accept } })),
        ),
      )
  for (const [name, description, change] of CHANGES)
    withHome(command.command(name))
      .description(description)
      .argument('<dimension>')
      .addHelpText('after', dimensions)
      .action((dimension: string, options: CommonOptions) =>
        edit(options, change(dimensionOf(dimension))),
      )
  return command
}

const CHANGES: readonly [
  name: string,
  description: string,
  change: (dimension: Dimension) => ProfileChange,
][] = [
  ['pin', 'keep a preference as it is', (dimension) => ({ op: 'pin', dimension, pinned: true })],
  [
    'unpin',
    'let learning change it again',
    (dimension) => ({ op: 'pin', dimension, pinned: false }),
  ],
  ['on', 'use it', (dimension) => ({ op: 'enable', dimension, enabled: true })],
  [
    'off',
    'keep it, but do not use it',
    (dimension) => ({ op: 'enable', dimension, enabled: false }),
  ],
  ['remove', 'forget it; it may be learned again', (dimension) => ({ op: 'forget', dimension })],
]

type SetOptions = CommonOptions & { strength: number; words?: string }

/** Fails with E_USAGE. */
const statement = (
  name: string,
  direction: string,
  { strength, words }: SetOptions,
): ProfileChange => {
  if (direction !== 'more' && direction !== 'less')
    throw new FedError('E_USAGE', 'the direction is "more" or "less"')
  return {
    op: 'state',
    dimension: dimensionOf(name),
    direction: direction === 'more' ? 1 : -1,
    strength: strength / 100,
    scope: words === undefined ? 'all' : words.split(',').map((w) => w.trim()),
  }
}

const dimensionOf = (name: string): Dimension => {
  const parsed = Dimension.safeParse(name)
  if (!parsed.success)
    throw new FedError(
      'E_USAGE',
      `there is no dimension ${JSON.stringify(name.slice(0, 40))}; expected one of ` +
        `${DIMENSIONS.join(', ')}`,
    )
  return parsed.data
}

/** The protocol version is optional on the command line. */
const readRequest = <T>(io: Io, path: string, schema: z.ZodType<T>): T => {
  const json = parseJson(io.readText(path), nameOf(path))
  const given = { protocol: PROTOCOL_VERSION, ...(json as object) }
  return parseAs(schema, given, 'E_DATA', 'the request: ', 'object', 'code')
}
