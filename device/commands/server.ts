/** `loreweave server`: holds the server of a federation to its word. */
import { Command } from 'commander'
import { FedError } from '../../adapters/errors.ts'
import { integer } from '../../adapters/node/program.ts'
import type { LogVerdict } from '../federation/release-log.ts'
import type { Trust } from '../store/trust.ts'
import { askHome } from './ask.ts'
import { type CommonOptions, withHome } from './context.ts'
import type { Io } from './io.ts'

export const serverCommand = (io: Io): Command => {
  const command = new Command('server').description('the federation server, held to its word')
  withHome(command.command('show'))
    .description('the words of its key, and of the newest entry of its log of releases')
    .action((options: CommonOptions) =>
      askHome(io, options, async ({ call }) => {
        const trust = await call('getTrust')
        io.print(options, trust, trustText(trust))
      }),
    )
  withHome(command.command('pin'))
    .argument('[words...]', 'of its key, as its operator sees them: loreweave-server key show')
    .option('--first-use', 'without words: trust the key that it shows now')
    .description('pin the key of the server: answers that it has not signed are refused')
    .action((words: string[], options: CommonOptions & { firstUse?: boolean }) => {
      if (words.length === 0 && !options.firstUse)
        throw new FedError(
          'E_USAGE',
          'needs the words of the key, which its operator sees with: loreweave-server key show. ' +
            'Or --first-use, to trust whoever answers now',
        )
      const body = { words: words.length > 0 ? words.join(' ') : null }
      return askHome(io, options, async ({ call, signal }) => {
        const trust = await call('pinServer', { body, signal })
        io.print(options, trust, trustText(trust))
      })
    })
  withHome(command.command('compare'))
    .argument('<number>', 'entry of the log that another device shows', integer(1))
    .argument('<words...>', 'its words there')
    .description('whether another device was told of the same releases; exit status 1 if not')
    .action((number: number, words: string[], options: CommonOptions) =>
      askHome(io, options, async ({ call, signal }) => {
        const body = { number, words: words.join(' ') }
        const { verdict } = await call('compareLog', { body, signal })
        if (verdict !== 'same') throw new FedError('E_FORK', VERDICTS[verdict])
        io.print(options, { verdict }, VERDICTS.same)
      }),
    )
  return command
}

const VERDICTS: Readonly<Record<LogVerdict, string>> = {
  same: 'the same: both devices were told of the same releases, up to there',
  different: 'DIFFERENT: the server told the two devices of different releases. Ask its operator',
  unknown:
    'the server does not tell this device of that entry: the other one was told more, or something else',
}

const trustText = ({ server, key, by, log }: Trust): string =>
  server === null
    ? 'this device is in no federation'
    : [
        `server ${server}`,
        key === null
          ? 'key     not pinned: its answers are not checked. See: loreweave server pin --help'
          : `key     ${key} (${BY[by ?? 'token']})`,
        log === null
          ? 'log     nothing seen yet'
          : `log     ${log.number} ${log.words}\n        ` +
            `On another device: loreweave server compare ${log.number} ${log.words}`,
      ].join('\n')

const BY = {
  token: 'named by the enrolment token',
  words: 'by its words',
  first_use: 'trusted on first use',
} as const
