/** `loreweave enroll`, `consent`, `log`: the commands of the federation that need no model. */
import { Command } from 'commander'
import { FedError } from '../../adapters/errors.ts'
import { integer } from '../../adapters/node/program.ts'
import { LEAST_COHORT } from '../../adapters/wire/federation.ts'
import { ServerAddress } from '../home/settings.ts'
import { isExposed, refuseExposed } from '../http/address.ts'
import { type Consent, leastCohortOf, Sendable } from '../records/consent.ts'
import type { Dropped } from '../store/consent.ts'
import { askHome } from './ask.ts'
import { type CommonOptions, homeOf, withHome } from './context.ts'
import type { Io } from './io.ts'

export const enrollCommand = (io: Io): Command =>
  withHome(new Command('enroll'))
    .description('join a federation with a one-time token from its operator')
    .requiredOption('--server <url>', 'the federation server')
    .option('--insecure-http', 'allow plain http to a server on another computer')
    .option('--token-file <file>', 'file with the token')
    .option(
      '--server-key <words>',
      "the words of the server's key, where the token does not name it",
    )
    .option(
      '--token <->',
      '"-" reads the token from stdin (a token in the arguments would be visible to others)',
    )
    .addHelpText(
      'after',
      '\nThe token is read from --token-file, --token - or ' +
        '$LOREWEAVE_ENROLL_TOKEN.\n\nExamples:\n  loreweave enroll --server ' +
        'https://federation.example --token-file token.txt\n  loreweave-server token create | ' +
        'loreweave enroll --server http://127.0.0.1:8787 --token -',
    )
    .action(async (options: EnrollOptions) => {
      const { settings } = homeOf(io, options).config
      const server = serverUrl(options.server)
      const insecureHttp =
        settings.insecureHttp || (options.insecureHttp === true && isExposed(server))
      const token = readToken(io, options)
      if (!insecureHttp) refuseExposed(server, 'enroll')
      const words = options.serverKey
      const { deviceId, serverKey } = await askHome(io, options, ({ call, signal }) =>
        call('enroll', { body: { server, token, insecureHttp, ...(words && { words }) }, signal }),
      )
      io.print(
        options,
        { deviceId, server, serverKey },
        [
          `enrolled with ${server} as ${deviceId}`,
          serverKey
            ? `its key is pinned: ${serverKey}`
            : 'its key is not pinned: its answers are not checked. See: loreweave server pin --help',
          'Next: loreweave consent grant',
        ].join('\n'),
      )
    })

export const rotateKeyCommand = (io: Io): Command =>
  withHome(new Command('rotate-key'))
    .description(
      'replace the key that this device signs with; for its federation it stays the same',
    )
    .addHelpText('after', '\nIf it is interrupted, run it again: until then the old key is good.')
    .action((options: CommonOptions) =>
      askHome(io, options, async ({ call, signal }) => {
        const { deviceId, server } = await call('replaceKey', { signal })
        const text = `a new key for ${deviceId}; ${server} refuses the old one`
        io.print(options, { deviceId, server }, text)
      }),
    )

type EnrollOptions = CommonOptions & {
  server: string
  insecureHttp?: boolean
  serverKey?: string
  tokenFile?: string
  token?: string
}

const serverUrl = (text: string): string => {
  const { data, error } = ServerAddress.safeParse(text)
  if (data !== undefined) return new URL(data).href.replace(/\/+$/, '')
  const [issue] = error.issues
  const what = issue?.code === 'custom' ? issue.message : 'expected an http or https address'
  throw new FedError('E_USAGE', `--server: ${what}`)
}

const readToken = (io: Io, options: { tokenFile?: string; token?: string }): string => {
  if (options.token !== undefined && options.token !== '-')
    throw new FedError(
      'E_USAGE',
      '--token takes only "-": arguments are visible to other users. Use --token-file or ' +
        '$LOREWEAVE_ENROLL_TOKEN',
    )
  const text =
    options.tokenFile !== undefined
      ? io.readText(options.tokenFile)
      : options.token === '-'
        ? io.readText('-')
        : io.env['LOREWEAVE_ENROLL_TOKEN']
  if (!text?.trim())
    throw new FedError(
      'E_USAGE',
      'needs a token: --token-file FILE, --token - or $LOREWEAVE_ENROLL_TOKEN',
    )
  return text.trim()
}

