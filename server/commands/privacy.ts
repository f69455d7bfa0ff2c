/** The operator's commands for privacy budgets, what was spent of them, and what a job would spend. */
import { type Command, InvalidArgumentError } from 'commander'
import {
  type PrivacyForecast,
  privacyForecast,
  withNoiseMultiplier,
} from '../../adapters/contributions/privacy-forecast.ts'
import { FedError } from '../../adapters/errors.ts'
import { accountOf, accountsOf, roundsLeft } from '../../adapters/privacy/accounts.ts'
import { ledgerFindings } from '../../adapters/privacy/verify-ledger.ts'
import { JobSpec, type JobSpecInput } from '../../adapters/wire/jobs.ts'
import { PROTOCOL_VERSION } from '../../adapters/wire/primitives.ts'
import {
  type LedgerEntry,
  LedgerResponse,
  type PrivacyAccount,
  PrivacyResponse,
} from '../../adapters/wire/privacy.ts'
import type { LedgerHead } from '../../adapters/wire/privacy-ledger.ts'
import { ServerKeyResponse } from '../../adapters/wire/server-key.ts'
import { fingerprintOf } from '../../adapters/wire/spoken.ts'
import { checkPossible } from '../rounds/possible.ts'
import {
  type CommandDeps,
  type Common,
  client,
  command,
  fileText,
  group,
  print,
} from './command.ts'
import { readJobSpec } from './job-spec.ts'
import { table } from './print.ts'

const protocol = PROTOCOL_VERSION
const PRIVACY = '/v1/operator/privacy'

export const privacyCommands = (deps: CommandDeps): Command =>
  group('privacy', 'privacy budgets, and what releases have spent of them')
    .addCommand(
      command(deps, 'show', 'every budget, and what is left of it').action(async (o: Common) => {
        const answer = await client(deps, o).json(PrivacyResponse, 'GET', PRIVACY)
        print(deps, o, answer, () => accountTable(answer))
      }),
    )
    .addCommand(budgetCommand(deps))
    .addCommand(verifyCommand(deps))
    .addCommand(
      command(deps, 'plan', 'what a job would promise, and how its noise compares to its signal')
        .argument('<file>', 'JSON of a job; - reads standard input')
        .action((file: string, o: Common) => {
          const plan = planOf(readJobSpec(fileText(deps, file), {}))
          print(deps, o, plan.forecast, () => planText(plan))
        }),
    )

type BudgetFlags = Common & { population: string; epsilon: number; delta: number }

const budgetCommand = (deps: CommandDeps): Command =>
  command(deps, 'budget', 'set what may be told of a population over all rounds ever')
    .option('--population <name>', 'whose', 'all')
    .requiredOption('--epsilon <n>', 'in all, rounds of the past included', number(0.001, 1000))
    .option('--delta <n>', 'with which epsilon may be missed', number(1e-12, 0.01), 1e-6)
    .addHelpText(
      'after',
      '\nFrom the first budget on, jobs without "privacy" are refused, and no judgements of devices taken.' +
        '\n\nExample:\n  loreweave-server privacy budget --epsilon 4',
    )
    .action(async ({ population, epsilon, delta, ...o }: BudgetFlags) => {
      const budget = { population, purpose: 'personalization', epsilon, delta }
      const body = { protocol, budget }
      const path = `${PRIVACY}/budgets`
      const answer = await client(deps, o).json(PrivacyResponse, 'POST', path, body)
      print(deps, o, answer, () => accountTable(answer))
    })

const number = (least: number, most: number) => (text: string) => {
  const value = Number(text)
  if (value >= least && value <= most) return value
  throw new InvalidArgumentError(`expected a number from ${least} to ${most}`)
}

const accountTable = ({ accounts, head }: PrivacyResponse): string =>
  accounts.length === 0
    ? 'no budget is set: jobs with "privacy" are refused. Set one with privacy budget'
    : `${table([
        ['POPULATION', 'PURPOSE', 'SPENT', 'LEFT', 'BUDGET', 'DELTA', 'ROUNDS'],
        ...accounts.map(accountRow),
      ])}\nhead: ${headText(head)}`

const accountRow = (one: PrivacyAccount): string[] => [
  one.population,
  one.purpose,
  decimal(one.spent),
  decimal(Math.max(0, one.epsilon - one.spent)),
  String(one.epsilon),
  String(one.delta),
  String(one.rounds),
]

const headText = ({ number, hash }: LedgerHead): string => `${number}:${hash}`

