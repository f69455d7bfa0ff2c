/**
 * Cuts an answer or a request once into the parts that style features count. Linear in the text;
 * long texts are cut.
 */
import { count, type Language, languageOf, UNSPACED } from './language.ts'

/** Characters (UTF-16 units) that are read: enough for any answer, a bound for hostile ones. */
export const MAX_CHARS = 60_000

/**
 * prose: the text without code and table rows. words: lower-cased, of the prose. wordCount: their
 * number, where two characters of an unspaced script count as one word. lines, items, …: non-blank
 * lines of each kind, outside code.
 */
export type AnalyzedText = {
  readonly text: string
  readonly prose: string
  readonly words: readonly string[]
  readonly wordCount: number
  readonly sentences: readonly string[]
  readonly paragraphs: number
  readonly lines: number
  readonly items: number
  readonly numberedItems: number
  readonly headings: number
  readonly tableRows: number
  readonly codeChars: number
  readonly language: Language
}

const FENCE = /^\s{0,3}(?:```|~~~)/
const ITEM = /^\s{0,20}(?:[-*+•‣◦▪–]\s+|\d{1,3}[.)]\s+|\d{1,3}、\s*)\S/
const NUMBERED = /^\s{0,20}(?:\d{1,3}[.)]\s+|\d{1,3}、\s*|\**step \d{1,3}\b)/i
const HEADING = /^\s{0,3}(?:#{1,6}\s+\S|\*\*[^*\n]{1,100}\*\*:?\s*$)/
const TABLE_ROW = /^\s{0,3}\|.*\|/
const TABLE_RULE = /^[\s|:-]*$/
const WORD = /[\p{L}\p{M}\p{N}]+(?:['’-][\p{L}\p{M}\p{N}]+)*/gu
const INLINE_CODE = /`[^`\n]{1,300}`/g

export const analyze = (whole: string): AnalyzedText => {
  const text = whole.slice(0, MAX_CHARS)
  const kinds = { lines: 0, items: 0, numberedItems: 0, headings: 0, tableRows: 0, codeChars: 0 }
  const proseLines: string[] = []
  let inFence = false
  for (const line of text.split('\n')) {
    const isFence = FENCE.test(line)
    if (isFence || inFence) {
      kinds.codeChars += line.length
      if (isFence) inFence = !inFence
      continue
    }
    if (!isBlank(line)) kinds.lines++
    if (TABLE_ROW.test(line)) {
      if (!TABLE_RULE.test(line)) kinds.tableRows++
      continue
    }
    if (HEADING.test(line)) kinds.headings++
    if (ITEM.test(line)) kinds.items++
    if (NUMBERED.test(line)) kinds.numberedItems++
    proseLines.push(
      line.replace(INLINE_CODE, (code) => {
        kinds.codeChars += code.length
        return ' '
      }),
    )
  }
  const prose = proseLines.join('\n')
  const words = (prose.match(WORD) ?? []).map((w) => w.toLowerCase())
  const unspaced = count(prose, UNSPACED)
  const spaced = unspaced === 0 ? words.length : words.filter((w) => w.search(UNSPACED) < 0).length
  return {
    text,
    prose,
    words,
    wordCount: spaced + Math.ceil(unspaced / 2),
    sentences: sentencesOf(prose),
    paragraphs: proseLines.filter((l, i) => !isBlank(l) && isBlank(proseLines[i - 1] ?? '')).length,
    ...kinds,
    language: languageOf(prose, words),
  }
}

const isBlank = (line: string): boolean => line.trim() === ''

/** Pieces between sentence marks or line ends that have a letter or digit, without markup. */
const sentencesOf = (prose: string): string[] =>
  prose
    .split(/(?<=[.!?…][)"'”’*_]{0,3})\s+|(?<=[。！？])|\n/u)
    .map((s) => s.replace(/^[\s#>*_•+-]+/, '').trim())
    .filter((s) => /[\p{L}\p{N}]/u.test(s))
