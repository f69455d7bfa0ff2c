/**
 * What this device knows of its server's privacy ledger: the highest head that it has seen, and what its
 * entries come to. A ledger that is shorter, or says something else, has forgotten what releases have told:
 * no private round of that server is taken part in.
 */
import { FedError } from '../../adapters/errors.ts'
import { type Accounts, accountOf, accountsOf, roundsIn } from '../../adapters/privacy/accounts.ts'
import { composedMu, gaussianEpsilon } from '../../adapters/privacy/gaussian.ts'
import type { Assignment } from '../../adapters/wire/federation.ts'
import type { SignedHead } from '../../adapters/wire/privacy.ts'
import {
  EMPTY_LEDGER,
  followsInLedger,
  isSignedHead,
  type LedgerHead,
} from '../../adapters/wire/privacy-ledger.ts'
import { replacedKey } from '../../adapters/wire/server-key.ts'
import type { PrivacySpent } from '../records/privacy-spent.ts'
import type { SeenLedger } from '../store/states.ts'
import type { DeviceStore } from '../store/store.ts'
import type { Federation, Leave } from './client.ts'

export type LedgerDeps = {
  readonly store: Pick<DeviceStore, 'get' | 'durably'>
  readonly federation: Pick<Federation, 'ledger' | 'serverKey'>
}

/**
 * Before a private round is computed. Fails with E_LEDGER where the ledger does not continue what this device has
 * seen, or its budget does not hold this round by the device's own reckoning.
 */
export const checkLedger = async (
  deps: LedgerDeps,
  { privacy, purpose }: Pick<Assignment, 'privacy' | 'purpose'>,
  leave: Leave,
): Promise<void> => {
  if (!privacy) return
  const accounts = await followLedger(deps, leave)
  const { population, noise } = privacy
  const { budget, charges } = accountOf(accounts, { population, purpose })
  if (!budget) throw refused(`it has no budget for population ${population}`)
  const epsilon = gaussianEpsilon(composedMu([...charges, [noise, 1]]), budget.delta)
  if (epsilon > budget.epsilon)
    throw refused(
      `this round would bring population ${population} to ε = ${epsilon.toPrecision(4)}, above its ` +
        `budget of ${budget.epsilon}`,
    )
}

/** Brings what is known up to date. Fails with E_LEDGER. */
export const followLedger = async (deps: LedgerDeps, leave: Leave): Promise<Accounts> => {
  const { store, federation } = deps
  const known = store.get('privacyLedger') ?? null
  let last: LedgerHead = known ?? EMPTY_LEDGER
  let accounts = accountsIn(known)
  // The last known entry comes again, so that one that was changed shows.
  let after = Math.max(0, last.number - 1)
  for (;;) {
    const { entries, head } = await federation.ledger(after, leave)
    await checkHead(deps, head, leave)
    if (head.number < last.number)
      throw refused(`it has ${head.number} entries, and this device has seen ${last.number}`)
    const isAgain = after < last.number
    if (isAgain && entries[0]?.hash !== last.hash)
      throw refused(`its entry ${last.number} was changed`)
    const fresh = isAgain ? entries.slice(1) : entries
    for (const entry of fresh) {
      if (!followsInLedger(entry, last))
        throw refused(`its entry ${entry.number} does not follow ${last.number}`)
      last = entry
    }
    accounts = accountsOf(fresh, accounts)
    if (last.number < head.number && fresh.length > 0) {
      after = last.number
      continue
    }
    if (last.number !== head.number || last.hash !== head.hash)
      throw refused(`its head is another than its entry ${last.number}`)
    break
  }
  if (last.number > (known?.number ?? 0))
    await store.durably((tx) => tx.set('privacyLedger', seen(last, accounts)))
  return accounts
}

/** As the device has it; nothing of a server without one. */
export const accountsIn = (known: SeenLedger | null): Accounts =>
  new Map(
    (known?.accounts ?? []).map(({ charges, ...account }) => {
      const { population, purpose } = account
      const key = JSON.stringify([population, purpose])
      return [key, { ...account, charges: new Map(charges), history: [] }] as const
    }),
  )

/** Of what a message may say. */
const LARGEST = 1e6

/** Of every population and purpose with a budget, as this device has seen the ledger. */
export const privacySpent = (store: Pick<DeviceStore, 'get'>): PrivacySpent =>
  [...accountsIn(store.get('privacyLedger') ?? null).values()].flatMap((account) => {
    const { population, purpose, budget, charges } = account
    if (!budget) return []
    const spent = Math.min(LARGEST, gaussianEpsilon(composedMu(charges), budget.delta))
    return [{ population, purpose, ...budget, spent, rounds: roundsIn(account) }]
  })

const seen = ({ number, hash }: LedgerHead, accounts: Accounts): SeenLedger => ({
  number,
  hash,
  accounts: [...accounts.values()].map(({ history: _, charges, ...account }) => ({
    ...account,
    charges: [...charges],
  })),
})

/** By the pinned key, or one that it replaced; without a pin nobody is held to anything. */
const checkHead = async (
  { store, federation }: LedgerDeps,
  head: SignedHead,
  leave: Leave,
): Promise<void> => {
  if (!isSignedHead(head)) throw refused('its head is not signed')
  const pinned = store.get('pin')?.key ?? null
  if (pinned === null || head.key === pinned) return
  const shown = await federation.serverKey(leave)
  if (!shown || replacedKey(head.key, { ...shown, publicKey: pinned }) === null)
    throw refused('another key has signed its head')
}

const refused = (what: string): FedError =>
  new FedError(
    'E_LEDGER',
    `this device takes no part in rounds with noise of its server, whose privacy ledger is not to be ` +
      `trusted: ${what}. A server that was restored from a backup has such a ledger: ask its operator. To ` +
      'begin with it anew, run: loreweave leave, then loreweave enroll',
  )
