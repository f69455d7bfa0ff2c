/** `loreweave-eval bench …`: a command for each benchmark. */

import { type Command, InvalidArgumentError } from 'commander'
import { integer } from '../../adapters/node/program.ts'
import { replaceFileSync } from '../../adapters/node/replace-file.ts'
import { type AccountingOptions, benchAccounting } from '../bench/accounting.ts'
import { type AccuracyOptions, benchAccuracy } from '../bench/accuracy.ts'
import { type AggregateOptions, benchAggregate } from '../bench/aggregate/bench.ts'
import { type Bench, type BenchOptions, openBench } from '../bench/context.ts'
import { benchEndpoint, type EndpointOptions } from '../bench/endpoint.ts'
import { benchFederated, type FederatedOptions } from '../bench/federated/bench.ts'
import { benchGenerate } from '../bench/generate.ts'
import { benchHead, CHOICES, SHOWN } from '../bench/head.ts'
import { benchHome, FEW, type HomeOptions } from '../bench/home.ts'
import { benchLoad } from '../bench/load.ts'
import { benchMasks, type MasksOptions } from '../bench/masks/bench.ts'
import { benchPrivacy, type PrivacyOptions } from '../bench/privacy/bench.ts'
import { privacyPage, privacyTable } from '../bench/privacy/report.ts'
import { benchRerank } from '../bench/rerank.ts'
import { benchRobust, type RobustOptions } from '../bench/robust/bench.ts'
import { benchRound, type RoundOptions } from '../bench/round.ts'
import { benchServer, type ServerBenchOptions } from '../bench/server/bench.ts'
import { MAX_DEVICES } from '../bench/server/device.ts'
import { benchFleet, type FleetBenchOptions } from '../bench/server/fleet.ts'
import { benchStrategies, type StrategiesOptions } from '../bench/strategies/bench.ts'
import { benchTrain } from '../bench/train.ts'
import { progress } from '../measure/progress.ts'
import type { Results } from '../measure/results.ts'
import {
  cacheOption,
  integers,
  jsonOption,
  modelOption,
  type Print,
  positive,
  threadsOption,
} from './options.ts'

const PEERS = '--peers'

/** group: the `bench` command. */
export const addBenchCommands = (group: Command, print: Print): void => {
  const add = <Own>(
    name: string,
    description: string,
    run: (bench: Bench, own: Own) => Promise<Results>,
  ): Command =>
    group
      .command(name)
      .description(description)
      .option('--runs <n>', 'counted runs, of which the median is printed', integer(1), 5)
      .addOption(modelOption())
      .addOption(cacheOption())
      .addOption(threadsOption())
      .addOption(jsonOption())
      .action(async (options: BenchOptions & Own & { json?: boolean }) =>
        print(await run(await openBench({ ...options, log: progress }), options), options.json),
      )

  add(
    'train',
    'a training step: full depth, all linears, r = 8, at 1x512 and 4x128',
    benchTrain,
  ).option(PEERS, 'against PEFT, in a Python environment that is made on first use')

  add<RoundOptions & AccuracyOptions & { accuracy?: boolean }>(
    'round',
    "a device's contribution to a round of the adapter, from choices to its gradient",
    async (bench, own) => {
      const { results } = await benchRound(bench, own)
      return own.accuracy
        ? { results: [...results, ...(await benchAccuracy(bench, accuracyOf(own)))] }
        : { results }
    },
  )
    .option(PEERS, 'against PEFT at full depth, a pair a step')
    .option('--choices <n>', 'training choices', integer(1), 200)
    .option(
      '--peer-choices <n>',
      'pair steps of PEFT in a run; the rest is extrapolated',
      integer(1),
      8,
    )
    .option('--data <file>', 'choice log to take the choices from (default: the topic bank)')
    .option('--learning-rate <x>', 'of PEFT and of --accuracy', positive, 2e-3)
    .option('--accuracy', 'also on unseen choices, against full depth: hours for the default model')
    .option('--users <n>', 'people that the accuracy is measured on', integer(1), 4)
    .option('--unseen <n>', 'unseen choices of each', integer(1), 100)
    .option('--full-learning-rate <x>', 'at full depth (default: the same)', positive)

  add<{ requests: number }>('rerank', 'ordering 4 candidates of 200 tokens after 100', benchRerank)
    .option(PEERS, 'against llama.cpp on the same tokens')
    .option('--requests <n>', 'requests that the order is compared on; 0 for none', integer(0), 200)

  add('generate', 'greedy decoding of 128 tokens after 64', benchGenerate).option(
    PEERS,
    'against llama.cpp on the same file',
  )

  add<FederatedOptions>(
    'federated',
    'LoRA federated over texts that differ from device to device, by our strategies: the loss on unseen ' +
      'texts after equal bytes and after equal time',
    benchFederated,
  )
    .option(PEERS, 'also by Flower with PEFT, in a Python environment that is made on first use')
    .option('--devices <n>', 'of each round', integer(2, 20), 6)
    .option('--rounds <n>', 'of an arm that sends both factors', integer(1, 1000), 10)
    .option('--steps <n>', 'of a device in a round', integer(1, 1000), 4)
    .option('--batch <n>', 'sequences of a step', integer(1, 64), 2)
    .option('--length <n>', 'tokens of a sequence', integer(8, 512), 64)
    .option('--worlds <n>', 'other topics and texts, over which intervals go', integer(1, 100), 3)
    .option('--rates <list>', 'learning rates to choose from', rates, [3e-4, 1e-3, 3e-3])
    .option('--report <folder>', 'also the curves, as federated.html')

  add('load', "from the engine's start to its first score, and what it holds at rest", benchLoad)
  addHeadBench(group, print)
  addHomeBench(group, print)
  addEndpointBench(group, print)
  addServerBench(group, print)
  addAggregateBench(group, print)
  addAccountingBench(group, print)
  addStrategiesBench(group, print)
  addRobustBench(group, print)
  addMasksBench(group, print)
  addPrivacyBench(group, print)
}

