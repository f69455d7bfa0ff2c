/** Who is compared: the arms of a run, each with what it starts from and on whom it is judged. */
import { seededRng } from '../../adapters/random.ts'
import type { LoraFeed } from '../../device/engine/engine.ts'
import {
  encodeAnswers,
  encodeChoice,
  type FeatureDeps,
  type PooledCache,
} from '../../device/reward/choice-features.ts'
import { type Released, readRelease } from '../../device/reward/read-release.ts'
import type { UserLog } from '../inputs/user-log.ts'
import type { Federated } from '../population/federate.ts'
import {
  type Arm,
  firstArm,
  headArm,
  longestArm,
  oracleArm,
  type Picker,
  randomArm,
  scoredArm,
  startOf,
} from './arms.ts'
import { endpointArm } from './endpoint-person.ts'
import { roundArm } from './figures.ts'
import {
  dpoArm,
  logRatios,
  type PersonDeps,
  privateArm,
  productArm,
  type ReleaseBytes,
  rememberLikelihood,
  wholeArm,
} from './person.ts'
import type { Ablation, Scenario } from './scenario.ts'
import type { SimClaude } from './world.ts'

export type LineupDeps = {
  readonly scenario: Pick<
    Scenario,
    'budgets' | 'likelihood' | 'private' | 'dpo' | 'whole' | 'shipped' | 'endpoint'
  >
  readonly people: number
  /** What a federation has come to; null: there was none. */
  readonly releases: Releases | null
  readonly deps: FeatureDeps
  readonly person: PersonDeps
  /** Answers under other system prompts; null where there is nobody to ask. */
  readonly claude: SimClaude | null
  readonly kept: PooledCache
  readonly seed: number
  readonly ablate: readonly Ablation[]
}

/** before: without an adapter; null where there is none such. */
export type Releases = { readonly final: ReadRelease; readonly before: ReadRelease | null }
export type ReadRelease = ReleaseBytes & { readonly read: Released }

export const lineup = (given: LineupDeps): Arm[] => {
  const making = makingOf(given)
  const { releases } = given
  return [
    ...aloneArms(given, making),
    ...(releases ? sharedArms(given, releases, making) : []),
    ...productArms(given, making),
    ...(releases ? costlyArms(given, releases, making) : []),
  ].filter((arm) => arm.people > 0)
}

type Making = ReturnType<typeof makingOf>

/** How arms are made over these people. fixed: one that own choices make no difference to. */
const makingOf = ({ scenario, people, person, kept }: LineupDeps) => {
  const arm = (
    name: string,
    pick: Picker,
    more: { budgets?: readonly number[] | null; people?: number; from?: string } = {},
  ): Arm => ({ name, pick, budgets: scenario.budgets, people, from: '', ...more })
  const fixed = (name: string, pick: Picker, more = {}) =>
    arm(name, pick, { budgets: null, ...more })
  const few = <T extends { readonly people: number }>(costly: T): T => ({
    ...costly,
    people: Math.min(people, costly.people),
  })
  return { arm, fixed, few, likelihood: rememberLikelihood(person, kept) }
}

/** Arms to which no release makes a difference. */
const aloneArms = (
  { scenario, deps, person, seed }: LineupDeps,
  { arm, fixed, few, likelihood }: Making,
): Arm[] => [
  fixed('first', firstArm),
  fixed('random', (log, budget) => randomArm(seededRng(`random/${seed}/${log.user}`))(log, budget)),
  fixed('longest', longestArm),
  fixed('oracle', oracleArm),
  arm('named', headArm(deps, startOf(null), 'states')),
  arm('states', headArm(deps, startOf(null), 'named')),
  arm('local', headArm(deps, startOf(null))),
  fixed(
    'likelihood',
    scoredArm((line) => likelihood(line, [])),
    few({ people: scenario.likelihood.people }),
  ),
  arm('dpo', dpoArm(person, likelihood), few(scenario.dpo)),
]

/** The product, and the whole of it where Claude can be asked again. */
const productArms = (
  { scenario, person, releases, claude, ablate }: LineupDeps,
  { arm, few }: Making,
): Arm[] => {
  const release = releases?.final ?? null
  const settings = ablate.includes('rerank') ? { candidates: 1 } : {}
  const from = JSON.stringify([release?.hash, settings, person.claude])
  const product = arm('product', productArm(person, release, settings), { from })
  if (!claude || ablate.includes('rewrite')) return [product]
  const whole = wholeArm(person, release, claude, { settings, isTrained: false })
  const shipped = wholeArm(person, release, claude, { settings, isTrained: true })
  const oneAnswer = { settings: { candidates: 1 }, isTrained: false }
  return [
    product,
    arm('rewritten', wholeArm(person, release, claude, oneAnswer), {
      ...few(scenario.whole),
      from,
    }),
    arm('whole', whole, { ...few(scenario.whole), from }),
    arm('shipped', shipped, { ...few(scenario.shipped), from }),
    ...endpointArms(scenario.endpoint, person, releases, claude).map(({ name, pick, hash }) =>
      arm(name, pick, { ...few(scenario.endpoint), from: JSON.stringify([hash, person.claude]) }),
    ),
  ]
}

