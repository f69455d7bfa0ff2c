/** Who takes part in the demo: its scenario's people; those of the first have programs. */
import { textOf } from '../../device/text/request-text.ts'
import { REQUESTS } from '../answers/requests.ts'
import { logsByUser, type UserLog } from '../inputs/user-log.ts'
import { makeChoiceLog, samplePopulation } from '../population/users.ts'
import type { Scenario } from '../run/scenario.ts'
import { makeWorld, type World } from '../run/world.ts'
import { USERS } from './plan.ts'

/** learners: on lighter devices; newcomers take no part and come afterwards. */
export type People = World & {
  /** With a device program of their own. */
  readonly users: readonly UserLog[]
  /** Unseen requests of a user, with Claude's answers to each. */
  unseen(user: string): Unseen[]
}

export type Unseen = { readonly request: string; readonly candidates: readonly string[] }

export const makePeople = (scenario: Scenario, seed: number): People => {
  const { world, people } = scenario
  const users = logsByUser(
    makeChoiceLog({
      users: samplePopulation({ count: USERS.count, seed, split: 'user' }),
      requests: REQUESTS.slice(0, world.requests),
      choicesPerUser: USERS.choices,
      seed,
      variants: world.variants,
      testPerUser: people.newcomers.requests,
      testShare: world.unseen,
    }),
  )
  return {
    ...makeWorld(scenario, seed),
    users,
    unseen: (user) =>
      (users.find((log) => log.user === user)?.test ?? [])
        .filter(({ messages }) => messages.length === 1)
        .map(({ messages, candidates }) => ({
          request: textOf(messages[0]!.content),
          candidates,
        })),
  }
}
