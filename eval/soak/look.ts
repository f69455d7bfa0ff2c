/** What the device says and what lies in its home, for the checks. */
import type { Agent } from './agent.ts'
import { bytesIn, wordsIn } from './disk.ts'
import type { Found } from './ledger.ts'
import { residentBytes } from './machine.ts'
import type { User } from './people.ts'

/** home: the folder. null where the agent does not answer. */
export const lookInto = async (
  agent: Agent,
  home: string,
  user: Pick<User, 'acknowledged' | 'conversations'>,
): Promise<Found | null> => {
  const profile = await agent.call('GET', '/v1/profile')
  const consent = await agent.call('GET', '/v1/consent')
  const adapters = await agent.call('GET', '/v1/adapters')
  if (profile.status !== 200 || consent.status !== 200 || adapters.status !== 200) return null
  const { preferences } = (profile.json as Json<'profile', Json<'preferences', Preference[]>>)
    .profile
  const feedback = new Map<string, string[]>()
  for (const { decisionId } of user.acknowledged) {
    const { status, json } = await agent.call('GET', `/v1/decisions/${decisionId}`)
    const decision = (json as { decision?: { feedback?: { kind: string }[] } } | null)?.decision
    if (status === 200)
      feedback.set(
        decisionId,
        (decision?.feedback ?? []).map((f) => f.kind),
      )
  }
  const forgotten = user.conversations.filter((one) => one.isForgotten).map((one) => one.word)
  return {
    feedbackOn: (id) => feedback.get(id) ?? null,
    directions: Object.fromEntries(preferences.map((p) => [p.dimension, p.direction])),
    isConsented: (consent.json as Json<'consent', object | null>).consent !== null,
    forgottenWords: wordsIn(home, forgotten),
    residentBytes: residentBytes(agent.pid()),
    homeBytes: bytesIn(home),
    acceptedRounds: (adapters.json as Json<'rounds', { roundId: string; state: string }[]>).rounds
      .filter((round) => round.state === 'accepted')
      .map((round) => round.roundId),
  }
}

type Json<K extends string, T> = { readonly [key in K]: T }
type Preference = { readonly dimension: string; readonly direction: number }
