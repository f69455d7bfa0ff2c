/** All topics, and which of them a request is about. */
import { ANIMALS } from './topics/animals.ts'
import { ARTS } from './topics/arts.ts'
import { COMPUTING } from './topics/computing.ts'
import { FOOD } from './topics/food.ts'
import { GAMES } from './topics/games.ts'
import { standIn } from './topics/generic.ts'
import { GERMAN } from './topics/german.ts'
import { HEALTH } from './topics/health.ts'
import { HISTORY } from './topics/history.ts'
import { HOME } from './topics/home.ts'
import { LANGUAGE } from './topics/language.ts'
import { MONEY } from './topics/money.ts'
import { NATURE } from './topics/nature.ts'
import { PEOPLE } from './topics/people.ts'
import { SKY } from './topics/sky.ts'
import { SPANISH } from './topics/spanish.ts'
import { LANGUAGES, type Language, type Topic } from './topics/topic.ts'
import { TRAVEL } from './topics/travel.ts'
import { WORK } from './topics/work.ts'

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
  WORK,
  PEOPLE,
  LANGUAGE,
  GAMES,
  ANIMALS,
  GERMAN,
  SPANISH,
]

/** All topics, one domain after the other in turn, so that the first few already cover every domain. */
export const TOPICS: readonly Topic[] = Array.from(
  { length: Math.max(...DOMAINS.map((d) => d.length)) },
  (_, i) => DOMAINS.flatMap((domain) => domain.slice(i, i + 1)),
).flat()

/** Words that name no topic, in the languages in which people ask. */
const FUNCTION_WORDS = {
  en: `a about after all also an and any are as at be because been before but by can could did do does don explain for from get give had
    has have help how i if in into is it its just keep know let like make me more most my need no not of off on one only or our out
    please really should so some start tell than that the their them then there they this to too two up us use using want was we well
    were what when where which while who why will with without work works would you your`,
  de: `aber alle als also am an auch auf aus bei beim bin bitte da damit dann das dass dein dem den der des die dies dir doch du durch
    ein eine einen einer er es etwas für gibt habe haben hat ich ihr im immer in ist ja kann kein keine man mehr mein meine mich mir
    mit muss nach nicht noch nur oder ohne schon sehr sein sich sie sind so soll über um und uns vom von vor wann war warum was wenn
    wer werden wie wieso wird wo woran wozu zu zum zur`,
  es: `al algo antes aquí así bien casi cada como cómo con cuál cuando cuándo cuánto cuántos de debo del desde después donde dónde el
    ella en entre era eres es esta está estas este esto estos hace hacer hago hay la las le lo los más me mejor mi mis muy ni no nos
    para pero poco por porque puede puedo que qué quiero se sea ser si siempre sin sobre son soy su sus también te tengo todo tu un una
    unas uno unos va y ya yo algún alguna algunas tienes tiene puedes`,
  fr: `à au aux avec bien ce cela ces cette comment dans de des donc du elle en est et faire faut il je la le les leur ma mais me mes
    moi mon ne nous on ou où par pas peut plus pour pourquoi quand que quel quelle qui sa sans se ses si son sont sur tu un une vous`,
} as const

const STOP_WORDS = new Set(Object.values(FUNCTION_WORDS).flatMap((words) => words.split(/\s+/)))

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

/** The language of a text by its function words; English in doubt, and where the bank has no topics. */
export const languageOf = (text: string): Language => {
  const words = text.toLowerCase().match(/\p{L}+/gu) ?? []
  const known = Object.entries(FUNCTION_WORDS).map(([language, list]) => {
    const own = list.split(/\s+/)
    return { language, count: words.filter((w) => own.includes(w)).length }
  })
  const best = known.reduce((a, b) => (b.count > a.count ? b : a)).language
  return LANGUAGES.find((l) => l === best) ?? 'en'
}

/** The topic that stands in for a request that none covers. */
export const genericTopic = (text: string): Topic => {
  const words = (text.match(/[\p{L}\p{N}'-]+/gu) ?? []).filter(
    (w) => w.length > 3 && !STOP_WORDS.has(w.toLowerCase()),
  )
  return standIn(text, words, languageOf(text))
}
