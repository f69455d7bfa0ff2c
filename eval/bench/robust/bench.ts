/** What each robust rule is worth against each attack, on the prior's moments and on the adapter. */
import { seededRng } from '../../../adapters/random.ts'
import type { RobustPlan } from '../../../adapters/wire/robust.ts'
import { bootstrapInterval, meanOf } from '../../measure/metrics.ts'
import type { Result, Results } from '../../measure/results.ts'
import { ATTACKS, type Attack } from './attacks.ts'
import { type Outcome, runArm } from './federation.ts'
import type { PartName } from './parts.ts'
import { openWorld } from './world.ts'

export type RobustOptions = {
  readonly devices: number
  /** Share of the devices. */
  readonly poisoned: number
  readonly rounds: number
  readonly choices: number
  readonly worlds: number
  readonly log: (line: string) => void
}

const rulesFor = (faulty: number): Readonly<Record<string, RobustPlan | undefined>> => ({
  mean: undefined,
  norm_bound: { rule: 'norm-bound', multiple: 1 },
  median: { rule: 'median' },
  trimmed_mean: { rule: 'trimmed-mean', faulty },
  krum: { rule: 'krum', faulty },
  multi_krum: { rule: 'multi-krum', faulty },
  geometric_median: { rule: 'geometric-median' },
  fltrust: { rule: 'fltrust', root: 'root' },
})
const UNITS: Readonly<Record<PartName, string>> = { prior: 'of the reachable', adapter: 'nats' }
const MEASURES: Readonly<Record<PartName, string>> = { prior: 'utility', adapter: 'loss' }

/** `bench.robust.<part>.<attack>.<rule>`, and `.left_out`: honest devices, a round. */
export const benchRobust = async (options: RobustOptions): Promise<Results> => {
  const { devices, choices, worlds, log } = options
  const opened = Array.from({ length: worlds }, (_, seed) => openWorld({ devices, choices, seed }))
  const poisoned = Math.round(options.poisoned * devices)
  const attacks: Record<string, Attack | undefined> = { none: undefined, ...ATTACKS }
  const results: Result[] = []
  for (const part of ['prior', 'adapter'] as const)
    for (const [attackName, attack] of Object.entries(attacks)) {
      for (const [ruleName, rule] of Object.entries(rulesFor(poisoned / devices || 0.2))) {
        const outcomes: Outcome[] = []
        for (const world of opened)
          outcomes.push(
            await runArm(
              { part, rule, attack, poisoned: attack ? poisoned : 0, rounds: options.rounds },
              world,
            ),
          )
        results.push(...resultsOf(part, `${attackName}.${ruleName}`, outcomes))
      }
      log(`${part}: ${attackName} against ${Object.keys(rulesFor(0.2)).length} rules`)
    }
  return { results }
}

const resultsOf = (part: PartName, name: string, outcomes: readonly Outcome[]): Result[] => {
  const sign = part === 'adapter' ? -1 : 1
  const values = outcomes.map(({ worth }) => sign * worth)
  const full = `bench.robust.${part}.${name}`
  return [
    {
      ...{ name: `${full}.${MEASURES[part]}`, value: meanOf(values), unit: UNITS[part] },
      ...{ n: values.length, interval: [...bootstrapInterval(values, meanOf, seededRng(full))] },
    },
    { name: `${full}.left_out`, value: meanOf(outcomes.map((o) => o.leftOut)), unit: 'devices' },
  ]
}
