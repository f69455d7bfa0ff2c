/** Words of several languages as regular expressions over text without accents. */

/** Without accents, for those who type none: ß is ss. */
export const fold = (text: string): string =>
  text.normalize('NFKD').replace(/\p{M}/gu, '').replaceAll('ß', 'ss')

/** The same, lower-cased, with plain apostrophes. */
export const foldWords = (text: string): string => fold(text.replace(/[’‘]/g, "'")).toLowerCase()

/**
 * One of the words, over text that foldWords has made: Latin letters are a to z there, so that
 * neither case nor properties of letters need be looked at (several times as fast). Umlauts of the
 * words may be written ae, oe, ue in the text. Unspaced scripts have no word ends: the look-arounds
 * only keep Latin letters from touching Latin words.
 */
export const foldedMatcher = (words: string): RegExp => {
  const umlauts = words.replace(/[äöü]/g, (u) => `(?:${u}|${fold(u)}e)`)
  const letters = fold(umlauts).replaceAll('\\p{L}', '[a-z]').replaceAll('\\P{L}', '[^a-z]')
  return new RegExp(`(?<![a-z0-9])(?:${letters})(?![a-z0-9])`)
}
