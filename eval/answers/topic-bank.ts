/** All topics, and which of them a request is about. */
import { z } from 'zod'
import { readData, WordLines } from '../data/read-data.ts'
import { standIn } from './stand-in.ts'
import { Language, Topic } from './topic.ts'

const DOMAINS = (
  'food nature sky money health computing home history arts ' +
  'travel work people language games animals german spanish'
)
  .split(' ')
  .map((domain) => readData(`answers/topics/${domain}.json`, z.array(Topic)))

/** All topics, dealt out by domain, so that the first few already cover every domain. */
export const TOPICS: readonly Topic[] = Array.from(
  { length: Math.max(...DOMAINS.map((d) => d.length)) },
  (_, i) => DOMAINS.flatMap((domain) => domain.slice(i, i + 1)),
).flat()

/** Words that name no topic, in the languages in which people ask. */
const FUNCTION_WORDS = readData(
  'answers/function-words.json',
  z.record(z.enum(['en', 'de', 'es', 'fr']), WordLines),
)

const STOP_WORDS = new Set(Object.values(FUNCTION_WORDS).flatMap((words) => [...words]))

const wordsOf = (text: string): string[] =>
  (text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [])
    .filter((w) => w.length > 1 && !STOP_WORDS.has(w))
    .map((w) => w.replace(/(ies|es|s|ing|ed)$/, ''))

type Entry = {
  readonly topic: Topic
  readonly subject: readonly string[]
  readonly words: ReadonlySet<string>
}

let index:
  | { entries: Entry[]; frequency: Map<string, number>; phrases: Map<string, Topic> }
  | undefined

const topicIndex = () => {
  if (index !== undefined) return index
  const entries = TOPICS.map((topic) => ({
    topic,
    subject: [...new Set(wordsOf(topic.subject))],
    words: new Set(
      wordsOf([topic.id, topic.subject, ...topic.terms, ...topic.phrasings].join(' ')),
    ),
  }))
  const frequency = new Map<string, number>()
  for (const { words } of entries)
    for (const word of words) frequency.set(word, (frequency.get(word) ?? 0) + 1)
  const phrases = new Map(TOPICS.flatMap((t) => t.phrasings.map((p) => [p, t] as const)))
  index = { entries, frequency, phrases }
  return index
}

/** Shared words, rare ones counting more; all the words of a subject settle the matter. */
const scoreOf = (
  entry: Entry,
  words: readonly string[],
  frequency: ReadonlyMap<string, number>,
): number => {
  const weight = (word: string) => 1 / Math.sqrt(frequency.get(word) ?? 1)
  const shared = words.filter((w) => entry.words.has(w))
  const score = shared.reduce((sum, w) => sum + weight(w), 0)
  const isNamed = entry.subject.length > 0 && entry.subject.every((w) => words.includes(w))
  const subject = entry.subject.reduce((sum, w) => sum + weight(w), 0)
  if (isNamed) return 4 + subject + score
  return shared.length < 2 ? 0 : score * (1 + shared.length / (words.length + 1))
}

const LEAST_SCORE = 3.2

/** By an exact phrasing, one contained in the text, or enough rare words in common. */
export const matchTopic = (text: string): Topic | undefined => {
  const { entries, frequency, phrases } = topicIndex()
  const exact = phrases.get(text.trim())
  if (exact !== undefined) return exact
  for (const [phrase, topic] of phrases) if (text.includes(phrase)) return topic
  const words = [...new Set(wordsOf(text))]
  let best: { topic?: Topic; score: number } = { score: LEAST_SCORE }
  for (const entry of entries) {
    const score = scoreOf(entry, words, frequency)
    if (score > best.score) best = { topic: entry.topic, score }
  }
  return best.topic
}

/** By function words; English in doubt, and where the bank has no topics. */
export const languageOf = (text: string): Language => {
  const words = text.toLowerCase().match(/\p{L}+/gu) ?? []
  const known = Object.entries(FUNCTION_WORDS).map(([language, own]) => ({
    language,
    count: words.filter((w) => own.has(w)).length,
  }))
  const best = known.reduce((a, b) => (b.count > a.count ? b : a)).language
  return Language.safeParse(best).data ?? 'en'
}

/** The topic that stands in for a request that none covers. */
export const genericTopic = (text: string): Topic => {
  const words = (text.match(/[\p{L}\p{N}'-]+/gu) ?? []).filter(
    (w) => w.length > 3 && !STOP_WORDS.has(w.toLowerCase()),
  )
  return standIn(text, words, languageOf(text))
}
