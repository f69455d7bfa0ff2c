/**
 * Which dimensions the instructions of an app fix: its system prompt, or a system message in a
 * conversation. A dimension is fixed by a clause that holds in every case, is directed at the
 * assistant or about its answers, and names a quality or an element of them.
 */

import type { Dimension } from '../records/preference.ts'
import { type Clause, clausesOfApp } from '../text/clauses.ts'
import { remembered } from '../text/remembered.ts'
import { foldedMatcher } from '../text/word-match.ts'
import { ANSWER, ELEMENTS, QUALITIES } from './app-style-words.ts'

/** Dimensions that the text fixes, in no order. */
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

const ELEMENT_MATCHERS = ELEMENTS.map(([about, words]) => ({
  about,
  pattern: foldedMatcher(words),
}))

/**
 * A quality of what follows counts only where that is the answer: "short answers", not "short
 * stories".
 */
const BEHIND = `(?!,? (?:[a-z]+,? (?:and |und )?){0,2}(?:sentences|satzen?|paragraphs|absatzen?)(?![a-z]))(?=\\s*(?:$|[.,;:!)–—/])|[ -](?:and|but|yet|or|und|aber|sowie|oder|enough|possible|at|on|to|in|with|without|as|while|so|like|mit|ohne|an|zu|wie|for|always|halten|sein|bleiben|answers?)(?![a-z])|,? (?:(?!(?:in|of|for|to|on|by|from|the|an?|each|every|von|der|die|das|den|dem|jeder|jede|zu|fur|auf)(?![a-z]))[a-z]+ (?:and |und |but |yet )?){0,3}(?:${ANSWER}|manner|way|register|tone|voice|assistant|(?:chat)?bot|tutor|agent|helper|companion|guide|teacher|coach|expert|assistent(?:in)?)(?![a-z]))`
const QUALITY_MATCHERS = QUALITIES.map(([about, words]) => ({
  about,
  pattern: foldedMatcher(`(?:${words})${BEHIND}`),
}))

/** The clause is about answers, about writing or speaking, or about how the assistant is. */
const IS_ABOUT_ANSWER = foldedMatcher(
  `${ANSWER}|tone|length|ton|tonfall|umgangston|answer(?:s|ing)?|address|respond(?:ing|s)?|reply(?:ing)?|write|speak|talk|explain|communicate|phrase|sound|be|stay|remain|are|is|keep (?:it|things|them|this|everything|yourself)|aim|strive|assistant|antworte[a-z]*|schreib[a-z]*|sprich|sprechen|erkläre[a-z]*|formuliere[a-z]*|sei|seien|bleib[a-z]*|bist|sind|halte[a-z]*|fass[a-z]*|assistent(?:in)?|réponds|répondez|sois|soyez|responde|sé|rispondi|sii|responda|seja`,
)

/** What names a style without demanding it of the answers. */
const NOT_MEANT =
  /\b(?:think|reason|reflect|work it out|consider) (?:\w+ ){0,3}step[- ]by[- ]step|denke? (?:\w+ ){0,2}schritt fur schritt/
