/**
 * Finds the dimensions that an app's instructions fix. A clause fixes a dimension if it applies in
 * every case, addresses the assistant or describes its answers, and names a quality or an element
 * of them.
 */
import { DIMENSIONS, type Dimension } from '../records/preference.ts'
import { type Clause, clausesOfApp } from '../text/clauses.ts'
import { remembered } from '../text/remembered.ts'
import { foldedMatcher } from '../text/word-match.ts'
import { pattern } from '../text/words.ts'

export const fixedByApp = remembered((text: string): ReadonlySet<Dimension> => {
  const fixed = new Set<Dimension>()
  for (const clause of clausesOfApp(text)) {
    if (clause.isCase || !clause.isDirected || NOT_MEANT.test(clause.text)) continue
    for (const dimension of fixedByClause(clause)) fixed.add(dimension)
  }
  return fixed
})

const fixedByClause = ({ text, sentence, isPlain, under }: Clause): readonly Dimension[] => [
  ...ELEMENT_MATCHERS.filter(({ pattern }) => pattern.test(text)).flatMap(({ about }) => about),
  ...QUALITY_MATCHERS.filter(({ pattern }) => pattern.test(isPlain ? sentence : text))
    .filter(
      () => IS_ABOUT_ANSWER.test(sentence) || /\b(?:style|tone|length|stil|lange)\b/.test(under),
    )
    .map(({ about }) => about),
]

/** Elements of an answer: the sections `app/element/…` of text/words. */
const ELEMENTS: readonly (readonly [element: string, about: readonly Dimension[]])[] = [
  ...DIMENSIONS.map((d) => [d, [d]] as const),
  ['prose', ['lists', 'steps']],
  ['plain-text', ['lists', 'headings', 'emphasis', 'tables', 'steps']],
]
const ELEMENT_MATCHERS = ELEMENTS.map(([element, about]) => ({
  about,
  pattern: foldedMatcher(`{app/element/${element}}`),
}))

/**
 * An adjective counts only if it describes the answer: "short answers", not "short stories". It ends
 * the clause, or is followed by a word such as "and" or by a noun for the answer.
 */
const ABOUT_ANSWER =
  '(?!,? (?:[a-z]+,? (?:and |und )?){0,2}{app/smaller-unit}(?![a-z]))' +
  String.raw`(?=\s*(?:$|[.,;:!)–—/])|[ -]{app/after-quality}(?![a-z])` +
  '|,? (?:(?!{app/preposition}(?![a-z]))[a-z]+ (?:and |und |but |yet )?){0,3}' +
  '{app/noun-of-answer}(?![a-z]))'
const QUALITY_MATCHERS = (['length', 'tone'] as const).map((about) => ({
  about,
  pattern: foldedMatcher(`{app/quality/${about}}${ABOUT_ANSWER}`),
}))

/** The clause is about answers, about writing or speaking, or about the assistant's manner. */
const IS_ABOUT_ANSWER = foldedMatcher('{app/about-answer}')

/** Mentions a style without demanding it of the answers. */
const NOT_MEANT = pattern(String.raw`\b{app/not-meant@en}|{app/not-meant@de}`)