const accuracyOf = (
  own: AccuracyOptions & { readonly fullLearningRate?: number },
): AccuracyOptions => ({ ...own, fullLearningRate: own.fullLearningRate ?? own.learningRate })

const addEndpointBench = (group: Command, print: Print): Command =>
  group
    .command('endpoint')
    .description(
      'what the Messages endpoint adds to first requests of 200 tokens with one candidate ' +
        'each, to second turns, and by default',
    )
    .option('--requests <n>', 'requests, each the first of a conversation', integer(1), 200)
    .option('--train', 'also while a private adapter trains on the same device: minutes more')
    .addOption(modelOption())
    .addOption(cacheOption())
    .addOption(jsonOption())
    .action(async (options: EndpointOptions & { json?: boolean }) =>
      print(await benchEndpoint(options), options.json),
    )

const addHeadBench = (group: Command, print: Print): Command =>
  group
    .command('head')
    .description(`fitting the head to ${CHOICES.join(', ')} choices of ${SHOWN} answers; no model`)
    .option('--runs <n>', 'counted runs, of which the median is printed', integer(1), 9)
    .addOption(jsonOption())
    .action(({ runs, json }: { runs: number; json?: boolean }) =>
      print({ results: CHOICES.flatMap((choices) => benchHead(choices, runs)) }, json),
    )

const addHomeBench = (group: Command, print: Print): Command =>
  group
    .command('home')
    .description(
      `a status, a thumb, the page and forgetting with many decisions against ${FEW}; then ` +
        'requests with images',
    )
    .option('--decisions <n>', 'of the larger home', integer(FEW), 100_000)
    .option('--requests <n>', 'requests with images', integer(0), 2000)
    .option('--megabytes <n>', 'of each image', integer(1), 2)
    .option('--runs <n>', 'counted runs, of which the median is printed', integer(1), 15)
    .addOption(cacheOption())
    .addOption(jsonOption())
    .action(async (options: HomeOptions & { json?: boolean }) =>
      print(await benchHome(options), options.json),
    )

