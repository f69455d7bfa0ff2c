/** All topics, and which of them a request is about. */
import { ARTS } from './topics/arts.ts'
import { COMPUTING } from './topics/computing.ts'
import { FOOD } from './topics/food.ts'
import { HEALTH } from './topics/health.ts'
import { HISTORY } from './topics/history.ts'
import { HOME } from './topics/home.ts'
import { MONEY } from './topics/money.ts'
import { NATURE } from './topics/nature.ts'
import { SKY } from './topics/sky.ts'
import type { Topic } from './topics/topic.ts'
import { TRAVEL } from './topics/travel.ts'

const DOMAINS: readonly (readonly Topic[])[] = [
  FOOD,
  NATURE,
  SKY,
  MONEY,
  HEALTH,
  COMPUTING,
  HOME,
  HISTORY,
  ARTS,
  TRAVEL,
]

/** All topics, one domain after the other in turn, so that the first few already cover every domain. */
export const TOPICS: readonly Topic[] = Array.from(
  { length: Math.max(...DOMAINS.map((d) => d.length)) },
  (_, i) => DOMAINS.flatMap((domain) => domain.slice(i, i + 1)),
).flat()

const STOP_WORDS = new Set(
  `a about after all also an and any are as at be because been before but by can could did do does don explain for from get give had has have
  help how i if in into is it its just keep know let like make me more most my need no not of off on one only or our out please really
  should so some start tell than that the their them then there they this to too two up us use using want was we well were what when
  where which while who why will with without work works would you your`.split(/\s+/),
)

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

/** The topic of a text: an exact phrasing, one contained in it, or enough rare words in common; undefined when nothing fits. */
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

/** A stand-in for a request that no topic covers, made from the request's own words. */
export const genericTopic = (text: string): Topic => {
  const words = (text.match(/[\p{L}\p{N}'-]+/gu) ?? []).filter(
    (w) => w.length > 3 && !STOP_WORDS.has(w.toLowerCase()),
  )
  const subject = words.slice(0, 3).join(' ').toLowerCase() || 'this request'
  const second = words.slice(3, 5).join(' ').toLowerCase() || 'the details'
  return {
    id: `generic ${subject}`,
    domain: 'general',
    subject,
    terms: words.slice(0, 2),
    phrasings: [text, text, text],
    answer: `The short answer on ${subject} is to settle the goal first, since ${second} can be judged only against it.`,
    mechanism: [
      `The parts of ${subject} depend on one another, so a change in one place soon shows in the others.`,
      `Most difficulties arise where ${second} was left vague and everyone filled the gap differently.`,
    ],
    facts: [
      'In practice about 80 percent of the result comes from the first 20 percent of the choices.',
      'A first version is usually ready within 2 or 3 short sessions.',
    ],
    background: [
      `People have dealt with questions like ${subject} for a long time, mostly by trying and passing on what worked.`,
      'Older advice was made for other tools, which is why some of it sounds strange today.',
    ],
    steps: [
      `Write down what a good outcome for ${subject} would look like.`,
      'Gather what is already known and mark what is missing.',
      'Try the smallest version that could work.',
      'Review the outcome and keep only what helped.',
    ],
    example: [
      `For example, a short note on ${second} often settles in minutes what a long talk leaves open.`,
    ],
    analogy: [
      `Working on ${subject} is like finding a path in fog: a few steps show more than a long look.`,
    ],
    caveats: [
      `Be careful with advice on ${subject} that ignores the circumstances.`,
      'A common mistake is to polish the details before the main direction is clear.',
    ],
    anecdote: [
      'One teacher solved a similar puzzle by asking the quietest person in the room first.',
    ],
    comparison: ['Compared with planning everything ahead, small trials cost less and teach more.'],
    followUp: `What matters most to you about ${subject}?`,
  }
}
