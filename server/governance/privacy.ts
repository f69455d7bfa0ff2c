/** The privacy ledger as others read it: entries under a signed head, and what they come to. */
import { accountsOf, roundsIn, spentIn } from '../../adapters/privacy/accounts.ts'
import type { LedgerEntry, PrivacyAccount, SignedHead } from '../../adapters/wire/privacy.ts'
import { EMPTY_LEDGER, signHead } from '../../adapters/wire/privacy-ledger.ts'
import type { KeyPair } from '../../adapters/wire/signature.ts'
import type { Tables } from '../store/store.ts'

type Reading = Pick<Tables, 'ledgerEntries' | 'lastLedgerEntry'>

/** Entries after this number, at most so many. */
export const readLedger = async (
  store: Reading,
  keyPair: () => Promise<KeyPair>,
  after: number,
  limit: number,
): Promise<{ entries: LedgerEntry[]; head: SignedHead }> => {
  // The head first: entries that come meanwhile are left to the next reading.
  const last = (await store.lastLedgerEntry()) ?? EMPTY_LEDGER
  const entries = await store.ledgerEntries(after, limit)
  return {
    entries: entries.filter(({ number }) => number <= last.number),
    head: signHead(last, await keyPair()),
  }
}

/** Charges that a plot shows. */
const SHOWN = 200

/** Of every population and purpose with a budget. */
export const privacyAccounts = async (store: Reading): Promise<PrivacyAccount[]> => {
  const accounts = accountsOf(await store.ledgerEntries(0))
  return [...accounts.values()].flatMap(({ budget, population, purpose, history, charges }) =>
    budget
      ? [
          {
            ...{ population, purpose, ...budget },
            spent: spentIn({ charges }, budget.delta),
            rounds: roundsIn({ charges }),
            history: history.slice(-SHOWN).map(({ at, spent }) => ({ at, spent })),
          },
        ]
      : [],
  )
}
