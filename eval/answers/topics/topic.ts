/** What a topic of the offline world holds: one request in three phrasings, and sentences by the role they play in an answer. */

/** The languages that topics are written in. */
export const LANGUAGES = ['en', 'de', 'es'] as const
export type Language = (typeof LANGUAGES)[number]

export type Topic = {
  readonly id: string
  /** English if absent. In other languages steps are infinitives, and begin with a word that may go on in lower case. */
  readonly language?: Language
  readonly domain: string
  /** A noun phrase that completes "about …" ("über …" with the accusative, "sobre …"). */
  readonly subject: string
  /** Key terms, most of which occur in the sentences: bold falls on them, and they help to recognise a request. */
  readonly terms: readonly string[]
  readonly phrasings: readonly [string, string, string]
  /** The answer in one sentence. */
  readonly answer: string
  readonly mechanism: readonly string[]
  /** Sentences that carry a number. */
  readonly facts: readonly string[]
  readonly background: readonly string[]
  /** Imperative sentences in the order in which they are done. */
  readonly steps: readonly string[]
  readonly example: readonly string[]
  readonly analogy: readonly string[]
  readonly caveats: readonly string[]
  readonly anecdote: readonly string[]
  readonly comparison: readonly string[]
  /** A question that carries the conversation on. */
  readonly followUp: string
}

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