export const consentCommand = (io: Io): Command => {
  const command = new Command('consent').description(
    'what this device may contribute to a federation',
  )
  withHome(command.command('show'))
    .description('the consent in force')
    .action((options: CommonOptions) =>
      askHome(io, options, async ({ call }) => {
        const { consent } = await call('getConsent')
        io.print(options, { consent }, describeConsent(consent))
      }),
    )
  withHome(command.command('grant'))
    .description('agree to contribute')
    .option(
      '--contributions <list>',
      `of ${Sendable.options.join(', ')}`,
      Sendable.options.join(','),
    )
    .option(
      '--least-cohort <n>',
      'only rounds that sum the updates of so many devices or more, this one included',
      integer(1, 1_000_000),
      LEAST_COHORT,
    )
    .option('--days <n>', 'days until it ends (default: until withdrawn)', integer(1, 3650))
    .addHelpText(
      'after',
      '\nExample:\n  loreweave consent grant --contributions prior,statistics --days 90',
    )
    .action(async (options: GrantOptions) => {
      const contributions = options.contributions.split(',').map((text) => {
        const parsed = Sendable.safeParse(text.trim())
        if (!parsed.success)
          throw new FedError(
            'E_USAGE',
            `--contributions expects some of ${Sendable.options.join(', ')}`,
          )
        return parsed.data
      })
      const { days = null, leastCohort } = options
      const body = { contributions: [...new Set(contributions)], days, leastCohort }
      return askHome(io, options, async ({ call }) => {
        const { consent } = await call('grantConsent', { body })
        io.print(options, { consent }, `${describeConsent(consent)}\nNext: loreweave participate`)
      })
    })
  withHome(command.command('withdraw'))
    .description('stop contributing; updates that are already in a release stay in it')
    .action((options: CommonOptions) =>
      askHome(io, options, async ({ call }) => {
        const result = await call('withdrawConsent')
        io.print(options, result, withdrawnText(result.dropped))
      }),
    )
  return command
}

type GrantOptions = CommonOptions & {
  contributions: string
  days?: number
  leastCohort: number
}

const withdrawnText = (dropped: Dropped): string =>
  [
    'withdrawn: nothing more is contributed. What is already in a release stays in it.',
    ...droppedText(dropped),
  ].join('\n')

/** One line for each kind of dropped update. */
export const droppedText = ({ unsent, sent }: Dropped): string[] => [
  ...(unsent > 0 ? [`${unsent} finished updates were not sent and are erased`] : []),
  ...(sent > 0
    ? [`${sent} updates were being sent, or got no answer: they may have been accepted`]
    : []),
]

export const describeConsent = (consent: Consent | null): string =>
  consent === null
    ? 'no consent: this device contributes nothing'
    : `contributes ${consent.contributions.join(', ') || 'nothing'} for ${consent.purpose}, ` +
      `in rounds of at least ${leastCohortOf(consent)} devices, ` +
      `since ${new Date(consent.grantedAt).toISOString()}, ${
        consent.expiresAt === null
          ? 'until withdrawn'
          : `until ${new Date(consent.expiresAt).toISOString()}`
      }`

export const logCommand = (io: Io): Command =>
  withHome(new Command('log'))
    .description('everything that left this device: time, recipient, kind, bytes, SHA-256')
    .option('--limit <n>', 'newest entries', integer(1, 1_000_000), 50)
    .action((options: CommonOptions & { limit: number }) =>
      askHome(io, options, async ({ call }) => {
        const { entries } = await call('getLog', { query: { limit: options.limit } })
        const lines = entries.map(
          (e) =>
            `${new Date(e.at).toISOString()}  ${e.recipient.padEnd(10)}  ` +
            `${e.what.padEnd(10)}  ${String(e.bytes).padStart(9)} bytes  ${e.digest || '-'}`,
        )
        io.print(options, { entries }, lines.join('\n') || 'nothing has left this device')
      }),
    )
