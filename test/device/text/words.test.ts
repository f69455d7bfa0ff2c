import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import {
  badPhrases,
  FILES,
  filled,
  pattern,
  phrasesOf,
  readSections,
  SECTIONS,
  wholeWords,
} from '../../../device/text/words.ts'

const KNOWN = new Map([
  ['colour', 'Colours'],
  ['animal', 'Animals'],
])
const readLines = (...lines: string[]) => readSections('xx.txt', `${lines.join('\n')}\n`, KNOWN)

describe('the word files', () => {
  test('hold nothing but patterns, in files and sections that are known', () => {
    const folder = fileURLToPath(new URL('../../../device/text/words', import.meta.url))
    const names = readdirSync(folder).filter((name) => name !== 'README.md')
    expect(names.sort()).toEqual([...FILES.map((file) => `${file}.txt`), 'sections.json'].sort())
    expect(badPhrases()).toEqual([])
  })

  test('have phrases for every section that is described, and a description that says something', () => {
    for (const [section, meaning] of SECTIONS) {
      expect(phrasesOf(section), section).not.toEqual([])
      expect(meaning.length, section).toBeGreaterThan(2)
    }
  })

  test('name only sections that exist in their placeholders', () => {
    for (const section of SECTIONS.keys()) expect(() => filled(`{${section}}`)).not.toThrow()
  })

  test('have no section that no code and no phrase reads', () => {
    const root = fileURLToPath(new URL('../../../device', import.meta.url))
    const code = readdirSync(root, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => readFileSync(`${root}/${name}`, 'utf8'))
      .join('\n')
    const phrases = [...SECTIONS.keys()].flatMap((section) => phrasesOf(section)).join('\n')
    const isRead = (section: string) =>
      [`{${section}}`, `{${section}@`].some((p) => code.includes(p) || phrases.includes(p)) ||
      code.includes(`'${section}'`) ||
      // Sections of a series: their names are put together.
      /^(?:answer|style\/[a-z]+|app\/(?:quality|element)|program\/(?:weak-)?task)\//.test(section)
    expect([...SECTIONS.keys()].filter((section) => !isRead(section))).toEqual([])
  })
})

describe('readSections', () => {
  test('reads phrases in order, a line each', () => {
    const sections = readLines('# colour', 'reds?', 'gr[ae]y', '', '# animal', 'cats?')
    expect(sections.get('colour')).toEqual([
      { text: 'reds?', line: 2 },
      { text: 'gr[ae]y', line: 3 },
    ])
    expect(sections.get('animal')).toEqual([{ text: 'cats?', line: 6 }])
  })

  test.each([
    [['# shape', 'round'], 'xx.txt:1: unknown section "shape"'],
    [['# colour', 'red', '', '# colour', 'blue'], 'xx.txt:4: section "colour" appears twice'],
    [['# colour', 'red', 'blue', 'red'], 'xx.txt:4: "red" appears twice'],
    [['# colour', 'red', '', 'blue'], 'xx.txt:3: an empty line not followed by a section'],
    [['# colour', 'red', '', '', '# animal', 'cat'], 'xx.txt:3: an empty line'],
    [['red'], 'xx.txt:1: a phrase before the first section'],
    [['# colour', 'red '], 'xx.txt:2: a space at the edge'],
  ])('refuses %j', (lines, reason) => {
    expect(() => readLines(...lines)).toThrow(reason)
  })
})

describe('badPhrases', () => {
  test('names the file and line of a phrase that is no regular expression', () => {
    const files = new Map([['xx', readLines('# colour', 'red', 'gr(ey')]])
    expect(badPhrases(files)).toEqual([expect.stringMatching(/^xx\.txt:3: .*gr\(ey/)])
  })

  test('names those with a placeholder for a section that does not exist', () => {
    const files = new Map([['xx', readLines('# colour', '{shape} red')]])
    expect(badPhrases(files)).toEqual(['xx.txt:2: unknown section "shape"'])
  })
})

describe('patterns of phrases', () => {
  test('take the phrases of all languages, or of those that are named', () => {
    expect(pattern('^{limit/number}$').test('dreißig')).toBe(true)
    expect(pattern('^{limit/number@en}$').test('dreißig')).toBe(false)
    expect(pattern('^{limit/number@en}$').test('twelve')).toBe(true)
    expect(() => filled('{limit/number@nl}')).toThrow('unknown language "nl"')
    expect(() => filled('{limit/number@zh}')).toThrow('no phrase for {limit/number@zh}')
  })

  test('leave quantifiers and properties of letters alone', () => {
    expect(filled('\\p{L}{2,3} {limit/or@de}')).toBe('\\p{L}{2,3} (?:oder|bis)')
  })

  test('find whole words where there are spaces, and any place where there are none', () => {
    const words = wholeWords('stated/answers')
    expect(words.test('in deinen Antworten')).toBe(true)
    expect(words.test('Antwortenden')).toBe(false)
    expect(words.test('短回答吧')).toBe(true)
  })
})
