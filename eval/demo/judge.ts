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
  for (const log of users) {
    const { user, train, test } = log
    const estimates: Record<string, UserRow['arms'][string]> = {}
    for (const [arm, picker] of Object.entries(arms)) {
      const picks = await picker(log, train.length)
      const interval = bootstrapInterval(picks, reachableUtility, rng)
      estimates[arm] = { value: reachableUtility(picks), interval }
    }
    rows.push({ user, choices: train.length, prompts: test.length, arms: estimates })
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