const addServerBench = (group: Command, print: Print): Command =>
  group
    .command('server')
    .description(
      'the federation server under simulated devices: check-ins and uploads a second, its event ' +
        'loop, its memory, and how soon it is back after SIGKILL; with --devices, a whole fleet',
    )
    .option('--against <folder>', "a checkout's server beside it, by turns")
    .option('--runs <n>', 'counted runs, of which the median is printed', integer(1), 3)
    .option('--checkins <n>', 'check-ins of a run', integer(1), 2000)
    .option('--uploads <n>', 'updates of a round', integer(2), 200)
    .option('--update-kb <n>', 'size of an update', integer(1), 100)
    .option('--burst <n>', 'uploads that arrive at once', integer(2), 200)
    .option('--burst-kb <n>', 'size of each', integer(1), 1400)
    .option('--devices <n>', 'instead: that each takes part in every job', integer(1, MAX_DEVICES))
    .option('--jobs <n>', 'jobs that run at once', integer(1, 100), 2)
    .option('--dropouts <share>', 'of a job, devices that join and never send', share, 0.1)
    .option('--duplicates <share>', 'uploads that are sent twice', share, 0.05)
    .option('--replicas <n>', 'server processes; more than one with --database', integer(1, 64), 1)
    .option('--kill-every <s>', 'SIGKILL to one process after the other', positive)
    .option('--database <url>', 'as `loreweave-server serve` takes it')
    .option('--objects <url>', 'as `loreweave-server serve` takes it')
    .option('--at-once <n>', 'devices that are awake at a time', integer(1, 10_000), 64)
    .option('--limit <s>', 'after which a job that has not ended hangs', positive, 1800)
    .option('--seed <text>', 'of keys, dropouts and duplicates', 'fleet')
    .addOption(jsonOption())
    .action(async ({ devices, ...options }: ServerFlags) => {
      const given = { ...options, log: progress }
      const results =
        devices === undefined ? await benchServer(given) : await benchFleet({ ...given, devices })
      print(results, options.json)
    })

const addAggregateBench = (group: Command, print: Print): Command =>
  group
    .command('aggregate')
    .description(
      "the exact sum of a round's updates: bytes a second of wall and of processor time, and memory; " +
        "then a server's round from signed uploads to its release",
    )
    .option(PEERS, 'against Flower, in a Python environment that is made on first use')
    .option('--against <folder>', "a checkout's exact sum beside it, by turns")
    .option('--runs <n>', 'counted runs, of which the median is printed', integer(1), 5)
    .option('--updates <n>', 'in each run', integer(1), 100)
    .option('--numbers <n>', 'in each update', integer(1, 16_000_000), 2_442_240)
    .option('--few <n>', 'updates of the least memory', integer(1), 10)
    .option('--many <n>', 'updates of the most memory', integer(1), 1000)
    .option('--uploads <n>', "of the server's round; 0 for none", integer(0), 20)
    .addOption(cacheOption())
    .addOption(jsonOption())
    .action(async (options: Omit<AggregateOptions, 'log'> & { json?: boolean }) =>
      print(await benchAggregate({ ...options, log: progress }), options.json),
    )

const addAccountingBench = (group: Command, print: Print): Command =>
  group
    .command('accounting')
    .description('the ε of a thousand rounds by privacy loss distributions')
    .option(PEERS, 'against dp_accounting, in a Python environment that is made on first use')
    .option('--runs <n>', 'counted runs, of which the median is printed', integer(1), 5)
    .option('--settings <n>', 'drawn settings whose ε are compared with the peer', integer(1), 200)
    .option('--seed <n>', 'of the settings', integer(0), 1)
    .addOption(cacheOption())
    .addOption(jsonOption())
    .action(async (options: Omit<AccountingOptions, 'log'> & { json?: boolean }) =>
      print(await benchAccounting({ ...options, log: progress }), options.json),
    )

const addStrategiesBench = (group: Command, print: Print): Command =>
  group
    .command('strategies')
    .description(
      'every aggregation strategy on devices that want different changes of one layer: the loss after ' +
        'equal bytes, sent (sent) or sent and fetched (moved), from 1 without a change to 0 at the best ' +
        'one, and by how much a round misses the mean of what its devices made; no model',
    )
    .option('--worlds <n>', 'tasks that are drawn', integer(1, 100), 5)
    .option('--devices <n>', 'of each', integer(2, 1000), 12)
    .option('--rounds <n>', 'of fedavg; the others have as many bytes', integer(1, 1000), 12)
    .option('--steps <n>', 'of a device in a round', integer(1, 1000), 8)
    .addOption(jsonOption())
    .action(async (options: Omit<StrategiesOptions, 'log'> & { json?: boolean }) =>
      print(await benchStrategies({ ...options, log: progress }), options.json),
    )

