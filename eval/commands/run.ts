/** `loreweave-eval run`. */
import { availableParallelism, cpus } from 'node:os'
import { join } from 'node:path'
import { type Command, InvalidArgumentError } from 'commander'
import { integer } from '../../adapters/node/program.ts'
import { VERSION } from '../../adapters/version.ts'
import { progress } from '../measure/progress.ts'
import { writeReports } from '../report/write.ts'
import { runScenario } from '../run/run.ts'
import { ABLATIONS, type Ablation, readScenario, SCENARIOS } from '../run/scenario.ts'
import { cacheOption, jsonOption, type Print, threadsOption } from './options.ts'
import { resumable } from './resumable.ts'

export const addRunCommand = (program: Command, print: Print): void => {
  program
    .command('run')
    .description(
      'a population of simulated people: what federation, reranking and rewriting win them',
    )
    .argument('<scenario>', `${Object.keys(SCENARIOS).join(', ')}, or a JSON file`)
    .option('--seed <n>', 'seed of people, answers and choices', integer(0), 7)
    .option('--worlds <n>', 'worlds of their own, with seeds in a row', integer(1), 1)
    .option(
      '--ablate <list>',
      `take away, comma-separated: ${Object.keys(ABLATIONS).join(', ')}`,
      ablations,
      [],
    )
    .option(
      '--against <list>',
      'also judges the same people without these parts, and reports the differences',
      ablations,
      [],
    )
    .option(
      '--arms <list>',
      'judges these arms only, comma-separated, such as local,federated,product',
      (text) => new Set(text.split(',')),
    )
    .option('--report <folder>', 'also writes report.html, report.md and report.json')
    .option('--out <folder>', 'where what was computed is kept (default: out/run/<scenario>)')
    .option('--model <name>', "another model than the scenario's")
    .addOption(cacheOption())
    .addOption(threadsOption())
    .addOption(jsonOption())
    .action(async (nameOrFile: string, options) => {
      const { seed, worlds, ablate, against, arms, report, cache, threads, json } = options
      const given = readScenario(nameOrFile)
      const scenario = options.model ? { ...given, model: options.model } : given
      const done = await resumable((signal) =>
        runScenario({
          scenario,
          seed,
          worlds,
          ablate,
          against,
          ...(arms && { arms }),
          out: options.out ?? join('out', 'run', scenario.name),
          cache,
          ...(threads && { threads }),
          log: progress,
          signal,
        }),
      )
      if (report) writeReports(report, done, madeBy(nameOrFile, seed, worlds))
      const { results, measured } = done
      print(json ? { results, measured } : { results: [...results, ...measured] }, json)
    })
}

/** So that a figure that is quoted can be made again. */
const madeBy = (scenario: string, seed: number, worlds: number): string =>
  `\`loreweave-eval run ${scenario} --worlds ${worlds} --seed ${seed}\` · version ${VERSION} · ` +
  `${new Date().toISOString().slice(0, 10)} · ${availableParallelism()} cores of ${cpus()[0]?.model}`

const ablations = (text: string): Ablation[] =>
  text.split(',').map((name) => {
    if (Object.hasOwn(ABLATIONS, name)) return name as Ablation
    throw new InvalidArgumentError(`expected some of ${Object.keys(ABLATIONS).join(', ')}.`)
  })
