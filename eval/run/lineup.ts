/** Who is compared: the arms of a run, each with what it starts from and on whom it is judged. */
import { seededRng } from '../../adapters/random.ts'
import type { FeatureDeps, PooledCache } from '../../device/agent/choice-features.ts'
import { type Released, readRelease } from '../../device/agent/released.ts'
import { DeviceSettings } from '../../device/agent/settings.ts'
import {
  firstArm,
  headArm,
  longestArm,
  ON_ITS_OWN,
  oracleArm,
  type Picker,
  randomArm,
  type StartingPoint,
  scoredArm,
} from '../arms.ts'
import type { Federated } from '../federate.ts'
import {
  dpoArm,
  logRatios,
  type PersonDeps,
  privateArm,
  productArm,
  type ReleaseBytes,
  rememberLikelihood,
} from './person.ts'
import type { Ablation, Scenario } from './scenario.ts'

export type Arm = {
  readonly name: string
  /** null: own choices make no difference to it. */
  readonly budgets: readonly number[] | null
  /** Judged on the first so many people. */
  readonly people: number
  /** What it starts from: the hash of a release, and settings; empty where there is nothing. */
  readonly from: string
  readonly pick: Picker
}

/** Of arms, for tables and plots. */
export const ARM_LABELS: Readonly<Record<string, string>> = {
  first: "Claude's first",
  random: 'random',
  longest: 'longest',
  likelihood: 'likelihood',
  log_ratio: 'log-ratio of the adapter',
  dpo: 'DPO, implicit reward',
  named: 'named features alone',
  states: 'frozen states alone',
  local: 'local only',
  global: 'global only',
  prior: 'prior, no LoRA',
  lora: 'LoRA, no prior',
  federated: 'federated (both)',
  private: 'federated + private adapter',
  product: 'the product',
  oracle: 'oracle',
}

export type LineupDeps = {
  readonly scenario: Pick<Scenario, 'budgets' | 'rounds' | 'likelihood' | 'private' | 'dpo'>
  readonly people: number
  readonly federated: Federated | null
  readonly deps: FeatureDeps
  readonly person: PersonDeps
  readonly kept: PooledCache
  readonly seed: number
  readonly ablate: readonly Ablation[]
}

const { initialVariance } = DeviceSettings.parse({})

export const lineup = (given: LineupDeps): Arm[] => {
  const { scenario, people, deps, person, kept, seed, ablate } = given
  const { budgets } = scenario
  const arm = (
    name: string,
    pick: Picker,
    more: { budgets?: readonly number[] | null; people?: number; from?: string } = {},
  ): Arm => ({ name, pick, budgets, people, from: '', ...more })
  const fixed = (name: string, pick: Picker, more = {}) =>
    arm(name, pick, { budgets: null, ...more })
  const likelihood = rememberLikelihood(person, kept)
  const costly = Math.min(people, scenario.likelihood.people)
  const alone = [
    fixed('first', firstArm),
    fixed('random', (log, budget) =>
      randomArm(seededRng(`random/${seed}/${log.user}`))(log, budget),
    ),
    fixed('longest', longestArm),
    fixed('oracle', oracleArm),
    arm('named', headArm(deps, ON_ITS_OWN, initialVariance, 'states')),
    arm('states', headArm(deps, ON_ITS_OWN, initialVariance, 'named')),
    arm('local', headArm(deps, ON_ITS_OWN, initialVariance)),
    fixed(
      'likelihood',
      scoredArm((line) => likelihood(line, [])),
      { people: costly },
    ),
    arm('dpo', dpoArm(person, likelihood), {
      ...scenario.dpo,
      people: Math.min(people, scenario.dpo.people),
    }),
  ]
  const release = given.federated && releasesOf(given.federated, deps, person)
  if (!release) return alone.filter((a) => a.people > 0)
  const { final, before } = release
  const from = final.hash
  const settings = ablate.includes('rerank') ? { candidates: 1 } : {}
  const both: StartingPoint = startOf(final)
  const learned = (start: StartingPoint) => headArm(deps, start, initialVariance)
  const globally = learned(both)
  return [
    ...alone,
    fixed('global', (log) => globally(log, 0), { from }),
    ...(before
      ? [arm('prior', learned({ ...startOf(before), adapters: [] }), { from: before.hash })]
      : []),
    arm('lora', learned({ ...both, prior: null }), { from }),
    arm('federated', learned(both), { from }),
    arm('product', productArm(person, final, settings), {
      from: `${from} ${JSON.stringify(settings)}`,
    }),
    arm('private', privateArm(person, final), {
      ...scenario.private,
      people: Math.min(people, scenario.private.people),
      from,
    }),
    fixed(
      'log_ratio',
      scoredArm((line) => logRatios(likelihood, line, final.read.active)),
      {
        people: final.read.active.length > 0 ? costly : 0,
        from,
      },
    ),
  ].filter((a) => a.people > 0)
}

/** Name of the arm that starts from the release of the at-th round of the plan. */
export const roundArm = (at: number): string => `round_${at}`

/** The federated arm under releases along the way, evenly spaced, the last one included. */
export const roundsLineup = ({ scenario, people, federated, deps, person }: LineupDeps): Arm[] => {
  const { budget, points } = scenario.rounds
  const rounds = federated?.rounds ?? []
  return spaced(rounds.length, points).map((at) => {
    const release = readOf(rounds[at]!, deps, person)
    return {
      name: roundArm(at),
      budgets: [budget],
      people,
      from: release.hash,
      pick: headArm(deps, startOf(release), initialVariance),
    }
  })
}

/** At most `points` of 0 … count − 1, evenly spaced, the last included. */
export const spaced = (count: number, points: number): number[] => {
  const taken = Math.min(count, points)
  return Array.from({ length: taken }, (_, i) => Math.round(((i + 1) * count) / taken) - 1)
}

type ReadRelease = ReleaseBytes & { readonly read: Released }

const readOf = (
  { hash, release }: ReleaseBytes,
  { space }: FeatureDeps,
  { model }: PersonDeps,
): ReadRelease => ({ hash, release, read: readRelease(release, model.base, space) })

const releasesOf = ({ rounds }: Federated, deps: FeatureDeps, person: PersonDeps) => {
  const first = rounds.findIndex((r) => r.kind === 'adapter')
  const before = rounds.at(first < 0 ? -1 : first - 1)
  return {
    final: readOf(rounds.at(-1)!, deps, person),
    before: first === 0 || !before ? null : readOf(before, deps, person),
  }
}

const startOf = ({ read }: ReadRelease): StartingPoint => ({
  adapters: read.active,
  prior: read.prior(initialVariance),
  scale: read.scale,
})
