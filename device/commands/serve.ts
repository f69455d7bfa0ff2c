/** `loreweave serve`: serves the local API until it is stopped, as `agent` does too. */
import { Command } from 'commander'
import { integer } from '../../adapters/node/program.ts'
import { withModel } from './context.ts'
import type { Io } from './io.ts'
import type { ServeOptions } from './own-home.ts'

export const withApi = (command: Command): Command =>
  withModel(command)
    .option('--port <n>', 'port of the local API; 0 takes a free one', integer(0, 65_535))
    .option('--claude-url <url>', 'where requests to Claude go')

export const serveCommand = (io: Io): Command =>
  withApi(new Command('serve'))
    .description(
      'the local API: set the base URL of a Claude SDK to it and the app is personalized',
    )
    .addHelpText(
      'after',
      '\nPrints one JSON line once it listens, {"event":"listening","url":…}; logs to ' +
        'standard error, without any message text.\nApps send their own Claude credential, or ' +
        'the device token (then your key from $ANTHROPIC_API_KEY or init is used).\n`loreweave ' +
        'agent` does the same, and trains by itself. A home has one of the two.\n\nExample:\n  ' +
        'loreweave serve --port 4141',
    )
    .action(async (options: ServeOptions) => {
      const { aborted, ownHome } = await import('./own-home.ts')
      await ownHome(io, options, true, ({ signal }) => aborted(signal))
    })
