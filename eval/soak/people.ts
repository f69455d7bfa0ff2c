/** What the device's user does, and what the device tells them: kept for the checks. */
import { PROTOCOL_VERSION as protocol } from '../../adapters/wire/primitives.ts'
import type { Agent } from './agent.ts'
import type { Acknowledged, Conversation, Span } from './ledger.ts'
import type { Reaction } from './plan.ts'

type Told = { word: string; decisions: string[]; isForgotten: boolean }

export type User = {
  readonly acknowledged: readonly Acknowledged[]
  readonly conversations: readonly Conversation[]
  readonly stated: Readonly<Record<string, number>>
  /** null where the device did not say whether it heard. */
  readonly isConsented: () => boolean | null
  readonly withoutConsent: readonly Span[]
  /** An answer that the app showed. */
  readonly sees: (word: string, decisionId: string | null) => void
  /** Each says what came of it. */
  readonly reacts: (reaction: Reaction) => Promise<string>
  readonly prefers: (dimension: string, direction: 1 | -1) => Promise<string>
  readonly consents: (isGranted: boolean) => Promise<string>
  readonly forgets: () => Promise<string>
  readonly pauses: (isPaused: boolean) => Promise<string>
  /** The page's calls. Resolves to the slowest, or to null where one was not answered. */
  readonly looks: () => Promise<number | null>
}

const PARTS = ['adapter', 'prior', 'statistics'] as const
type Feedback = { readonly kind: string; readonly [key: string]: unknown }
const EVENTS: Record<Reaction, (word: string) => Feedback> = {
  up: () => ({ kind: 'thumbs', value: 1 }),
  down: () => ({ kind: 'thumbs', value: -1 }),
  edit: (word) => ({ kind: 'edit', text: `A shorter answer on ${word}, without a list.` }),
  keep: () => ({ kind: 'keep' }),
  regenerate: () => ({ kind: 'regenerate' }),
  undo: () => ({ kind: 'undo' }),
}

export const openUser = (agent: Agent, clock: () => number): User => {
  const acknowledged: Acknowledged[] = []
  const conversations: Told[] = []
  const stated: Record<string, number> = {}
  const withoutConsent: { from: number; until: number | null }[] = [{ from: clock(), until: null }]
  let isConsented: boolean | null = false
  const alive = () => conversations.filter((one) => !one.isForgotten && one.decisions.length > 0)
  return {
    acknowledged,
    conversations,
    stated,
    isConsented: () => isConsented,
    withoutConsent,
    sees: (word, decisionId) => {
      let known = conversations.find((one) => one.word === word)
      if (!known) {
        known = { word, decisions: [], isForgotten: false }
        conversations.push(known)
      }
      if (decisionId) known.decisions.push(decisionId)
    },
    reacts: async (reaction) => {
      const one = alive().at(-1)
      const decisionId = one?.decisions.at(-1)
      if (!one || !decisionId) return 'The user has nothing to react to.'
      const event = { ...EVENTS[reaction](one.word), decisionId }
      const { status } = await agent.call('POST', '/v1/feedback', { protocol, event })
      if (status === 200) acknowledged.push({ decisionId, kind: event.kind, word: one.word })
      return `The user reacts (${reaction})${outcome(status)}.`
    },
    prefers: async (dimension, direction) => {
      const changes = [{ op: 'state', dimension, direction }]
      const { status } = await agent.call('PATCH', '/v1/profile', { protocol, changes })
      if (status === 200) stated[dimension] = direction
      // It may have been kept before the answer was lost.
      else delete stated[dimension]
      return `The user wants ${direction > 0 ? 'more' : 'less'} ${dimension}${outcome(status)}.`
    },
    consents: async (isGranted) => {
      const asked = clock()
      const { status } = isGranted
        ? await agent.call('PUT', '/v1/consent', {
            protocol,
            contributions: PARTS,
            days: null,
            leastCohort: 1,
          })
        : await agent.call('DELETE', '/v1/consent')
      const last = withoutConsent.at(-1)
      if (isGranted && status !== 503 && last?.until === null) last.until = asked
      if (!isGranted && status === 200 && last?.until !== null)
        withoutConsent.push({ from: clock(), until: null })
      if (status === 200) isConsented = isGranted
      else if (status === null) isConsented = null
      return (
        'The user ' +
        `${isGranted ? 'consents to contribute' : 'withdraws the consent'}${outcome(status)}.`
      )
    },
    forgets: async () => {
      const one = alive().at(Math.floor(alive().length / 2))
      const decisionId = one?.decisions[0]
      if (!one || !decisionId) return 'The user has nothing to forget.'
      const { status } = await agent.call('POST', '/v1/forget', { protocol, decisionId })
      if (status === 200) one.isForgotten = true
      return `The user has a conversation forgotten${outcome(status)}.`
    },
    pauses: async (isPaused) => {
      const { status } = await agent.call('POST', '/v1/training', { protocol, paused: isPaused })
      return `The user ${isPaused ? 'pauses' : 'resumes'} training${outcome(status)}.`
    },
    looks: () => slowestPageCallMs(agent),
  }
}

const PAGE_PATHS = ['/v1/status', '/v1/decisions?limit=20', '/v1/adapters', '/v1/log']

const slowestPageCallMs = async (agent: Agent): Promise<number | null> => {
  let longest = 0
  for (const path of PAGE_PATHS) {
    const begun = performance.now()
    const { status } = await agent.call('GET', path)
    if (status !== 200) return null
    longest = Math.max(longest, performance.now() - begun)
  }
  return longest
}

const outcome = (status: number | null): string =>
  status === 200 ? '' : status === null ? ', and is not answered' : `, and is told ${status}`
