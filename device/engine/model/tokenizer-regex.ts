/** Translates a tokenizer.json's Oniguruma patterns (Ruby syntax) to JavaScript, or refuses
 *  them. */
import { unsupported } from './json-values.ts'

/** The pattern of a step: a text taken literally, or a regular expression. */
type StepPattern = { readonly String: string } | { readonly Regex: string }

/** Finds every match. E_MODEL_UNSUPPORTED names syntax that JavaScript lacks or reads otherwise. */
export const stepRegExp = (pattern: StepPattern): RegExp =>
  'String' in pattern ? new RegExp(escapedText(pattern.String), 'gu') : compiled(pattern.Regex)

/** Matches exactly this text inside a pattern with the flag u. */
export const escapedText = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')

const compiled = (source: string): RegExp => {
  if (source.length > MAX_CHARACTERS) throw unsupportedPattern(`over ${MAX_CHARACTERS} characters`)
  const translated = translate(source)
  try {
    return new RegExp(translated, 'gu')
  } catch {
    throw unsupportedPattern('is not one that JavaScript can run', source)
  }
}

const MAX_CHARACTERS = 5000

/** Escapes with another meaning, or none, in JavaScript. Oniguruma's classes follow Unicode: U+0085
 *  is a space, U+FEFF none. */
const ESCAPES: Readonly<Record<string, string>> = {
  s: '\\p{White_Space}',
  S: '\\P{White_Space}',
  d: '\\p{Nd}',
  D: '\\P{Nd}',
  ...Object.fromEntries([...'rntfv\\^$.*+?()[]{}|/-'].map((c) => [c, `\\${c}`])),
  ...Object.fromEntries([...'#&~ !"\'%,:;<=>@_`'].map((c) => [c, c])),
}
/** General categories are written alike in both. */
const CATEGORY = /^\\[pP]\{(?:[LMNPSZC][a-z]?)\}/
const GROUPS = ['(?:', '(?=', '(?!', '(?<=', '(?<!']
/** Letters that Unicode folds together with an ASCII letter, besides its other case. */
const FOLDED: Readonly<Record<string, string>> = { s: 'ſ', k: '\u212a' }

const translate = (source: string): string => {
  let out = ''
  /** For each open group: whether letters match in both cases. */
  const folds = [false]
  for (let at = 0; at < source.length; ) {
    const rest = source.slice(at)
    const piece = pieceAt(rest, folds.at(-1)!)
    if (rest.startsWith('(')) folds.push(piece.isFolding ?? folds.at(-1)!)
    if (rest.startsWith(')')) folds.pop()
    out += piece.text
    at += piece.length
  }
  return out
}

/** isFolding: whether the group ignores case. */
type PatternPiece = { readonly text: string; readonly length: number; readonly isFolding?: boolean }

const pieceAt = (rest: string, isFolding: boolean): PatternPiece => {
  const first = String.fromCodePoint(rest.codePointAt(0)!)
  if (first === '\\') return escapeAt(rest)
  if (first === '[') return classAt(rest, isFolding)
  if (first === '(') return groupAt(rest)
  // A line ends at U+000A alone, for ^ and $ too.
  if (first === '.') return { text: '[^\\n]', length: 1 }
  if (first === '^') return { text: '(?<![^\\n])', length: 1 }
  if (first === '$') return { text: '(?![^\\n])', length: 1 }
  const possessive = /^[*+?]\+/.exec(rest)
  if (possessive) throw unsupportedPattern(`${possessive[0]} gives nothing back`)
  const text = isFolding && /[A-Za-z]/.test(first) ? `[${bothCases(first)}]` : first
  return { text, length: first.length }
}

const escapeAt = (rest: string): PatternPiece => {
  const category = CATEGORY.exec(rest)
  if (category) return { text: category[0], length: category[0].length }
  const code = /^\\u([0-9a-fA-F]{4})|^\\x\{([0-9a-fA-F]{1,6})\}|^\\x([0-9a-fA-F]{2})/.exec(rest)
  if (code) return { text: `\\u{${code[1] ?? code[2] ?? code[3]}}`, length: code[0].length }
  const letter = rest[1] ?? ''
  const text = Object.hasOwn(ESCAPES, letter) ? ESCAPES[letter] : undefined
  if (text === undefined) throw unsupportedPattern('holds', rest.slice(0, 12))
  return { text, length: 2 }
}

const groupAt = (rest: string): PatternPiece => {
  if (rest.startsWith('(?i:')) return { text: '(?:', length: 4, isFolding: true }
  const known = GROUPS.find((group) => rest.startsWith(group))
  if (known) return { text: known, length: known.length }
  if (rest[1] === '?') throw unsupportedPattern('holds', rest.slice(0, 6))
  return { text: '(', length: 1 }
}

/** From [ to its ]. Sets inside sets, intersections and named sets are Oniguruma's own. */
const classAt = (rest: string, isFolding: boolean): PatternPiece => {
  let text = rest.startsWith('[^') ? '[^' : '['
  for (let at = text.length; at < rest.length; ) {
    const inner = rest.slice(at)
    if (inner[0] === ']') return { text: `${text}]`, length: at + 1 }
    if (inner[0] === '[' || inner.startsWith('&&'))
      throw unsupportedPattern('holds a set in a set', rest.slice(0, 20))
    const piece = inner[0] === '\\' ? escapeAt(inner) : literalAt(inner)
    if (isFolding && /[A-Za-z]/.test(piece.text[0]!))
      throw unsupportedPattern('holds letters in a set without case', rest.slice(0, 20))
    text += piece.text
    at += piece.length
  }
  throw unsupportedPattern('leaves a set open', rest.slice(0, 20))
}

const literalAt = (rest: string): PatternPiece => {
  const character = String.fromCodePoint(rest.codePointAt(0)!)
  return {
    text: /[(){}|/]/.test(character) ? `\\${character}` : character,
    length: character.length,
  }
}

const bothCases = (letter: string): string =>
  letter.toLowerCase() + letter.toUpperCase() + (FOLDED[letter.toLowerCase()] ?? '')

const unsupportedPattern = (what: string, part?: string) =>
  unsupported(
    `tokenizer: a pattern ${what}${part === undefined ? '' : ` ${JSON.stringify(part.slice(0, 60))}`}`,
  )
