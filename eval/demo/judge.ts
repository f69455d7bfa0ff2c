/** What the release is worth to the people whose devices are programs, prompt by prompt. */
import type { Rng } from '../../adapters/random.ts'
import type { FeatureDeps } from '../../device/reward/choice-features.ts'
import type { UserLog } from '../inputs/user-log.ts'
import { bootstrapInterval, type Interval, reachableUtility } from '../measure/metrics.ts'
import type { Result } from '../measure/results.ts'
import { firstArm, headArm, type Picker, startOf } from '../run/arms.ts'
import type { ReadRelease } from '../run/lineup.ts'

export type UserRow = {
  readonly user: string
  readonly choices: number
  readonly prompts: number
  readonly arms: Readonly<Record<string, { readonly value: number; readonly interval: Interval }>>
}

/** Shares of each user, with intervals over their prompts. release null: nothing was federated. */
export const judgeUsers = async (
  users: readonly UserLog[],
  deps: FeatureDeps,
  release: ReadRelease | null,
  rng: Rng,
): Promise<UserRow[]> => {
  const arms: Record<string, Picker> = {
    first: firstArm,
    local: headArm(deps, startOf(null)),
    ...(release && { federated: headArm(deps, startOf(release.read)) }),
  }
  const rows: UserRow[] = []
  for (const user of users) {
    const estimates: UserRow['arms'][string][] = []
    for (const picker of Object.values(arms)) {
      const picks = await picker(user, user.train.length)
      estimates.push({
        value: reachableUtility(picks),
        interval: bootstrapInterval(picks, reachableUtility, rng),
      })
    }
    rows.push({
      user: user.user,
      choices: user.train.length,
      prompts: user.test.length,
      arms: Object.fromEntries(Object.keys(arms).map((arm, i) => [arm, estimates[i]!])),
    })
  }
  return rows
}

export const userResults = (users: readonly UserRow[]): Result[] =>
  users.flatMap(({ user, prompts, arms }) =>
    Object.entries(arms).map(([arm, { value, interval }]) => ({
      name: `demo.utility.${user}.${arm}`,
      value,
      unit: 'share',
      n: prompts,
      interval: [...interval] as [number, number],
    })),
  )
