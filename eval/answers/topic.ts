/** A topic of the offline world: one request in three phrasings, and sentences by their role. */
import { z } from 'zod'

export const Language = z.enum(['en', 'de', 'es'])
export type Language = z.infer<typeof Language>

/** The roles that hold several sentences. */
export const ROLES = [
  'mechanism',
  'facts',
  'background',
  'steps',
  'example',
  'analogy',
  'caveats',
  'anecdote',
  'comparison',
] as const
export type Role = (typeof ROLES)[number]

const SentenceList = z.array(z.string()).readonly()

/** The parts of an answer about a topic. */
export const Sentences = z.strictObject({
  /** The answer in one sentence. */
  answer: z.string(),
  mechanism: SentenceList,
  /** Each holds a number. */
  facts: SentenceList,
  background: SentenceList,
  /** Imperatives in the order in which they are done. */
  steps: SentenceList,
  example: SentenceList,
  analogy: SentenceList,
  caveats: SentenceList,
  anecdote: SentenceList,
  comparison: SentenceList,
  /** A question that carries the conversation on. */
  followUp: z.string(),
})

export type Sentences = z.infer<typeof Sentences>

export const Topic = z.strictObject({
  id: z.string(),
  /**
   * English if absent. In other languages steps are infinitives, and begin with a word that may go
   * on in lower case.
   */
  language: Language.optional(),
  domain: z.string(),
  /** A noun phrase that completes "about …" ("über …" with the accusative, "sobre …"). */
  subject: z.string(),
  /** Most occur in the sentences: bold falls on them, and they help to recognise a request. */
  terms: z.array(z.string()),
  phrasings: z.tuple([z.string(), z.string(), z.string()]),
  ...Sentences.shape,
})
export type Topic = z.infer<typeof Topic>
