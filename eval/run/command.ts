/** `loreweave-eval run`. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Command, InvalidArgumentError } from 'commander'
import { replaceFileSync } from '../../adapters/node/replace-file.ts'
import { cacheOption, integer, jsonOption, progress, threadsOption } from '../options.ts'
import type { RunReport } from '../report/data.ts'
import { htmlReport } from '../report/html.ts'
import { markdownReport } from '../report/markdown.ts'
import type { Results } from '../results.ts'
import { runScenario } from './run.ts'
import { ABLATIONS, type Ablation, readScenario } from './scenario.ts'
import { SCENARIOS } from './scenarios.ts'

export type Print = (results: Results, isJson: boolean | undefined) => void

export const addRunCommand = (program: Command, print: Print): void => {
  program
    .command('run')
    .description(
      'a population of simulated people: what federation, reranking and rewriting win them',
    )
    .argument('<scenario>', `${Object.keys(SCENARIOS).join(', ')}, or a JSON file`)
    .option('--seed <n>', 'seed of people, answers and choices', integer(0), 7)
    .option(
      '--ablate <list>',
      `take away, comma-separated: ${Object.keys(ABLATIONS).join(', ')}`,
      ablations,
      [],
    )
    .option('--report <folder>', 'also writes report.html, report.md and report.json')
    .option('--out <folder>', 'where what was computed is kept (default: out/run/<scenario>)')
    .option('--model <name>', "another model than the scenario's")
    .addOption(cacheOption())
    .addOption(threadsOption())
    .addOption(jsonOption())
    .action(async (nameOrFile: string, options) => {
      const { seed, ablate, report, cache, threads, json } = options
      const given = readScenario(nameOrFile, SCENARIOS)
      const scenario = options.model ? { ...given, model: options.model } : given
      const done = await interruptible((signal) =>
        runScenario({
          scenario,
          seed,
          ablate,
          out: options.out ?? join('out', 'run', scenario.name),
          cache,
          ...(threads && { threads }),
          log: progress,
          signal,
        }),
      )
      if (report) writeReports(report, done)
      const { results, measured } = done
      print(json ? { results, measured } : { results: [...results, ...measured] }, json)
    })
}

/** An interrupt ends the work in an orderly way; a second one ends the program. */
export const interruptible = async <T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> => {
  const abort = new AbortController()
  const interrupt = () => {
    progress('stopping; what is finished is kept, and the same command goes on from there')
    abort.abort()
  }
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt)
  try {
    return await work(abort.signal)
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt)
  }
}

/** Each file whole or not at all. */
export const writeReports = (folder: string, report: RunReport): void => {
  mkdirSync(folder, { recursive: true })
  const files = {
    'report.html': htmlReport(report),
    'report.md': markdownReport(report),
    'report.json': `${JSON.stringify(report, null, 2)}\n`,
  }
  for (const [name, text] of Object.entries(files)) replaceFileSync(join(folder, name), text)
  progress(`report: ${join(folder, 'report.html')}`)
}

const ablations = (text: string): Ablation[] =>
  text.split(',').map((name) => {
    if (Object.hasOwn(ABLATIONS, name)) return name as Ablation
    throw new InvalidArgumentError(`expected some of ${Object.keys(ABLATIONS).join(', ')}.`)
  })
