/** `loreweave-eval demo`. */
import { type Command, Option } from 'commander'
import { integer } from '../../adapters/node/program.ts'
import { runDemo } from '../demo/demo.ts'
import { progress } from '../measure/progress.ts'
import { cacheOption, jsonOption, modelOption, type Print, threadsOption } from './options.ts'

export const addDemoCommand = (
  program: Command,
  print: Print,
  out: (text: string) => void,
): void => {
  program
    .command('demo')
    .description(
      'the whole loop on the real model: server, devices, two federated rounds, a table and ' +
        'a report',
    )
    .option('--out <folder>', 'where the report and the run are written', 'out/demo')
    .option('--seed <n>', 'seed of users, answers and choices', integer(0), 7)
    .option('--devices <n>', 'lighter devices in one process', integer(1), 100)
    .option('--choices <n>', 'choices of each lighter device', integer(10), 100)
    .addOption(
      new Option('--claude <which>', 'mock, or hosted (needs ANTHROPIC_API_KEY)')
        .choices(['mock', 'hosted'])
        .default('mock'),
    )
    .addOption(
      new Option('--ablate <what>', 'take away what was federated').choices([
        'updates',
        'adapter',
        'prior',
      ]),
    )
    .addOption(modelOption())
    .addOption(cacheOption())
    .addOption(threadsOption())
    .addOption(jsonOption())
    .action(async (options) => {
      const { json, ...rest } = options
      const report = await runDemo({
        ...rest,
        env: process.env,
        log: progress,
        ...(!json && { print: (text: string) => out(`${text}\n`) }),
      })
      if (json) print({ results: report.results }, true)
    })
}
