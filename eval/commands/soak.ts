/** `loreweave-eval soak`: a simulated week of the real agent among faults, as a diary. */
import type { Command } from 'commander'
import { FedError } from '../../adapters/errors.ts'
import { integer } from '../../adapters/node/program.ts'
import { defaultCacheFolder } from '../../device/engine/model/cache.ts'
import { runSoak, type Soak } from '../soak/run.ts'
import { cacheOption, jsonOption, type Print } from './options.ts'

type SoakFlags = { seed: number; days: number; cache?: string; json?: boolean }

export const addSoakCommand = (program: Command, print: Print): void => {
  program
    .command('soak')
    .description(
      'a simulated week of `loreweave agent` with faults at random: a diary, and whether ' +
        'every promise held',
    )
    .option('--seed <n>', 'what happens, and when', integer(0), 1)
    .option('--days <n>', 'length of the simulation', integer(1), 7)
    .addOption(cacheOption())
    .addOption(jsonOption())
    .action(async ({ seed, days, cache, json }: SoakFlags) => {
      const soak = await runSoak({
        seed,
        days,
        cache: cache ?? defaultCacheFolder(process.env),
        print: (line) => void process.stderr.write(`${line}\n`),
      })
      print({ results: resultsOf(soak) }, json)
      if (soak.violations.length > 0)
        throw new FedError(
          'E_INTERNAL',
          `${soak.violations.length} promises were broken: ` +
            `${soak.violations.slice(0, 5).join('; ')}`,
        )
    })
}

const resultsOf = (soak: Soak) => [
  { name: 'soak.events', value: soak.events, unit: 'events' },
  { name: 'soak.asked', value: soak.asked, unit: 'requests of the app' },
  { name: 'soak.feedback', value: soak.feedback, unit: 'acknowledged events' },
  { name: 'soak.forgotten', value: soak.forgotten, unit: 'conversations' },
  { name: 'soak.rounds', value: soak.rounds, unit: 'accepted updates' },
  { name: 'soak.kills', value: soak.kills, unit: 'kills and restarts' },
  { name: 'soak.memory', value: soak.residentBytes / 1e6, unit: 'MB resident at most' },
  { name: 'soak.home', value: soak.homeBytes / 1e6, unit: 'MB at most' },
  { name: 'soak.violations', value: soak.violations.length, unit: 'broken promises' },
]
