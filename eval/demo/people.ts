/** Who takes part in the demo: simulated people of one population, in three groups, and what they chose. */
import { textOf } from '../../device/personalize/request-text.ts'
import { logsByUser, type UserLog } from '../arms.ts'
import { REQUESTS } from '../mock/requests.ts'
import { makeChoiceLog, onePerTopic, samplePopulation } from '../users.ts'
import { PLAN } from './plan.ts'

export type People = {
  /** With a device program of their own. */
  readonly users: readonly UserLog[]
  /** On a lighter device. */
  readonly devices: readonly UserLog[]
  /** Who take no part and come afterwards. */
  readonly newUsers: readonly UserLog[]
  /** Unseen requests of a user, with Claude's answers to each. */
  unseen(user: string): Unseen[]
}

export type Unseen = { readonly request: string; readonly candidates: readonly string[] }

export const makePeople = ({
  seed,
  devices,
  choices,
}: {
  readonly seed: number
  readonly devices: number
  readonly choices: number
}): People => {
  const requests = onePerTopic(REQUESTS).slice(0, PLAN.topics)
  const group = (split: string, count: number, choicesPerUser: number): UserLog[] =>
    logsByUser(
      makeChoiceLog({
        users: samplePopulation({ count, seed, split }),
        requests,
        choicesPerUser,
        seed,
        variants: PLAN.variants,
        testPerUser: PLAN.testPerUser,
        testShare: PLAN.testShare,
      }),
    )
  const users = group('user', PLAN.users, PLAN.userChoices)
  return {
    users,
    devices: group('device', devices, choices),
    newUsers: group('new', PLAN.newUsers, Math.max(...PLAN.budgets)),
    unseen: (user) =>
      (users.find((log) => log.user === user)?.test ?? []).map(({ messages, candidates }) => ({
        request: textOf(messages[0]!.content),
        candidates,
      })),
  }
}