const addRobustBench = (group: Command, print: Print): Command =>
  group
    .command('robust')
    .description(
      'poisoned devices (sign flip, scaling, label flip, ALIE, min-max) against each robust rule, on ' +
        "the prior's moments and on the adapter: utility or loss of newcomers, and honest devices left " +
        'out; simulated people, no model',
    )
    .option('--devices <n>', 'of each round', integer(5, 1000), 25)
    .option('--poisoned <share>', 'of the devices', share, 0.2)
    .option('--rounds <n>', 'of each federation', integer(1, 1000), 8)
    .option('--choices <n>', 'of each device', integer(1, 10_000), 20)
    .option('--worlds <n>', 'other people and answers, over which intervals go', integer(1, 100), 5)
    .addOption(jsonOption())
    .action(async (options: Omit<RobustOptions, 'log'> & { json?: boolean }) =>
      print(await benchRobust({ ...options, log: progress }), options.json),
    )

const addMasksBench = (group: Command, print: Print): Command =>
  group
    .command('masks')
    .description(
      'masked rounds: bytes and processor time of a device and of the server, in full and, for many ' +
        'devices, by some of them and all work of the server; native masks against JavaScript',
    )
    .option('--devices <n>', 'that do everything', integer(2, 1000), 100)
    .option('--many <n>', 'of which some are sampled; 0: none', integer(0, 10_000), 1000)
    .option('--sampled <n>', 'of those', integer(1, 100), 8)
    .option('--values <n>', 'of each update', integer(1), 500_000)
    .option(
      '--runs <n>',
      'counted runs of the masks, of which the median is printed',
      integer(1),
      5,
    )
    .addOption(jsonOption())
    .action(async (options: MasksOptions & { json?: boolean }) =>
      print(await benchMasks(options), options.json),
    )

const addPrivacyBench = (group: Command, print: Print): Command =>
  group
    .command('privacy')
    .description(
      'what noise leaves of the gain of a federation, by ε and cohort: the moments of heads in k public ' +
        'directions, and a small adapter; simulated people, no model',
    )
    .option('--cohorts <list>', 'devices in a round', integers, [100, 300, 1000, 3000])
    .option('--epsilons <list>', 'after all rounds', integers, [1, 2, 4, 8])
    .option('--delta <x>', 'with which epsilon may be missed', positive, 1e-6)
    .option('--directions <list>', 'k', integers, [16, 32])
    .option('--rounds <n>', 'of the prior, and of each factor of the adapter', integer(1, 100), 2)
    .option('--choices <n>', 'of each device', integer(1, 10_000), 20)
    .option('--worlds <n>', 'other people and answers, over which intervals go', integer(1, 100), 3)
    .option('--report <file>', 'also an HTML page with a plot')
    .addOption(jsonOption())
    .action(async ({ json, report, ...options }: PrivacyFlags) => {
      const results = await benchPrivacy({ ...options, log: progress })
      const made = `loreweave-eval bench privacy, ${new Date().toISOString().slice(0, 10)}`
      if (report) replaceFileSync(report, privacyPage(results.results, made))
      if (json) print(results, json)
      else process.stdout.write(`${privacyTable(results.results)}\n`)
    })

type PrivacyFlags = Omit<PrivacyOptions, 'log'> & { report?: string; json?: boolean }

type ServerFlags = Omit<ServerBenchOptions, 'log'> &
  Omit<FleetBenchOptions, 'log' | 'devices'> & { devices?: number; json?: boolean }

const rates = (text: string): number[] => text.split(',').map(positive)

const share = (text: string): number => {
  const value = Number(text)
  if (!(value >= 0 && value < 1)) throw new InvalidArgumentError('expected a share from 0 to 1.')
  return value
}
