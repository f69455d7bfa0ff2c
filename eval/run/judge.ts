/** Runs arms over people. Picks are kept by all that they depend on, and never computed twice. */
import { createHash } from 'node:crypto'
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { FedError } from '../../adapters/errors.ts'
import type { UserLog } from '../inputs/user-log.ts'
import type { Pick } from '../measure/metrics.ts'
import { progressMeter } from '../measure/progress.ts'
import { type Arm, pickOf, utilitiesOf } from './arms.ts'

/** Picks by arm and budget, in the order of the people; a fixed arm's are under budget 0. */
export type Judged = ReadonlyMap<string, ReadonlyMap<number, readonly (readonly Pick[])[]>>

export type JudgeDeps = {
  readonly arms: readonly Arm[]
  readonly logs: readonly UserLog[]
  /** What picks depend on besides arm, budget, release and person: model, seed, ablations. */
  readonly world: string
  /** Lines of JSON: earlier picks. */
  readonly file: string
  readonly log: (line: string) => void
  readonly signal?: AbortSignal | undefined
}

/** Fails with E_CANCELLED; what was judged until then stays. */
export const judge = async ({
  arms,
  logs,
  world,
  file,
  log,
  signal,
}: JudgeDeps): Promise<Judged> => {
  const kept = openKept(file)
  const people = logs.map((person) => sha256(JSON.stringify(person)))
  const judged = new Map<string, Map<number, (readonly Pick[])[]>>()
  for (const arm of arms) {
    const budgets = arm.budgets ?? [0]
    const count = Math.min(arm.people, logs.length)
    const meter = progressMeter(log, `${arm.name}: people`)
    const byBudget = new Map(budgets.map((budget) => [budget, [] as (readonly Pick[])[]]))
    for (const [i, person] of logs.slice(0, count).entries())
      for (const [b, budget] of budgets.entries()) {
        if (signal?.aborted)
          throw new FedError('E_CANCELLED', 'interrupted; the same command goes on from here')
        const key = sha256([world, arm.name, arm.from, budget, people[i]].join('\n'))
        const known = kept.get(key, person)
        const made = known ?? (await arm.pick(person, budget))
        if (!known) kept.add(key, made)
        byBudget.get(budget)!.push(made)
        meter(i * budgets.length + b + 1, budgets.length * count)
      }
    judged.set(arm.name, byBudget)
  }
  return judged
}

type Kept = {
  get(key: string, person: UserLog): Pick[] | undefined
  add(key: string, picks: readonly Pick[]): void
}

/** A pick without what the log says already. */
type Row = Omit<Pick, 'utilities' | 'picked'> & Partial<{ picked: number }>

/** Utilities are not written: they are the log's. A line that was cut off is passed over. */
const openKept = (file: string): Kept => {
  const rows = new Map<string, Row[]>()
  for (const line of existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []) {
    try {
      const { key, picks } = JSON.parse(line)
      rows.set(key, picks)
    } catch {}
  }
  return {
    get: (key, { test }) =>
      rows.get(key)?.map(({ picked, ...row }, i) => ({
        ...(row.order
          ? pickOf(test[i]!, row.order)
          : { utilities: utilitiesOf(test[i]!), picked: picked! }),
        ...row,
      })),
    add(key, picks) {
      const row = picks.map(({ utilities: _, picked, ...pick }) =>
        pick.order ? pick : { picked, ...pick },
      )
      appendFileSync(file, `\n${JSON.stringify({ key, picks: row })}`)
    },
  }
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
