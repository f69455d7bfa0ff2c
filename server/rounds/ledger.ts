/**
 * The privacy ledger: each round of a private job is charged before its noise is used, whatever comes of the
 * round. The charge, and the seed of the noise for exactly these updates, are one transaction; so a restart finds
 * the same noise, and other updates get a seed and a charge of their own.
 */
import { chargedRounds } from '../../adapters/contributions/privacy-forecast.ts'
import { FedError } from '../../adapters/errors.ts'
import { sha256, sha256Hex } from '../../adapters/node/sha256.ts'
import { accountOf, accountsOf, roundsIn, spentIn } from '../../adapters/privacy/accounts.ts'
import { randomBytes } from '../../adapters/random.ts'
import type { JobSpec } from '../../adapters/wire/jobs.ts'
import type {
  Budget,
  LedgerBody,
  LedgerEntry,
  ReleasePrivacy,
  RoundCharge,
} from '../../adapters/wire/privacy.ts'
import { EMPTY_LEDGER, nextLedgerEntry } from '../../adapters/wire/privacy-ledger.ts'
import type { Job, Round, RoundNoise } from '../store/records.ts'
import type { Tables, Transaction } from '../store/store.ts'
import type { RoundDeps } from './deps.ts'

const LEDGER = 'privacy ledger'

/** key: of the noise, 32 bytes. privacy: for the release. */
export type Charged = { readonly key: Uint8Array; readonly privacy: ReleasePrivacy }

/**
 * digests: of the round's updates, sorted. Once for the same ones. Fails with E_BUDGET_SPENT where the budget, or
 * what the job's noise was made for, does not hold another round.
 */
export const chargeRound = async (
  { store, clock }: Pick<RoundDeps, 'store' | 'clock'>,
  job: Job,
  { id: roundId }: Round,
  digests: readonly string[],
): Promise<Charged> => {
  const inputs = sha256Hex(new TextEncoder().encode(digests.join('\n')))
  return store.transaction(async (tx) => {
    await tx.lock(LEDGER)
    const known = await tx.roundNoise(roundId, inputs)
    if (known) return chargedOf(await entryAt(tx, known.entry), known)
    const charge = await roomFor(tx, job)
    const seed = Buffer.from(randomBytes(32)).toString('hex')
    const hidden = sha256Hex(new TextEncoder().encode(`${seed} ${inputs}`))
    const entry = await append(tx, { ...charge, roundId, inputs: hidden }, clock())
    const noise = { roundId, inputs, seed, entry: entry.number }
    await tx.addRoundNoise(noise)
    return chargedOf(entry as RoundCharge, noise)
  })
}

/** Why the job may not open another round; null: it may. */
export const spentReason = async (tables: Tables, job: Job): Promise<string | null> => {
  if (job.upstream) return null
  try {
    await checkCovered(tables, job.spec)
    if (job.spec.privacy) await roomFor(tables, job)
    return null
  } catch (error) {
    if (error instanceof FedError && error.code === 'E_BUDGET_SPENT') return error.message
    throw error
  }
}

/** For a job that is to be created. Fails with E_BUDGET_SPENT. */
export const checkBudget = async (tables: Tables, spec: JobSpec): Promise<void> => {
  await checkCovered(tables, spec)
  if (spec.privacy) await roomFor(tables, { id: null, spec })
}

/** From now on, in place of the budget before. */
export const setBudget = (
  { store, clock }: Pick<RoundDeps, 'store' | 'clock'>,
  budget: Budget,
): Promise<LedgerEntry> =>
  store.transaction(async (tx) => {
    await tx.lock(LEDGER)
    return append(tx, { kind: 'budget', ...budget }, clock())
  })

/** Whether sums over devices are covered by a budget, so that none may be told without noise. */
export const hasBudget = async (tables: Tables): Promise<boolean> =>
  (await tables.lastLedgerEntry()) !== undefined

const append = async (tx: Transaction, body: LedgerBody, at: number): Promise<LedgerEntry> => {
  const entry = nextLedgerEntry((await tx.lastLedgerEntry()) ?? EMPTY_LEDGER, body, at)
  await tx.addLedgerEntry(entry)
  return entry
}

/** A job without noise would tell what the budgets of its purpose promise to bound. */
const checkCovered = async (tables: Tables, { privacy, purpose }: JobSpec): Promise<void> => {
  if (privacy) return
  const entries = await tables.ledgerEntries(0)
  if (entries.some((entry) => entry.kind === 'budget' && entry.purpose === purpose))
    throw spent(
      `there is a privacy budget for ${purpose}, and this job has no "privacy": its releases would not ` +
        'be covered. Give the job a privacy setting',
    )
}

type Asking = { readonly id: string | null; readonly spec: JobSpec }

const roomFor = async (tables: Tables, { id, spec }: Asking) => {
  const entries = await tables.ledgerEntries(0)
  const { purpose } = spec
  const { population, noise } = spec.privacy!
  if (noise === undefined) throw new RangeError('the noise multiplier is not known')
  const account = accountOf(accountsOf(entries), { population, purpose })
  const { budget } = account
  const name = `population ${population} and purpose ${purpose}`
  if (!budget)
    throw spent(
      `there is no privacy budget for ${name}. Set one: loreweave-server privacy budget ` +
        `--population ${population} --epsilon 4`,
    )
  const own = entries.filter((entry) => entry.kind === 'round' && entry.jobId === id).length
  if (own >= chargedRounds(spec))
    throw spent(
      `${own} rounds of this job were charged, and its noise was made for ${chargedRounds(spec)}. Cancel ` +
        'it and create another, with privacy.rounds above rounds where rounds may fail',
    )
  const epsilon = spentIn(account, budget.delta, { noise, times: 1 })
  if (!(epsilon <= budget.epsilon))
    throw spent(
      `another round would bring ${name} to ε = ${epsilon.toPrecision(4)} after ${roundsIn(account)} ` +
        `rounds, and its budget is ${budget.epsilon} (δ = ${budget.delta}). Raise it with ` +
        'loreweave-server privacy budget, then job resume; or cancel the job',
    )
  const { delta } = budget
  return {
    kind: 'round',
    population,
    purpose,
    noise,
    jobId: id ?? '',
    spent: epsilon,
    delta,
  } as const
}

const spent = (what: string): FedError => new FedError('E_BUDGET_SPENT', what)

const entryAt = async (tables: Tables, number: number): Promise<RoundCharge> =>
  (await tables.ledgerEntries(number - 1, 1))[0] as RoundCharge

const chargedOf = (
  { population, purpose, noise, spent, delta, number }: RoundCharge,
  { seed, inputs }: RoundNoise,
): Charged => ({
  key: sha256(new TextEncoder().encode(`loreweave round noise ${seed} ${inputs}`)),
  privacy: { population, purpose, noise, epsilon: spent, delta, entry: number },
})
