/**
 * `loreweave init`: sets a device up. Asks the necessary questions on a terminal, none elsewhere.
 * Needs no server.
 */
import { Command, InvalidArgumentError } from 'commander'
import { integer } from '../../adapters/node/program.ts'
import { share, withHome } from './context.ts'
import type { InitOptions } from './init-work.ts'
import type { Io } from './io.ts'

export const initCommand = (io: Io): Command =>
  withHome(new Command('init'))
    .description(
      'set this device up: asks what it must know, writes a commented config.json, offers to ' +
        'pull the model; run again to change it',
    )
    .option(
      '--model <name>',
      'a known model (loreweave model list), "tiny", a .gguf file or a model folder',
    )
    .option('--threads <n>', 'threads of the local model', integer(1, 256))
    .option('--cpu-share <x>', 'share of the time that training may run, 0.1 to 1', share)
    .option(
      '--memory-limit <mb>',
      'memory limit, in megabytes, of a process with the local model; 0 takes what is free',
      memoryLimit,
    )
    .option('--candidates <n>', 'most answers asked of Claude for one request', integer(1, 4))
    .option('--extra-tokens <n>', 'tokens a day that further answers may take', integer(0, 1e9))
    .option('--extra-usd <x>', 'US dollars a day that further answers may cost', dollars)
    .option('--shadow <on|off>', "decide and record, but return Claude's first answer", onOff)
    .option('--explore <percent>', 'share of orders drawn at random, to learn from', integer(0, 50))
    .option('--claude-url <url>', 'where requests to Claude go')
    .option('--insecure-http', 'allow unencrypted http addresses of other computers')
    .option('--port <n>', 'port of the local API', integer(0, 65_535))
    .option(
      '--claude-key-file <file>',
      'store your Claude key in the home folder; "-" reads it from stdin',
    )
    .option('--yes', 'ask nothing: apps send their own key, the model is pulled and prepared')
    .option('--no-pull', 'do not pull the model')
    .option('--cache <dir>', 'model cache (default: $LOREWEAVE_CACHE or ~/.cache/loreweave)')
    .addHelpText(
      'after',
      '\nAsks nothing without a terminal, with --json or with --yes. Needs no ' +
        'server.\n\nExamples:\n  loreweave init\n  loreweave init --yes\n  loreweave init ' +
        '--home ./device --model tiny',
    )
    .action(async (options: InitOptions) => {
      const { init } = await import('./init-work.ts')
      await init(io, options)
    })

const dollars = (text: string): number => {
  const value = Number(text)
  if (text.trim() === '' || !(value >= 0 && value <= 1_000_000))
    throw new InvalidArgumentError('expected an amount from 0 to 1,000,000.')
  return value
}

const onOff = (text: string): boolean => {
  if (text !== 'on' && text !== 'off') throw new InvalidArgumentError('expected on or off.')
  return text === 'on'
}

/** 0 is no limit, else megabytes as in DeviceSettings. */
const memoryLimit = (text: string): number => (text === '0' ? 0 : integer(128, 4_000_000)(text))
