/**
 * Signs that a program reads the answer: its destination is named, nothing else may be output, the
 * format of its lines is given, a token means "none". The patterns read folded text (foldWords),
 * except `LAID_OUT` and `FALLBACK`, which need capitals and punctuation.
 */
import { foldedMatcher, foldWords } from '../text/word-match.ts'
import { pattern } from '../text/words.ts'

/** Whether a program reads what this order asks for. */
export const isForProgram = (order: string): boolean =>
  (READ_BY_PROGRAM.test(order) && !OF_OTHERS.test(order)) || ALONE.test(order) || LINES.test(order)

/** About the assistant or the app's data, not the answer: "orders are stored in the database". */
const OF_OTHERS = pattern('^{program/of-others}(?![a-z])')

/** A choice of bare words: "reply with same, different or unclear", "a word from the list". */
const CHOICE = pattern('(?<![a-z0-9]){program/choice}')
export const namesChoice = (order: string): boolean => CHOICE.test(order)

/**
 * Demands that programs need and people rarely make: a length in characters, options with slashes
 * or letters, an artefact of software. They count only without a first person.
 */
const FORMAL = pattern('(?<![a-z0-9]){program/formal}')
const isFormal = (order: string): boolean => FORMAL.test(order)

/** A person speaks: in the first person, politely, or to the assistant. */
const SPEAKS = pattern(String.raw`\b{program/speaks}\b`)
/** Material beside the instruction: further lines or a quotation. */
const MATERIAL = /\n[^\n]|["“„«»][^"“”„«»\n]{8,}["”“»«]/
/** Longer instructions are more than one order. */
const MAX_TERSE_CHARS = 240
const IS_SOMEONE = pattern(String.raw`\b{program/someone}\b`)

/** Whether a message only gives work to a model. */
export const isWorkOrder = (text: string, orders: readonly string[]): boolean =>
  MATERIAL.test(text.trim()) && !SPEAKS.test(saidIn(text)) && orders.some(isFormal)

/** Longer lines are material, not orders. */
const MAX_ORDER_CHARS = 160

/** The first line, and the last unless it is material or has a label; without quotations. */
const saidIn = (text: string): string => {
  const lines = text.trim().split('\n')
  const last = lines.at(-1)!
  const isMaterial = last.length > MAX_ORDER_CHARS || /^[\p{L} ]{1,30}:/u.test(last)
  return foldWords(`${lines[0]} ${isMaterial ? '' : last}`.slice(0, 600)).replace(
    /["“„«»][^"“”„«»]{1,300}["”“»«]/g,
    ' ',
  )
}

/** Whether short instructions name a task and its output, but no person. */
export const isTerseWork = (folded: string, orders: readonly string[]): boolean =>
  folded.length <= MAX_TERSE_CHARS && !IS_SOMEONE.test(folded) && orders.some(isFormal)

/** Whether a message is pure data or ends in an empty field, which no person writes. */
export const isNoSpeech = (text: string): boolean => {
  const whole = text.trim()
  if (/(?:^|\n)[ \t]*[\w .-]{1,40}=[ \t]*\??$/.test(whole)) return true
  if (!/^\{[\s\S]*\}$/.test(whole)) return false
  try {
    return typeof JSON.parse(whole) === 'object'
  } catch {
    return false
  }
}

const READ_BY_PROGRAM = foldedMatcher('{program/read-by-program}')
const ALONE = pattern('(?<![a-z0-9]){program/alone}(?![a-z0-9])')
const LINES = pattern('(?<![a-z0-9]){program/lines}')

/** A form with blanks: JSON or XML without values, verdicts in double brackets, tabs. */
const LAID_OUT = pattern(
  [
    String.raw`\{\s*"[\w-]{1,40}"\s*:\s*` +
      String.raw`(?:"(?:…|\.\.\.|<[^"\n]{1,40}>)?"|\[\s*"(?:…|\.\.\.)?"|[\w-]{1,20}\|[\w-])`,
    String.raw`<[\w-]{1,40}(?:\s[\w-]{1,40}="")+\s*\/?>`,
    String.raw`<[\w-]{1,40}\/>\s*<[\w-]{1,40}\/>`,
    String.raw`\[\[[A-Z]\]\]`,
    '<TAB>',
    String.raw`\b{program/format-label}\s*[:=→]\s*(?:\x60|[{[<]|[\w-]{1,30}[/;|=<][\w<])`,
  ].join('|'),
)

/** A fallback token for cases without an answer. */
const FALLBACK = pattern(
  String.raw`\b{program/none-given}\b[^.\n]{0,60}` +
    String.raw`(?:→|->|=>|\b{program/print}\b(?: only| nur)?)\s*["'\x60]?` +
    '(?:(?!JSON|XML|CSV|SQL|YAML|HTML|PDF)[A-Z]{3,20}(?:_[A-Z]+)*|-|null)' +
    String.raw`["'\x60]?(?: (?:aus|zurück))?\s*(?:[.;\n]|$)`,
)

export const hasBlanks = (text: string): boolean => LAID_OUT.test(text)
export const namesFallback = (text: string): boolean => FALLBACK.test(text)
