/** From a conversation to an answer: topic, part, style, preferences and constraints. No HTTP. */
import { seededRng } from '../../adapters/random.ts'
import { type Answer, composeAnswer, ROLE_DIMENSION } from './answerer.ts'
import { askedRole } from './asked.ts'
import { readConstraints } from './constraints.ts'
import { applyPreferences } from './preferences.ts'
import { type Style, sampleStyle, withLevels } from './style.ts'
import { ROLES, type Role, type Topic } from './topic.ts'
import { genericTopic, matchTopic } from './topic-bank.ts'

/** A conversation reduced to its text; messages end with the one to be answered. */
export type Conversation = {
  readonly system: string
  readonly messages: readonly { readonly role: string; readonly text: string }[]
}

/**
 * The variant-th answer of the world `seed`. Its unasked style depends on seed, topic, message and
 * variant only, so that the same variant with and without a preference block differs by the block
 * alone. When the message asks further, what an earlier answer said word for word is not said
 * again.
 */
export const replyTo = (
  seed: string | number,
  conversation: Conversation,
  variant: number,
): Answer => {
  const textsOf = (role: string) =>
    conversation.messages.filter((m) => m.role === role).map((m) => m.text)
  const users = textsOf('user')
  const message = users.at(-1) ?? ''
  const before = namedTopic(users.slice(0, -1))
  const topic = namedTopic(users) ?? genericTopic(message)
  const role = askedRole(message)
  const rest = topic === before ? unsaid(topic, textsOf('assistant').join('\n')) : topic
  const focus = topic === before && role !== undefined && rest[role].length > 0 ? role : undefined
  const stream = `claude/${seed}/${topic.id}/${message}/${variant}`
  const unasked = leaning(sampleStyle(seededRng(`${stream}/style`)), topic, message, role)
  const asked = applyPreferences(unasked, conversation.system, seededRng(`${stream}/obey`))
  const { levels, limits } = readConstraints(message)
  return composeAnswer(
    focus === undefined ? topic : rest,
    withLevels(asked, levels),
    seededRng(`${stream}/text`),
    focus === undefined ? limits : { ...limits, focus },
  )
}

/** The newest message that names a topic decides; "make it shorter" is about what came before. */
const namedTopic = (users: readonly string[]): Topic | undefined => {
  for (const text of [...users].reverse()) {
    const topic = matchTopic(text)
    if (topic !== undefined) return topic
  }
  return undefined
}

const LEAN = 0.35

/** A message about one part gets more of it; a topic's first phrasing asks for the whole. */
const leaning = (style: Style, topic: Topic, message: string, role: Role | undefined): Style => {
  if (role === undefined || message === topic.phrasings[0]) return style
  const dimension = ROLE_DIMENSION[role]
  return withLevels(style, { [dimension]: style[dimension] + LEAN })
}

const unsaid = (topic: Topic, said: string): Topic => ({
  ...topic,
  ...Object.fromEntries(ROLES.map((r) => [r, topic[r].filter((s) => !said.includes(s))])),
})
