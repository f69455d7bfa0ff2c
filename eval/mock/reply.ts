/** From a conversation to an answer: which topic, which style, which preferences, which constraints. No HTTP. */
import { seededRng } from '../../adapters/random.ts'
import { type Answer, composeAnswer } from './answerer.ts'
import { applyPreferences, readConstraints } from './preferences.ts'
import { sampleStyle, withLevels } from './style.ts'
import { genericTopic, matchTopic } from './topic-bank.ts'
import type { Topic } from './topics/topic.ts'

/** A conversation reduced to its text; messages end with the one to be answered. */
export type Conversation = {
  readonly system: string
  readonly messages: readonly { readonly role: string; readonly text: string }[]
}

/**
 * The variant-th answer of the world `seed`. Its unasked style depends on seed, topic, message and variant only, so that the same
 * variant with and without a preference block differs by the block alone.
 */
export const replyTo = (
  seed: string | number,
  conversation: Conversation,
  variant: number,
): Answer => {
  const users = conversation.messages.filter((m) => m.role === 'user').map((m) => m.text)
  const message = users.at(-1) ?? ''
  const topic = topicOf(users)
  const stream = `claude/${seed}/${topic.id}/${message}/${variant}`
  const unasked = sampleStyle(seededRng(`${stream}/style`))
  const asked = applyPreferences(unasked, conversation.system, seededRng(`${stream}/obey`))
  const { levels, limits } = readConstraints(message)
  return composeAnswer(topic, withLevels(asked, levels), seededRng(`${stream}/text`), limits)
}

/** The newest message that names a topic decides; "make it shorter" is about what came before. */
const topicOf = (users: readonly string[]): Topic => {
  for (const text of [...users].reverse()) {
    const topic = matchTopic(text)
    if (topic !== undefined) return topic
  }
  return genericTopic(users.at(-1) ?? '')
}
