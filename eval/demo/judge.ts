/** What the release is worth on unseen prompts: every arm, for the demo's own users and for people who took no part. */
import type { Rng } from '../../adapters/random.ts'
import type { FeatureDeps } from '../../device/agent/choice-features.ts'
import type { Released } from '../../device/agent/released.ts'
import {
  firstArm,
  headArm,
  longestArm,
  ON_ITS_OWN,
  type Picker,
  randomArm,
  type StartingPoint,
  type UserLog,
} from '../arms.ts'
import { bootstrapInterval, reachableUtility } from '../metrics.ts'
import { compareArms } from '../rerank.ts'
import type { People } from './people.ts'
import { PLAN } from './plan.ts'
import type { DemoReport, Estimate, UserRow } from './report.ts'

/** What of the federation's outcome is taken away: everything, the LoRA factors, or the head's prior. */
export type Ablation = 'updates' | 'adapter' | 'prior'

export type Judged = Pick<DemoReport, 'results' | 'users' | 'newUsers'>

export const judge = async ({
  deps,
  release,
  people,
  ablate,
  rng,
  log,
}: {
  readonly deps: FeatureDeps
  readonly release: Released
  readonly people: People
  readonly ablate?: Ablation
  readonly rng: Rng
  readonly log: (line: string) => void
}): Promise<Judged> => {
  const learned = (start: StartingPoint) => headArm(deps, start, PLAN.initialVariance)
  const starts = startingPoints(release)
  const arms: Record<string, Picker> = {
    first: firstArm,
    random: randomArm(rng),
    longest: longestArm,
    local: learned(ON_ITS_OWN),
    federated: learned(ablate ? starts[ABLATED[ablate]] : starts.federated),
    // What a part adds is told of the whole release alone.
    ...(!ablate && { no_adapter: learned(starts.no_adapter), no_prior: learned(starts.no_prior) }),
  }
  log('judging people who took no part …')
  const results = await compareArms(arms, people.newUsers, PLAN.budgets, rng)
  const { first, random, longest, local, federated } = arms as Record<
    'first' | 'random' | 'longest' | 'local' | 'federated',
    Picker
  >
  const users: UserRow[] = []
  for (const user of people.users)
    users.push(await judgeUser(user, { first, random, longest, local, federated }, rng))
  return {
    results: [...results, ...userResults(users)],
    users,
    newUsers: newUsersOf(results, people.newUsers.length),
  }
}

/** Parts of a release taken away: no_adapter keeps prior and statistics, no_prior the adapter and statistics. */
const startingPoints = (release: Released) => {
  const prior = release.prior(PLAN.initialVariance)
  const { active: adapters, scale } = release
  return {
    federated: { adapters, prior, scale },
    no_adapter: { adapters: [], prior, scale },
    no_prior: { adapters, prior: null, scale },
    nothing: ON_ITS_OWN,
  } satisfies Record<string, StartingPoint>
}

const ABLATED = { updates: 'nothing', adapter: 'no_adapter', prior: 'no_prior' } as const

/** One person's shares, with intervals over their prompts. */
const judgeUser = async (
  user: UserLog,
  arms: Readonly<Record<string, Picker>>,
  rng: Rng,
): Promise<UserRow> => {
  const estimates: Record<string, Estimate> = {}
  for (const [arm, picker] of Object.entries(arms)) {
    const picks = await picker(user, user.train.length)
    estimates[arm] = {
      value: reachableUtility(picks),
      interval: bootstrapInterval(picks, reachableUtility, rng),
    }
  }
  return { user: user.user, choices: user.train.length, prompts: user.test.length, arms: estimates }
}

const userResults = (users: readonly UserRow[]): DemoReport['results'] =>
  users.flatMap(({ user, prompts, arms }) =>
    Object.entries(arms).map(([arm, { value, interval }]) => ({
      name: `demo.utility.${user}.${arm}`,
      value,
      unit: 'share',
      n: prompts,
      interval: [...interval] as [number, number],
    })),
  )

/** The same figures, arranged for tables and plots. */
const newUsersOf = (results: DemoReport['results'], count: number): DemoReport['newUsers'] => {
  const budget = PLAN.budgets[1]
  const find = (name: string) => results.find((r) => r.name === name)
  const arms = [
    ...new Set(results.flatMap((r) => /^rerank\.utility\.(\w+)\./.exec(r.name)?.[1] ?? [])),
  ]
  const gain = (other: string, label: string, at: number) => {
    const found = find(`rerank.gain.federated_over_${other}.${at}`)
    return found ? [{ label, value: found.value, interval: found.interval!, budget: at }] : []
  }
  return {
    count,
    budget,
    arms: Object.fromEntries(
      arms.map((arm) => {
        const { value, interval } = find(`rerank.utility.${arm}.${budget}`)!
        return [arm, { value, interval: interval! }]
      }),
    ),
    curves: Object.fromEntries(
      arms
        .filter((arm) => arm !== 'random')
        .map((arm) => [
          arm,
          PLAN.budgets.map((x) => ({ x, y: find(`rerank.utility.${arm}.${x}`)!.value })),
        ]),
    ),
    gains: PLAN.budgets.flatMap((at) => [
      ...gain('local', 'federated over local only', at),
      ...gain('first', "federated over Claude's first", at),
      ...gain('no_adapter', 'what the adapter adds', at),
      ...gain('no_prior', 'what the prior adds', at),
    ]),
  }
}
