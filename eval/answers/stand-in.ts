/** Stand-ins for requests that no topic covers, made from the request's own words. */
import { z } from 'zod'
import { readData } from '../data/read-data.ts'
import { Language, Sentences, type Topic } from './topic.ts'

/** In the sentences `{subject}` and `{second}` stand for words of the request, or for these. */
const STAND_INS = readData(
  'answers/stand-ins.json',
  z.record(
    Language,
    z.strictObject({ subject: z.string(), second: z.string(), sentences: Sentences }),
  ),
)

/** words: those of the request that may name its subject, as written there. */
export const standIn = (text: string, words: readonly string[], language: Language): Topic => {
  const stock = STAND_INS[language]
  // German nouns keep their capital.
  const joined = (from: number, to: number) => {
    const phrase = words.slice(from, to).join(' ')
    return language === 'de' ? phrase : phrase.toLowerCase()
  }
  const places = {
    subject: joined(0, 3) || stock.subject,
    second: joined(3, 5) || stock.second,
  }
  const fill = (sentence: string) =>
    sentence.replace(/\{(subject|second)\}/g, (_, name: keyof typeof places) => places[name])
  const sentences = Object.entries(stock.sentences).map(([part, said]) => [
    part,
    typeof said === 'string' ? fill(said) : said.map(fill),
  ])
  return {
    id: `generic ${places.subject}`,
    language,
    domain: 'general',
    subject: places.subject,
    terms: words.slice(0, 2),
    phrasings: [text, text, text],
    ...(Object.fromEntries(sentences) as Sentences),
  }
}
