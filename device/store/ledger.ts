/**
 * What further answers cost, and what is held back for those under way. The sums are exact at once,
 * whether or not the writes have reached the disk.
 */
import type { HeldBack, Spending } from './spending.ts'
import type { StoreTx } from './tables.ts'
import type { Writing } from './writing.ts'

export type Ledger = {
  /** Spent since a time on candidates beyond the first. */
  spentSince(at: number): Spending
  spend(at: number, spending: Spending): void
  /** Holds back the cost of candidates about to be requested, until the real cost is known. */
  holdBack(what: HeldBack): void
  /** False if it was released before, or has expired. */
  letGo(id: string): boolean
  heldBack(): Spending
  /**
   * Counts the likely part of amounts held back since before then as spent, and releases the rest.
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
  /** Held back by this process, written or not. */
  const reserved = new Map<string, HeldBack>()
  const others = (): HeldBack[] => {
    try {
      return kept.heldBackRows().filter(({ id }) => !reserved.has(id) && !gone.has(id))
    } catch {
      return []
    }
  }
  const spend = (at: number, spending: Spending): void => {
    const one = { ...spending, at }
    spent.add(one)
    later((tx) => tx.spend(at, spending), {
      // A write that never succeeds counts until this process ends.
      ended: (isKept) => {
        if (isKept) spent.delete(one)
      },
    })
  }
  const drop = (id: string): void => {
    reserved.delete(id)
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
      reserved.set(what.id, what)
      later((tx) => tx.holdBack(what))
    },
    letGo: (id) => {
      const isThere = reserved.has(id) || others().some((one) => one.id === id)
      if (isThere) drop(id)
      return isThere
    },
    heldBack: () =>
      [...reserved.values(), ...others()].map(({ worst }) => worst).reduce(add, NOTHING),
    expireHeldBack: (before) => {
      for (const { id, at, likely } of [...reserved.values(), ...others()])
        if (at < before) {
          drop(id)
          spend(at, likely)
        }
    },
  }
}
