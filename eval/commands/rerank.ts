/** `loreweave-eval rerank`. */
import { join } from 'node:path'
import type { Command } from 'commander'
import { FedError } from '../../adapters/errors.ts'
import { integer } from '../../adapters/node/program.ts'
import { progress } from '../measure/progress.ts'
import { runRerank } from '../run/rerank.ts'
import { ablatedPlan, DEFAULT_CLAUDE, readScenario } from '../run/scenario.ts'
import {
  cacheOption,
  integers,
  jsonOption,
  modelOption,
  type Print,
  threadsOption,
} from './options.ts'
import { resumable } from './resumable.ts'

export const addRerankCommand = (program: Command, print: Print): void => {
  program
    .command('rerank')
    .description('all arms on a choice log: what each wins on its test lines')
    .requiredOption('--data <file>', 'choice log, one JSON object a line; test lines are evaluated')
    .option(
      '--budgets <list>',
      'training choices per user, comma-separated',
      integers,
      [10, 30, 100],
    )
    .option('--population <file>', 'choice log whose training lines a federation learns from')
    .option(
      '--plan <scenario>',
      'whose plan that federation follows: a scenario of `run`',
      'worlds',
    )
    .option('--adapter-rounds', "that plan's rounds for the shared adapter too: twice the time")
    .option('--release <file>', 'instead: a release (from `loreweave-server release get`)')
    .option('--outputs <files...>', 'AlpacaEval outputs: candidates of the lines that have none')
    .option('--skip-bad', 'pass over lines that do not match the schema')
    .option('--exit <n>', "layer after which states are pooled (default: the model's)", integer(1))
    .option('--likelihood <n>', 'users on whom likelihood and log-ratio are judged', integer(0), 0)
    .option('--costly <n>', 'users on whom a private adapter and DPO are judged', integer(0), 0)
    .option('--claude <model>', 'by whose price further answers are asked for', DEFAULT_CLAUDE)
    .option('--seed <n>', 'seed of the random arm, the federation and the intervals', integer(0), 7)
    .option('--out <folder>', 'where what was computed is kept', join('out', 'rerank'))
    .addOption(modelOption())
    .addOption(cacheOption())
    .addOption(threadsOption())
    .addOption(jsonOption())
    .action(async ({ plan, adapterRounds, json, ...options }) => {
      if (options.release && options.population)
        throw new FedError('E_USAGE', '--release and --population exclude each other')
      const { federation } = readScenario(plan)
      const followed = ablatedPlan(federation, adapterRounds ? [] : ['lora'])
      const run = (signal: AbortSignal) =>
        runRerank({ ...options, plan: followed, log: progress, signal })
      print(await resumable(run), json)
    })
}
