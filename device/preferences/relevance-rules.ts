/** Requests whose wording makes preferences irrelevant, and request features of the relevance head. */
import { pattern, wholeWords } from '../text/words.ts'

/** Whole request: greetings, thanks, farewells, acknowledgements. */
const ACK = pattern(String.raw`^[\s¿¡]*(?:{plain/small-talk@spaced}[\s,.!?¡¿…-]*)+$`, 'iu')
const ACK_UNSPACED = pattern('^{plain/small-talk@unspaced}[！!。.？?～~]*$', 'u')

/** A sum or a sequence, with almost no letters. */
const FORMULA = String.raw`[\d\s+\-*/×÷=^(),.%·:xyz√²³]*`
const SUM = pattern(
  String.raw`^[¿\s]*(?:{plain/calculate} )?${FORMULA}` +
    String.raw`(?:\d\s*{plain/operator}\s*)*${FORMULA}[?=.\s]*$`,
  'iu',
)

/** Matches at the beginning of a request of any length. */
const BEGINNINGS = pattern(String.raw`^[\s¿¡]*{plain/beginning}`, 'iu')
/** A short question with one right answer. */
const LOOKUPS = pattern(String.raw`^[\s¿¡]*{plain/lookup}`, 'iu')
const LOOKUP_ANYWHERE = pattern('{plain/lookup-anywhere}', 'iu')
const OPENING = pattern(String.raw`\b{plain/why}(?!\p{L})`, 'iu')
/** "How much": with two numbers or more a sum in words. */
const HOW_MUCH = pattern(String.raw`(?<!\p{L}){plain/how-much}(?!\p{L})`, 'iu')

const LETTERS = /\p{L}/gu

/** Whether the wording alone shows that no preference matters for the request. */
export const isPlain = (request: string): boolean => {
  const text = request.slice(0, 2000).trim()
  if (text.length <= 80 && (ACK.test(text) || ACK_UNSPACED.test(text))) return true
  if (/\d/.test(text) && text.length <= 120 && SUM.test(text)) return true
  if (!/\p{L}/u.test(text)) return text !== ''
  if (BEGINNINGS.test(text)) return true
  const words = text.split(/\s+/).length
  if (words <= 40 && HOW_MUCH.test(text) && (text.match(/\d+/g)?.length ?? 0) >= 2) return true
  const isShort = words <= 14 && text.length <= 120
  return isShort && !OPENING.test(text) && (LOOKUP_ANYWHERE.test(text) || LOOKUPS.test(text))
}

/** Features of a request beside its pooled state, each 0 … 1 or a logarithm. */
export const requestFeatures = (request: string): number[] => {
  const text = request.slice(0, 4000)
  const words = text.split(/\s+/).filter((w) => w !== '').length
  const share = (pattern: RegExp) => (text.match(pattern)?.length ?? 0) / Math.max(1, text.length)
  const has = (pattern: RegExp) => (pattern.test(text) ? 1 : 0)
  return [
    Math.log1p(words),
    has(/\?/),
    has(/\d/),
    share(/\d/g),
    has(/["“”`«]/),
    has(/:/),
    share(/[{}()=;<>_[\]]/g),
    1 - share(LETTERS),
    has(/^\s*(?:who|when|where|which|what)\b/i),
    has(/^\s*(?:how|why)\b/i),
    has(/\b(?:i|my|me|we|our)\b/i),
    words <= 3 ? 1 : 0,
  ]
}

/** Asks for an answer in prose: why, how, advice, ideas, comparisons, texts to write. */
const ASKS_FOR_PROSE = wholeWords('plain/asks-for-prose')

/** Whether a request that the local model cannot read has more than one right answer. */
export const asksForProse = (request: string): boolean =>
  request.length > 400 || ASKS_FOR_PROSE.test(request.slice(0, 400))