/** With and without the federation's release, and without the device's questions. */
const endpointArms = (
  { budgets }: Scenario['endpoint'],
  person: PersonDeps,
  releases: Releases | null,
  claude: SimClaude,
) =>
  (releases ? [releases.final, null] : [null]).flatMap((release) =>
    [true, false].map((isAsked) => ({
      name: `endpoint${release ? '' : '_alone'}${isAsked ? '' : '_unasked'}`,
      hash: release?.hash ?? null,
      pick: endpointArm(person, release, claude, {
        budgets,
        settings: isAsked ? {} : { asksPerDay: 0 },
      }),
    })),
  )

/** Heads under what was released, or parts of it. */
const sharedArms = (
  { deps }: LineupDeps,
  { final, before }: Releases,
  { arm, fixed }: Making,
): Arm[] => {
  const from = final.hash
  const both = startOf(final.read)
  const globally = headArm(deps, both)
  const alone = before && headArm(deps, { ...startOf(before.read), adapters: [] })
  return [
    fixed('global', (log) => globally(log, 0), { from }),
    ...(before && alone ? [arm('prior', alone, { from: before.hash })] : []),
    ...(final.read.active.length > 0
      ? [arm('lora', headArm(deps, { ...both, prior: null }), { from })]
      : []),
    arm('federated', headArm(deps, both), { from }),
  ]
}

/** Arms over a release that take minutes a person. */
const costlyArms = (
  { scenario, person }: LineupDeps,
  { final }: Releases,
  { arm, fixed, few, likelihood }: Making,
): Arm[] => {
  const from = final.hash
  return [
    arm('private', privateArm(person, final), { ...few(scenario.private), from }),
    fixed(
      'log_ratio',
      scoredArm((line) => logRatios(likelihood, line, final.read.active)),
      { ...few({ people: final.read.active.length > 0 ? scenario.likelihood.people : 0 }), from },
    ),
  ]
}

/** The federated arm under releases along the way, evenly spaced, the last one included. */
export const roundsLineup = (
  { budget, points }: Scenario['rounds'],
  { rounds }: Federated,
  { people, deps, person }: LineupDeps,
): Arm[] =>
  spaced(rounds.length, points).map((at) => {
    const release = openRelease(rounds[at]!, deps, person)
    return {
      name: roundArm(at),
      budgets: [budget],
      people,
      from: release.hash,
      pick: headArm(deps, startOf(release.read)),
    }
  })

/** At most `points` of 0 … count − 1, evenly spaced, the last included. */
export const spaced = (count: number, points: number): number[] => {
  const taken = Math.min(count, points)
  return Array.from({ length: taken }, (_, i) => Math.round(((i + 1) * count) / taken) - 1)
}

/** Fails with readRelease's codes. */
export const openRelease = (
  { hash, release }: ReleaseBytes,
  { space }: Pick<FeatureDeps, 'space'>,
  { model }: Pick<PersonDeps, 'model'>,
): ReadRelease => ({ hash, release, read: readRelease(release, model.base, space) })

/** Before the first adapter, and the last. */
export const releasesOf = (
  { rounds }: Federated,
  deps: Pick<FeatureDeps, 'space'>,
  person: Pick<PersonDeps, 'model'>,
): Releases => {
  const first = rounds.findIndex((r) => r.kind === 'adapter')
  const before = rounds.at(first < 0 ? -1 : first - 1)
  return {
    final: openRelease(rounds.at(-1)!, deps, person),
    before: first === 0 || !before ? null : openRelease(before, deps, person),
  }
}

/** Pools every answer of these people once; the arms then find them. */
export const readAnswers = async (
  { engine, exitLayer, keepFrom, ...deps }: FeatureDeps,
  logs: readonly UserLog[],
  adapters: readonly LoraFeed[],
  onProgress: (done: number, of: number) => void,
): Promise<void> => {
  const answers = logs.flatMap(({ train, test }) => [
    ...train.flatMap((line) => encodeChoice(deps, line)),
    ...test.flatMap((line) => encodeAnswers(deps, line, line.candidates)),
  ])
  await engine.pooled(
    [...new Set(answers)].map(({ input }) => input),
    { exitLayer, keepFrom, adapters, onProgress },
  )
}
