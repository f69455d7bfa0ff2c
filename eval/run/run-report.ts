/** What a run came to, as both reports and `--json` read it. */
import type { Result } from '../measure/results.ts'
import type { TasteFamily } from '../population/users.ts'
import type { Estimate, Figures } from './figures.ts'
import type { Ablation, Scenario } from './scenario.ts'

export type RunReport = {
  readonly scenario: Scenario
  readonly seed: number
  readonly ablate: readonly Ablation[]
  readonly model: string
  readonly people: {
    /** Devices that took part. */
    readonly learners: number
    readonly newcomers: number
    readonly withTaste: number
    readonly families: readonly TasteFamily[]
    readonly requests: number
  }
  readonly figures: Figures
  /** The federated arm under releases along the way. at: the round's number in the plan, from 0. */
  readonly rounds: readonly {
    readonly at: number
    readonly kind: string
    readonly received: number
    readonly estimate: Estimate
  }[]
  /** Equal in two runs of one seed. */
  readonly results: readonly Result[]
  /** What depends on the machine and the moment. */
  readonly measured: readonly Result[]
}
