/** `loreweave-eval record`, as it is called. */
import { setTimeout as wait } from 'node:timers/promises'
import type { Command } from 'commander'
import { integer } from '../../adapters/node/program.ts'
import { cryptoRng } from '../../adapters/random.ts'
import { fetchOver } from '../../device/http/fetch.ts'
import { openTransport } from '../../device/http/transport.ts'
import { HOSTED_URL, runRecord } from '../claude/record.ts'
import { progress } from '../measure/progress.ts'
import { jsonOption, type Print } from './options.ts'

export const addRecordCommand = (program: Command, print: Print): void => {
  program
    .command('record')
    .description(
      'asks Claude and keeps its answers in a cassette, which `claude --cassette` replays',
    )
    .requiredOption(
      '--requests <file>',
      'JSON lines with `messages` (a choice log will do), AlpacaEval outputs, or "bank"',
    )
    .requiredOption('--out <file>', 'cassette; an existing one is continued')
    .option('--claude-url <url>', 'where Claude answers', HOSTED_URL)
    .option('--model <name>', 'which Claude', 'claude-sonnet-5-5')
    .option('--n <n>', 'answers to each request', integer(1), 4)
    .option('--max-tokens <n>', 'longest answer', integer(1), 1024)
    .option('--concurrency <n>', 'requests at a time', integer(1), 2)
    .addOption(jsonOption())
    .action(async ({ json, ...options }) => {
      const apiKey = process.env['ANTHROPIC_API_KEY']
      const fetch = fetchOver(openTransport(process.env, { insecureHttp: true }))
      const deps = { apiKey, fetch, sleep: wait, rng: cryptoRng(), log: progress }
      print(await runRecord(options, deps), json)
    })
}
