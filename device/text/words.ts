/**
 * Phrases by their meaning, from `words/en.txt`, `words/de.txt` and so on: one file a language, one
 * phrase a line. README.md says what a phrase may be and how to add one.
 */
import { readFileSync } from 'node:fs'

const SPACED = ['en', 'de', 'fr', 'es', 'it', 'pt'] as const
/** Languages written without spaces, where word boundaries do not apply. */
const UNSPACED = ['zh', 'ja'] as const
/** any: phrases of no language, or of several at once. other: languages without a file. */
export const FILES = ['any', ...SPACED, ...UNSPACED, 'other'] as const
type WordFile = (typeof FILES)[number]

type Phrase = { readonly text: string; readonly line: number }
/** Phrases by section, in the order of the file. */
export type Sections = ReadonlyMap<string, readonly Phrase[]>

/** Fails with an Error that names the file, the line and the reason. known: names of sections. */
export const readSections = (
  file: string,
  text: string,
  known: ReadonlyMap<string, string>,
): Sections => {
  const sections = new Map<string, Phrase[]>()
  let phrases: Phrase[] | undefined
  const lines = text.replace(/\n$/, '').split('\n')
  lines.forEach((text, i) => {
    const refuse = (reason: string) => new Error(`${file}:${i + 1}: ${reason}`)
    if (text === '') {
      if (!lines[i + 1]?.startsWith('# ')) throw refuse('an empty line not followed by a section')
    } else if (text.startsWith('# ')) {
      const name = text.slice(2)
      if (!known.has(name)) throw refuse(`unknown section "${name}"`)
      if (sections.has(name)) throw refuse(`section "${name}" appears twice`)
      phrases = []
      sections.set(name, phrases)
    } else {
      if (!phrases) throw refuse('a phrase before the first section')
      if (text !== text.trim()) throw refuse('a space at the edge: write [ ] if it counts')
      if (phrases.some((p) => p.text === text)) throw refuse(`"${text}" appears twice`)
      phrases.push({ text, line: i + 1 })
    }
  })
  return sections
}

const read = (name: string) => readFileSync(new URL(`./words/${name}`, import.meta.url), 'utf8')

/** What each section means, by its name. A section that is not listed here is refused. */
export const SECTIONS: ReadonlyMap<string, string> = new Map(
  Object.entries(JSON.parse(read('sections.json'))),
)

const WORDS: ReadonlyMap<WordFile, Sections> = new Map(
  FILES.map((file) => [file, readSections(`${file}.txt`, read(`${file}.txt`), SECTIONS)]),
)

/** The files that the part of a placeholder behind its @ stands for. */
const filesOf = (selector: string): readonly WordFile[] => {
  if (selector === 'spaced') return ['any', ...SPACED]
  if (selector === 'unspaced') return UNSPACED
  const found = FILES.filter((file) => file === selector)
  if (found.length === 0) throw new Error(`unknown language "${selector}"`)
  return found
}

/** Phrases of a section as they stand in the files, without doubles. */
export const phrasesOf = (section: string, selector?: string): string[] => {
  if (!SECTIONS.has(section)) throw new Error(`unknown section "${section}"`)
  const files = selector === undefined ? FILES : filesOf(selector)
  const found = files.flatMap((file) => WORDS.get(file)?.get(section) ?? [])
  return [...new Set(found.map((phrase) => phrase.text))]
}

const PLACEHOLDER = /\{([a-z][a-z/-]*)(?:@([a-z]+))?\}/g

/**
 * A template with its placeholders replaced: {section} by an alternation of its phrases in all
 * languages, {section@de} in one, {section@spaced} and {section@unspaced} in those written with
 * spaces and without.
 */
export const filled = (template: string): string =>
  template.replace(PLACEHOLDER, (placeholder, section: string, selector?: string) => {
    const phrases = phrasesOf(section, selector)
    if (phrases.length === 0) throw new Error(`no phrase for ${placeholder}`)
    return `(?:${phrases.map(filled).join('|')})`
  })

/** Fails naming the file and line of each phrase that is no regular expression. */
export const pattern = (template: string, flags = ''): RegExp => {
  try {
    return new RegExp(filled(template), flags)
  } catch (error) {
    const found = badPhrases()
    throw found.length > 0 ? new Error(found.join('\n'), { cause: error }) : error
  }
}

/** A section's phrases as whole words, in scripts without spaces anywhere. */
export const wholeWords = (section: string): RegExp => {
  const unspaced = phrasesOf(section, 'unspaced').length > 0 ? `|{${section}@unspaced}` : ''
  return pattern(`(?<!\\p{L}){${section}@spaced}(?!\\p{L})${unspaced}`, 'iu')
}

/** Every phrase that is no regular expression, as `file:line: reason`. */
export const badPhrases = (words: ReadonlyMap<string, Sections> = WORDS): string[] =>
  [...words].flatMap(([file, sections]) =>
    [...sections.values()].flat().flatMap(({ text, line }) => {
      try {
        new RegExp(filled(text), 'u')
        return []
      } catch (error) {
        return [`${file}.txt:${line}: ${error instanceof Error ? error.message : error}`]
      }
    }),
  )
