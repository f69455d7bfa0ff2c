/** What a run came to, as both reports and `--json` read it. */
import type { Estimate } from '../measure/crossed.ts'
import type { Result } from '../measure/results.ts'
import type { Figures } from './figures.ts'
import type { Ablation, Scenario } from './scenario.ts'

export type RunReport = {
  readonly scenario: Scenario
  /** Of the first world; each further one has the next seed. */
  readonly seed: number
  readonly ablate: readonly Ablation[]
  /** What the arms ending in `_less` lack besides; none without it. */
  readonly against?: readonly Ablation[]
  readonly model: string
  /** Of all worlds together. */
  readonly people: {
    readonly worlds: number
    /** Devices that took part. */
    readonly learners: number
    readonly newcomers: number
    readonly withTaste: number
    /** Newcomers by family of tastes. */
    readonly families: Readonly<Record<string, number>>
    /** Of a world, and the topics of those that newcomers are judged on. */
    readonly requests: number
    readonly unseenTopics: number
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
