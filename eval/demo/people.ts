/** Who takes part in the demo: simulated people of one population, in three groups, and what they chose. */
import type { UserLog } from '../arms.ts'
import { logsByUser } from '../arms.ts'
import { TOPICS } from '../mock/topic-bank.ts'
import { makeChoiceLog, samplePopulation } from '../users.ts'
import { PLAN } from './plan.ts'

export type People = {
  /** With a device program of their own. */
  readonly users: readonly UserLog[]
  /** On a lighter device. */
  readonly devices: readonly UserLog[]
  /** Who take no part and come afterwards. */
  readonly newUsers: readonly UserLog[]
  /** An unseen request of a user, with Claude's answers to it. */
  showcase(user: string): { readonly request: string; readonly candidates: readonly string[] }
}

export const makePeople = ({
  seed,
  devices,
  choices,
}: {
  readonly seed: number
  readonly devices: number
  readonly choices: number
}): People => {
  const topics = TOPICS.slice(0, PLAN.topics)
  const group = (split: string, count: number, choicesPerUser: number): UserLog[] =>
    logsByUser(
      makeChoiceLog({
        users: samplePopulation({ count, seed, split }),
        topics,
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
    showcase(user) {
      const line = users.find((log) => log.user === user)?.test[0]
      if (!line) throw new RangeError(`${user} has no test line`)
      const content = line.messages[0]!.content
      return { request: typeof content === 'string' ? content : '', candidates: line.candidates }
    },
  }
}
