/** Regular expressions for words of several languages over text without accents. */
import { filled } from './words.ts'

/** Removes accents, which some users do not type; ß becomes ss. */
const fold = (text: string): string =>
  text.normalize('NFKD').replace(/\p{M}/gu, '').replaceAll('ß', 'ss')

/** The same in lower case, with plain apostrophes. */
export const foldWords = (text: string): string => fold(text.replace(/[’‘]/g, "'")).toLowerCase()

/**
 * Matches a template of phrases (`filled`) in text made by foldWords. Latin letters are a to z
 * there, so the pattern needs neither case folding nor letter properties and is several times
 * faster. The text may spell umlauts as ae, oe, ue. Scripts without spaces have no word boundaries:
 * the look-arounds only keep Latin letters from touching Latin words.
 */
export const foldedMatcher = (template: string): RegExp => {
  const umlauts = filled(template).replace(/[äöü]/g, (u) => `(?:${u}|${fold(u)}e)`)
  const letters = fold(umlauts).replaceAll('\\p{L}', '[a-z]').replaceAll('\\P{L}', '[^a-z]')
  return new RegExp(`(?<![a-z0-9])(?:${letters})(?![a-z0-9])`)
}
