/** Cross-validation of the relevance head on its seeds. */
import { POLES, type Pole } from '../../device/preferences/dimensions.ts'
import {
  type RelevanceExample,
  relevantPoles,
  scoresOf,
  seedExamples,
  THRESHOLDS,
  trainRelevance,
} from '../../device/preferences/relevance.ts'
import { RELEVANCE_SEEDS, type RelevanceSeed } from '../../device/preferences/relevance-seeds.ts'

export type LeftOut = {
  /**
   * Share of requests without relevant poles for which none is found; untouchedByGate: by the gate
   * alone, without the rules.
   */
  readonly untouched: number
  readonly untouchedByGate: number
  /**
   * For the other requests: share of relevant poles that are found (recallMore: of those for more),
   * and share of irrelevant poles that are found.
   */
  readonly recall: number
  readonly recallMore: number
  readonly falseAlarms: number
}

/** groupOf: seeds of one group are left out together, each in one of `folds`. */
export const leftOutRelevance = (
  pooled: readonly ArrayLike<number>[],
  groupOf: (seed: RelevanceSeed, index: number) => number,
  folds: number,
): LeftOut => {
  const { examples, states } = seedExamples(pooled)
  const found = new Map<RelevanceExample, { poles: ReadonlySet<Pole>; gate: number }>()
  for (let fold = 0; fold < folds; fold++) {
    const isOut = (i: number) => groupOf(RELEVANCE_SEEDS[i]!, i) % folds === fold
    const head = trainRelevance(
      examples.filter((_, i) => !isOut(i)),
      states,
    )
    for (const e of examples.filter((_, i) => isOut(i)))
      found.set(e, { poles: relevantPoles(head, e), gate: scoresOf(head, e).gate })
  }
  const none = examples.filter((e) => e.poles.size === 0)
  const pairs = examples
    .filter((e) => e.poles.size > 0)
    .flatMap((e) => POLES.map((pole) => ({ e, pole, isFound: found.get(e)!.poles.has(pole) })))
  const wanted = pairs.filter(({ e, pole }) => e.poles.has(pole))
  return {
    untouched: share(none, (e) => found.get(e)!.poles.size === 0),
    untouchedByGate: share(none, (e) => found.get(e)!.gate < THRESHOLDS.gate),
    recall: share(wanted, (p) => p.isFound),
    recallMore: share(
      wanted.filter((p) => p.pole.endsWith('+')),
      (p) => p.isFound,
    ),
    falseAlarms: share(
      pairs.filter(({ e, pole }) => !e.poles.has(pole)),
      (p) => p.isFound,
    ),
  }
}

const share = <T>(all: readonly T[], is: (one: T) => boolean): number =>
  all.filter(is).length / Math.max(1, all.length)
