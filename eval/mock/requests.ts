/** The requests of the offline world: what its people ask, with the topic that each is about. */
import { TOPICS } from './topic-bank.ts'
import type { Topic } from './topics/topic.ts'

/** messages end with the user's. id: `<topic id>/<n>`, stable. */
export type BankRequest = {
  readonly id: string
  readonly topic: Topic
  readonly language: 'en' | 'de' | 'es' | 'fr'
  readonly system?: string
  readonly messages: readonly { readonly role: 'user' | 'assistant'; readonly content: string }[]
}

/** All requests; the first few already cover every domain, and each topic comes once before any comes again. */
export const REQUESTS: readonly BankRequest[] = [0, 1, 2].flatMap((n) =>
  TOPICS.map((topic) => ({
    id: `${topic.id}/${n + 1}`,
    topic,
    language: 'en' as const,
    messages: [{ role: 'user' as const, content: topic.phrasings[n]! }],
  })),
)
