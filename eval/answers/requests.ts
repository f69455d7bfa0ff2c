/** The requests of the offline world: asked alone, in an app, or later in a conversation. */
import { z } from 'zod'
import { readData } from '../data/read-data.ts'
import { Language, ROLES, type Role, type Topic } from './topic.ts'
import { TOPICS } from './topic-bank.ts'

/** How people ask further: about one part of a topic, two wordings each, or for another form. */
const FURTHER = readData(
  'answers/further.json',
  z.record(
    Language,
    z.strictObject({
      questions: z.partialRecord(z.enum(ROLES), z.tuple([z.string(), z.string()])),
      refinements: z.array(z.string()),
    }),
  ),
)

export type BankRequest = {
  /** `<topic id>/<n>`, stable: n is 1 to 3 for the topic's phrasings, 4 for a conversation. */
  readonly id: string
  readonly topic: Topic
  readonly language: 'en' | 'de' | 'es' | 'fr'
  readonly system?: string
  /** Ends with the user's. */
  readonly messages: readonly { readonly role: 'user' | 'assistant'; readonly content: string }[]
}

/** What apps say of themselves; it asks for no style. */
const APPS = [
  'You are the assistant of a public library. Answer the questions of its visitors.',
  'You answer questions in an app for everyday life.',
] as const

const single = (topic: Topic, n: 1 | 2 | 3, app?: string): BankRequest => ({
  id: `${topic.id}/${n}`,
  topic,
  language: topic.language ?? 'en',
  ...(app === undefined ? {} : { system: app }),
  messages: [{ role: 'user', content: topic.phrasings[n - 1]! }],
})

/** What Claude is taken to have said: the topic's own sentences, unadorned. */
const turn = (question: string, sentences: readonly string[]) => [
  { role: 'user' as const, content: question },
  { role: 'assistant' as const, content: sentences.join(' ') },
]

/** Two or three turns: a phrasing, perhaps a question about one part, and a last question. */
const conversation = (topic: Topic, k: number): BankRequest => {
  const language = topic.language ?? 'en'
  const { questions, refinements } = FURTHER[language]
  const roles = Object.keys(questions) as Role[]
  const question = (i: number) => {
    const role = roles[i % roles.length]!
    return { role, text: questions[role]![Math.floor(i / roles.length) % 2]! }
  }
  const middle = question(k + 3)
  const last = k % 5 === 4 ? refinements[k % refinements.length]! : question(k).text
  return {
    id: `${topic.id}/4`,
    topic,
    language,
    ...(k % 6 === 2 ? { system: APPS[k % 2]! } : {}),
    messages: [
      ...turn(topic.phrasings[k % 3]!, [topic.answer, topic.mechanism[0]!]),
      ...(k % 3 === 2 ? turn(middle.text, topic[middle.role].slice(0, 2)) : []),
      { role: 'user', content: last },
    ],
  }
}

/** Topics in other languages are few, so all of them are talked about. */
const TALKS = TOPICS.filter((topic, i) => i % 3 === 1 || topic.language !== undefined)

/** Each topic comes twice before any comes a third time; the first few cover all domains. */
export const REQUESTS: readonly BankRequest[] = [
  ...TOPICS.map((topic) => single(topic, 1)),
  ...TOPICS.map((topic, i) =>
    TALKS.includes(topic)
      ? conversation(topic, TALKS.indexOf(topic))
      : single(topic, 2, i % 4 === 0 ? APPS[(i / 4) % 2] : undefined),
  ),
  ...TOPICS.map((topic) => single(topic, 3)),
  ...TALKS.map((topic) => single(topic, 2)),
]
