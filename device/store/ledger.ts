/**
 * What further answers cost, and what is held back for those under way: exact at once, whatever
 * becomes of the writes.
 */
import type { HeldBack, Spending } from './spending.ts'
import type { StoreTx } from './tables.ts'
import type { Writing } from './writing.ts'

export type Ledger = {
  /** Spent since a time on candidates beyond the first. */
  spentSince(at: number): Spending
  spend(at: number, spending: Spending): void
  /** For candidates that are about to be asked for, until it is known what they did cost. */
  holdBack(what: HeldBack): void
  /** False where it was let go before, or has expired. */
  letGo(id: string): boolean
  heldBack(): Spending
  /**
   * What has been held back since before then is nobody's any more: it counts as spent, as much as
   * was likely.
   */
  expireHeldBack(before: number): void
}

type Tables = Pick<StoreTx, 'spentSince' | 'spend' | 'holdBack' | 'letGo' | 'heldBackRows'>
type Spent = Spending & { readonly at: number }

const NOTHING: Spending = { tokens: 0, usd: 0 }
const add = (a: Spending, b: Spending): Spending => ({
  tokens: a.tokens + b.tokens,
  usd: a.usd + b.usd,
})

export const openLedger = (kept: Tables, later: Writing<Tables>['later']): Ledger => {
  /** Not written yet. */
  const spent = new Set<Spent>()
  const gone = new Set<string>()
  /** Of this process, written or not. */
  const held = new Map<string, HeldBack>()
  const others = (): HeldBack[] => {
    try {
      return kept.heldBackRows().filter(({ id }) => !held.has(id) && !gone.has(id))
    } catch {
      return []
    }
  }
  const spend = (at: number, spending: Spending): void => {
    const one = { ...spending, at }
    spent.add(one)
    later((tx) => tx.spend(at, spending), {
      // What could never be written counts until this process ends.
      ended: (isKept) => {
        if (isKept) spent.delete(one)
      },
    })
  }
  const drop = (id: string): void => {
    held.delete(id)
    gone.add(id)
    later((tx) => tx.letGo(id), {
      ended: (isKept) => {
        if (isKept) gone.delete(id)
      },
    })
  }
  return {
    spend,
    spentSince: (at) => {
      const waiting = [...spent].filter((one) => one.at >= at).reduce(add, NOTHING)
      try {
        return add(kept.spentSince(at), waiting)
      } catch {
        return add(NOTHING, waiting)
      }
    },
    holdBack: (what) => {
      held.set(what.id, what)
      later((tx) => tx.holdBack(what))
    },
    letGo: (id) => {
      const isThere = held.has(id) || others().some((one) => one.id === id)
      if (isThere) drop(id)
      return isThere
    },
    heldBack: () => [...held.values(), ...others()].map(({ worst }) => worst).reduce(add, NOTHING),
    expireHeldBack: (before) => {
      for (const { id, at, likely } of [...held.values(), ...others()])
        if (at < before) {
          drop(id)
          spend(at, likely)
        }
    },
  }
}