const verifyCommand = (deps: CommandDeps): Command =>
  command(deps, 'verify', 'recompute the ledger from its entries; exit status 1 if it is wrong')
    .option(
      '--expect <head>',
      'that must be in it: what an earlier verify or show printed',
      readHead,
    )
    .action(async (o: Common & { expect?: LedgerHead }) => {
      const { entries, head } = await readAll(deps, o)
      const key = await client(deps, o).json(ServerKeyResponse, 'GET', '/v1/server/key')
      const findings = ledgerFindings(entries, head, o.expect ? [o.expect] : [])
      if (head.key !== key.publicKey)
        findings.push({
          number: head.number,
          what: 'another key than the server shows has signed it',
        })
      const isWhole = findings.length === 0
      const words = fingerprintOf(head.key)
      const answer = { isWhole, entries: entries.length, head, words, findings }
      print(deps, o, answer, () =>
        isWhole
          ? `whole: ${entries.length} entries, signed by ${words}\nhead: ${headText(head)}`
          : findings.map(({ number, what }) => `WRONG at entry ${number}: ${what}`).join('\n'),
      )
      if (!isWhole) deps.exitWith(1)
    })

const readHead = (text: string): LedgerHead => {
  const [, number, hash] = /^(\d{1,9}):([0-9a-f]{64})$/.exec(text) ?? []
  if (!number || !hash) throw new InvalidArgumentError('expected NUMBER:HASH, as verify prints it')
  return { number: Number(number), hash }
}

const readAll = async (deps: CommandDeps, o: Common) => {
  const entries: LedgerEntry[] = []
  for (;;) {
    const path = `${PRIVACY}/entries?after=${entries.length}`
    const page = await client(deps, o).json(LedgerResponse, 'GET', path)
    entries.push(...page.entries)
    if (page.entries.length === 0 || entries.length >= page.head.number)
      return { entries, head: page.head }
  }
}

type Plan = { readonly spec: JobSpec; readonly forecast: PrivacyForecast }

/** Fails with E_USAGE and E_BODY. */
export const planOf = (sent: JobSpecInput): Plan => {
  const given = JobSpec.parse(sent)
  if (!given.privacy) throw new FedError('E_USAGE', 'the job has no "privacy"')
  checkPossible(given, Date.now())
  const spec = withNoiseMultiplier(given)
  return { spec, forecast: privacyForecast(spec)! }
}

/** How many of the job's rounds the budget still holds; null: there is none. */
export const roomOf = async (deps: CommandDeps, o: Common, { spec, forecast }: Plan) => {
  const { entries } = await readAll(deps, o)
  const { population } = spec.privacy!
  const account = accountOf(accountsOf(entries), { population, purpose: spec.purpose })
  return account.budget ? roundsLeft(account, forecast.noise, forecast.rounds) : null
}

export const planText = ({ spec, forecast }: Plan): string => {
  const { noise, epsilon, delta, rounds, perDevice, contributions } = forecast
  const ofOne = perDevice
    ? `; ${decimal(perDevice.epsilon)} for a device, which takes part in ${perDevice.rounds} at most`
    : ''
  const facts = table([
    ['noise multiplier', decimal(noise)],
    ['epsilon', `${decimal(epsilon)} after ${rounds} rounds, at delta ${delta}${ofOne}`],
    ['against', 'whoever reads releases'],
    [
      'the server',
      spec.masks
        ? 'sees the sum of each round without noise: no epsilon against it'
        : 'sees each update in the clear: no epsilon against it',
    ],
    ['divided by', `${spec.cohort.minimum} devices, the minimum, whatever comes`],
  ])
  const rows = table([
    ['SUM', 'NUMBERS', 'CLIP', 'SIGMA/CLIP', 'MEAN', 'NOISE ON IT', 'SIGNAL/NOISE', 'ALL ROUNDS'],
    ...contributions.map((one) => [
      one.name,
      String(one.size),
      String(one.clip),
      decimal(one.sigma / one.clip),
      `${spec.privacy?.signal === 1 ? 'at most ' : ''}${decimal(one.meanNorm)}`,
      decimal(one.noiseNorm),
      decimal(one.signalToNoise),
      decimal(one.signalToNoise * Math.sqrt(spec.rounds)),
    ]),
  ])
  const drowned = contributions.filter(({ signalToNoise }) => signalToNoise < 1)
  const names = drowned.map(({ name }) => name).join(', ')
  const warning =
    drowned.length === 0
      ? ''
      : `\n\nThe noise on ${names} is longer than the mean of a round: the job is taken only with "acceptNoise": true.`
  return `${facts}\n\n${rows}${warning}`
}

const decimal = (value: number): string => String(Number(value.toPrecision(4)))
