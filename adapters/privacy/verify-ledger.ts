/** An independent recomputation of a ledger from its entries. */

import type { LedgerEntry, SignedHead } from '../wire/privacy.ts'
import {
  EMPTY_LEDGER,
  followsInLedger,
  isSignedHead,
  type LedgerHead,
} from '../wire/privacy-ledger.ts'
import { type Account, accountOf, accountsOf, eventsOf } from './accounts.ts'
import { composedMu, gaussianEpsilon } from './gaussian.ts'
import { composedLoss, epsilonOf } from './pld.ts'

/** Shares by which two figures may differ: rounding, and the grid of a PLD, which is never below. */
const ROUNDING = 1e-9
const GRID = 0.01

export type LedgerFinding = { readonly number: number; readonly what: string }

/**
 * What is wrong with it; nothing where it is whole. known: heads that were noted earlier and must be in it.
 * Each charge is compared with the closed form over all charges up to it, the last of each account with
 * privacy loss distributions too, which know nothing of that form.
 */
export const ledgerFindings = (
  entries: readonly LedgerEntry[],
  head: SignedHead,
  known: readonly LedgerHead[] = [],
): LedgerFinding[] => {
  const findings: LedgerFinding[] = []
  let last: LedgerHead = EMPTY_LEDGER
  let accounts = accountsOf([])
  for (const entry of entries) {
    const { number } = entry
    const find = (what: string) => findings.push({ number, what })
    if (!followsInLedger(entry, last))
      find('it does not follow the entry before it, or was changed')
    accounts = accountsOf([entry], accounts)
    const wrong = entry.kind === 'round' ? wrongCharge(entry, accountOf(accounts, entry)) : null
    if (wrong) find(wrong)
    last = entry
  }
  if (last.number !== head.number || last.hash !== head.hash)
    findings.push({ number: head.number, what: `the signed head is not the entry ${last.number}` })
  if (!isSignedHead(head)) findings.push({ number: head.number, what: 'the head is not signed' })
  for (const { number, hash } of known)
    if (number > 0 && entries[number - 1]?.hash !== hash)
      findings.push({ number, what: 'the entry that was noted earlier is gone or was changed' })
  for (const account of accounts.values()) findings.push(...wrongEnd(account, last.number))
  return findings
}

const wrongCharge = (
  { spent, delta }: Extract<LedgerEntry, { kind: 'round' }>,
  { budget, charges }: Account,
): string | null => {
  const exact = gaussianEpsilon(composedMu(charges), delta)
  if (Math.abs(spent - exact) > ROUNDING * exact)
    return `it says ε = ${spent}, and the rounds come to ${exact}`
  if (!budget) return 'no budget was set before it'
  return spent > budget.epsilon ? `ε = ${spent} is above the budget, ${budget.epsilon}` : null
}

/** A budget in force since then may have another delta: the charge is compared at its own. */
const wrongEnd = ({ history, charges }: Account, number: number): LedgerFinding[] => {
  const last = history.at(-1)
  if (!last) return []
  const { spent, delta } = last
  const found = epsilonOf(composedLoss(eventsOf(charges)), delta)
  return spent > found * (1 + ROUNDING) || spent < found * (1 - GRID)
    ? [{ number, what: `it says ε = ${spent}, and privacy loss distributions ${found}` }]
    : []
}
