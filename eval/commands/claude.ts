/** `loreweave-eval claude`: the mocked Claude on a loopback port. */
import { readFileSync } from 'node:fs'
import { type Command, InvalidArgumentError } from 'commander'
import { integer } from '../../adapters/node/program.ts'
import { BAD_DAY_NAMES, BAD_DAYS, type BadDayName } from '../claude/bad-days.ts'
import { openCassette, parseCassette } from '../claude/cassette.ts'
import { startClaude } from '../claude/serve.ts'

type Plan = (request: number) => BadDayName | undefined

/** out: standard output. */
export const addClaudeCommand = (program: Command, out: (text: string) => void): void => {
  program
    .command('claude')
    .description('serves the mocked Claude on a loopback port until interrupted')
    .option('--port <n>', 'port, 0 for any', integer(0), 0)
    .option('--seed <n>', 'seed of the answers', integer(0), 7)
    .option('--cassette <file>', 'replays what `record` has written, and needs no key')
    .option(
      '--bad-day <name[:n]>',
      'goes wrong at each request, or each n-th; may be given several times',
      addBadDay,
    )
    .addHelpText('after', () => {
      const lines = BAD_DAY_NAMES.map((name) => `  ${name.padEnd(14)} ${BAD_DAYS[name].about}`)
      return `\nBad days:\n${lines.join('\n')}`
    })
    .action(async ({ port, seed, cassette, badDay }) => {
      const { url } = await startClaude({
        port,
        seed,
        badDays: badDay,
        ...(cassette && {
          cassette: openCassette(parseCassette(readFileSync(cassette, 'utf8')).lines),
        }),
      })
      out(`${url}\n`)
    })
}

/** For commander: "NAME", "NAME:3" or "NAME:every 3"; of several the first that fits. */
export const addBadDay = (text: string, before: Plan = () => undefined): Plan => {
  const [, name = '', every = '1'] = /^([a-z-]+)(?::(?:every )?(\d+))?$/.exec(text) ?? []
  const known = BAD_DAY_NAMES.find((n) => n === name)
  if (known === undefined || Number(every) < 1)
    throw new InvalidArgumentError(
      `expected NAME or NAME:n, NAME one of ${BAD_DAY_NAMES.join(', ')}.`,
    )
  return (request) => before(request) ?? (request % Number(every) === 0 ? known : undefined)
}
