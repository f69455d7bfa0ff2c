/** Checks a tokenizer against its own vocabulary when a model is opened. There is no other program
 *  to compare with, but a misread step, or the splitting rule of another model, changes how the
 *  vocabulary's own words are tokenized. */
import { FedError } from '../../../adapters/errors.ts'
import type { Tokenizer } from './tokenizer.ts'
import type { TokenizerFile } from './tokenizer-file.ts'
import {
  BYTE_LETTERS,
  byteToken,
  type Normalize,
  normalizerOf,
  stepsOf,
} from './tokenizer-steps.ts'

/** texts came back from their tokens, words of the vocabulary became themselves again; lost: texts
 *  with characters that the vocabulary has no token for. */
export type TokenizerCheck = {
  readonly texts: number
  readonly words: number
  readonly lost: number
}

/** Fails with E_MODEL_UNSUPPORTED, naming the text and what came back. */
export const checkTokenizer = (tokenizer: Tokenizer, file: TokenizerFile): TokenizerCheck => {
  const lost = lostTexts(tokenizer, file)
  const words = KINDS.map((kind) => checkWords(kind, tokenizer, file))
  return {
    texts: TEXTS.length - lost,
    words: words.reduce((sum, count) => sum + count, 0),
    lost,
  }
}

/** One line for the user. */
export const checkText = ({ texts, words, lost }: TokenizerCheck): string =>
  `tokenizer: ${texts} texts came back from their tokens, ` +
  `${words} words of its vocabulary as themselves` +
  (lost > 0 ? `; ${lost} texts hold characters it has no token for` : '')

/** None begins or ends with a space, which some tokenizers drop. */
const TEXTS = [
  'The quick brown fox, 12 of 345 and 6789: "it\'s here", we\'ll see. ' +
    '(a+b)*c == d/2; x_1 < y[0] & z | ~w ^ #9 @ 5% $7 {k}',
  "I don't THINK so!  Two spaces, a-dash -- and MixedCase; why? `code` = \\path",
  'A line.\nAnother line.\n\n  - an item\n\tand a tab\r\nend',
  'Ein schöner Tag, naïve cafés, Ελληνικά, Привет мир, ½ ² №',
  '今日は良い天気です。 你好，世界 한국어',
  'done 🎉 family 👩‍👩‍👧 flag 🇩🇪 hidden\u200bspace \ufeff mark',
]

const lostTexts = (tokenizer: Tokenizer, file: TokenizerFile): number => {
  const { ids, hasByteTokens } = file.vocabulary
  const hasAllBytes =
    BYTE_LETTERS.every((letter) => ids.has(letter)) ||
    (hasByteTokens && BYTE_LETTERS.every((_, byte) => ids.has(byteToken(byte))))
  const plain = file.addedTokens.filter((token) => !token.isControl)
  const expected = textNormalizer(file.steps.normalizer)
  let lost = 0
  for (const text of TEXTS) {
    // Some tokenizers put a space beside a word that was added.
    if (plain.some(({ content }) => text.includes(content))) continue
    const back = tokenizer.decode(tokenizer.encode(text))
    if (back === expected(text)) continue
    if (hasAllBytes) throw cameBack(expected(text), back)
    lost++
  }
  return lost
}

/** A normalizer's lasting effect: the decoder undoes the mark that stands for a space. */
const textNormalizer = (json: unknown): Normalize => {
  const steps = stepsOf(json, 'normalizers').filter(
    ({ type, content }) => type !== 'Prepend' && content !== '▁',
  )
  return json === null ? (text) => text : normalizerOf({ type: 'Sequence', normalizers: steps })
}

/** A kind of tokens that must become themselves again. Words are read from their own text; runs of
 *  white space behind a letter. */
type Kind = {
  readonly what: string
  readonly pattern: RegExp
  readonly textOf: (text: string) => string
}
const KINDS: readonly Kind[] = [
  { what: 'words', pattern: /^[Ġ▁][A-Za-z]{3,}$/, textOf: (text) => text },
  { what: 'white space', pattern: /^[ĠĊčĉ]{2,}$/, textOf: (text) => `a${text}` },
]
/** Samples of each kind. Fewer than the least prove nothing, and no text produces some tokens. */
const MAX_SAMPLES = 60
const MIN_SAMPLES = 12
const MIN_SHARE = 0.8

const checkWords = (kind: Kind, tokenizer: Tokenizer, file: TokenizerFile): number => {
  const added = new Set(file.addedTokens.map(({ id }) => id))
  const all: number[] = []
  for (const [token, id] of file.vocabulary.ids)
    if (kind.pattern.test(token) && !added.has(id)) all.push(id)
  if (all.length < MIN_SAMPLES) return 0
  const stride = Math.max(1, Math.floor(all.length / MAX_SAMPLES))
  const looked = all.filter((_, i) => i % stride === 0)
  const others = looked.filter(
    (id) => tokenizer.encode(kind.textOf(tokenizer.decode([id]))).at(-1) !== id,
  )
  if (others.length > (1 - MIN_SHARE) * looked.length) {
    const text = kind.textOf(tokenizer.decode([others[0]!]))
    throw new FedError(
      'E_MODEL_UNSUPPORTED',
      `tokenizer: ${others.length} of ${looked.length} ${kind.what} of its own vocabulary ` +
        `become other tokens, such as ${JSON.stringify(text)}: ` +
        'text is split here in another way than it was for this vocabulary',
    )
  }
  return looked.length - others.length
}

const cameBack = (text: string, back: string) => {
  let at = 0
  while (at < text.length && text[at] === back[at]) at++
  const near = (t: string) => JSON.stringify(t.slice(Math.max(0, at - 10), at + 10))
  return new FedError(
    'E_MODEL_UNSUPPORTED',
    `tokenizer: a check text does not come back from its tokens: expected ${near(text)}, got ${near(back)}`,
  )
}
