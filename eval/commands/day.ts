/** `loreweave-eval day`: a day of the agent in simulated time. */
import type { Command } from 'commander'
import { FedError } from '../../adapters/errors.ts'
import { defaultCacheFolder } from '../../device/engine/model/cache.ts'
import { openModel } from '../../device/engine/model/open.ts'
import { openEngine } from '../../device/engine/process/client.ts'
import { type Day, simulateDay } from '../day/simulate.ts'
import { meanOf } from '../measure/metrics.ts'
import { cacheOption, jsonOption, type Print } from './options.ts'

export const addDayCommand = (program: Command, print: Print): void => {
  program
    .command('day')
    .description(
      'a day of `loreweave agent` in simulated time, with real rounds and real training of ' +
        'the tiny model',
    )
    .addOption(cacheOption())
    .addOption(jsonOption())
    .action(async ({ cache, json }: { cache?: string; json?: boolean }) => {
      const model = await openModel({
        cacheFolder: cache ?? defaultCacheFolder(process.env),
        name: 'tiny',
      })
      const engine = openEngine({ folder: model.folder, threads: 1, oneChild: true })
      try {
        const day = await simulateDay({
          model,
          engine,
          tell: ({ at, who, what }) =>
            void process.stderr.write(`${at}  ${who === 'world' ? `— ${what}` : what}\n`),
        })
        for (const violation of day.violations) process.stderr.write(`VIOLATION ${violation}\n`)
        print({ results: resultsOf(day) }, json)
        if (day.violations.length > 0)
          throw new FedError(
            'E_INTERNAL',
            `the agent broke its rules: ${day.violations.join('; ')}`,
          )
      } finally {
        await engine.close()
      }
    })
}

const resultsOf = (day: Day) => [
  { name: 'day.trainings', value: day.trainings, unit: 'trainings' },
  { name: 'day.rounds', value: day.rounds, unit: 'rounds' },
  { name: 'day.releases', value: day.released, unit: 'releases' },
  { name: 'day.work', value: day.secondsAtWork, unit: 'simulated seconds' },
  {
    name: 'day.energy',
    value: day.joules,
    unit: 'J (cpu-time: 2 simulated cores at 6 W assumed)',
  },
  ...(day.rounds > 0
    ? [
        {
          name: 'day.energy.round',
          value: meanOf(day.energy.rounds.map((r) => r.joules)),
          unit: 'J a round',
          n: day.energy.rounds.length,
        },
      ]
    : []),
  ...(day.energy.joulesPerPoint === null
    ? []
    : [
        {
          name: 'day.energy.point',
          value: day.energy.joulesPerPoint,
          unit: 'J a percentage point of held-back pairs',
        },
      ]),
  { name: 'day.violations', value: day.violations.length, unit: 'violations' },
]
