/** What the entries of a ledger come to: by population and purpose the budget in force, and what was charged. */
import type { Budget, LedgerEntry } from '../wire/privacy.ts'
import { spentBy } from './accountant.ts'
import type { PrivacyEvent } from './mechanism.ts'

type Holder = Pick<Budget, 'population' | 'purpose'>

/** budget: null before one was set. charges: how many rounds had each noise multiplier. */
export type Account = Holder & {
  readonly budget: Pick<Budget, 'epsilon' | 'delta'> | null
  readonly charges: ReadonlyMap<number, number>
  /** After each charge, at its delta. */
  readonly history: readonly {
    readonly at: number
    readonly spent: number
    readonly delta: number
  }[]
}

export type Accounts = ReadonlyMap<string, Account>

const keyOf = ({ population, purpose }: Holder): string => JSON.stringify([population, purpose])

/** accounts: of the entries before. */
export const accountsOf = (
  entries: readonly LedgerEntry[],
  accounts: Accounts = new Map(),
): Accounts => {
  const next = new Map(accounts)
  for (const entry of entries) next.set(keyOf(entry), after(accountOf(next, entry), entry))
  return next
}

export const accountOf = (accounts: Accounts, { population, purpose }: Holder): Account =>
  accounts.get(keyOf({ population, purpose })) ?? {
    ...{ population, purpose, budget: null, charges: new Map(), history: [] },
  }

const after = (account: Account, entry: LedgerEntry): Account => {
  if (entry.kind === 'budget') {
    const { epsilon, delta } = entry
    return { ...account, budget: { epsilon, delta } }
  }
  const { at, spent, delta, noise } = entry
  return {
    ...account,
    charges: new Map(account.charges).set(noise, (account.charges.get(noise) ?? 0) + 1),
    history: [...account.history, { at, spent, delta }],
  }
}

export const roundsIn = ({ charges }: Pick<Account, 'charges'>): number =>
  [...charges.values()].reduce((sum, times) => sum + times, 0)

/** All rounds that were charged, and so many more of this noise multiplier. */
export const spentIn = (
  { charges }: Pick<Account, 'charges'>,
  delta: number,
  more?: { readonly noise: number; readonly times: number },
): number => {
  const all = new Map(charges)
  if (more && more.times > 0) all.set(more.noise, (all.get(more.noise) ?? 0) + more.times)
  return spentBy(eventsOf(all), delta).epsilon
}

export const eventsOf = (charges: Account['charges']): PrivacyEvent[] =>
  [...charges]
    .sort(([a], [b]) => a - b)
    .map(([noise, times]) => ({ mechanism: { kind: 'gaussian', noise }, times }))

/** How many more rounds of this noise multiplier the budget holds, up to `most`. */
export const roundsLeft = (account: Account, noise: number, most: number): number => {
  const { budget } = account
  if (!budget) return 0
  const fits = (times: number) => spentIn(account, budget.delta, { noise, times }) <= budget.epsilon
  let [low, high] = [0, most]
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (fits(middle)) low = middle
    else high = middle - 1
  }
  return low
}
