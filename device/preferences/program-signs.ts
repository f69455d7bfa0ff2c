/**
 * Signs that a program takes the answer as it is: its destination is named, nothing may stand
 * beside it, its lines are laid out, a token stands for "there is none". The patterns read
 * lower-cased text without accents, except `LAID_OUT` and `FALLBACK`, which need capitals and
 * punctuation.
 */
import { foldedMatcher, foldWords } from '../text/word-match.ts'
import { pattern } from '../text/words.ts'

/** Whether a program takes over what this order asks for. */
export const isForProgram = (order: string): boolean =>
  (READ_BY_PROGRAM.test(order) && !OF_OTHERS.test(order)) || ALONE.test(order) || LINES.test(order)

/** About the assistant or the app's data, not the answer: "orders are stored in the database". */
const OF_OTHERS = pattern('^{program/of-others}(?![a-z])')

/** One of a few bare words: "reply with same, different or unclear", "a word from the list". */
const CHOICE = pattern('(?<![a-z0-9]){program/choice}')
export const namesChoice = (order: string): boolean => CHOICE.test(order)

/**
 * Demands that people seldom make and programs need: a size in characters, a choice by a slash or a
 * letter, an artefact that software keeps. They count only where nobody speaks of themselves.
 */
const FORMAL = pattern('(?<![a-z0-9]){program/formal}')
const isFormal = (order: string): boolean => FORMAL.test(order)

/** A person asks: of themselves, politely, of the one who is to answer. */
const SPEAKS = pattern(String.raw`\b{program/speaks}\b`)
/** Something stands beside the instruction: further paragraphs, a quotation, a named line. */
const BESIDE = /\n[^\n]|["“„«»][^"“”„«»\n]{8,}["”“»«]/
/** Longer instructions are more than an order. */
const MAX_TERSE_CHARS = 240
const IS_SOMEONE = pattern(String.raw`\b{program/someone}\b`)

/** A message that does nothing but give work to a model. */
export const isWorkOrder = (text: string, orders: readonly string[]): boolean =>
  BESIDE.test(text.trim()) && !SPEAKS.test(saidIn(text)) && orders.some(isFormal)

/** A longer line is what an order is about, not an order. */
const MAX_ORDER_CHARS = 160

/** The first line, and the last one unless it is long or has a label, without quotations. */
const saidIn = (text: string): string => {
  const lines = text.trim().split('\n')
  const last = lines.at(-1)!
  const isGiven = last.length > MAX_ORDER_CHARS || /^[\p{L} ]{1,30}:/u.test(last)
  return foldWords(`${lines[0]} ${isGiven ? '' : last}`.slice(0, 600)).replace(
    /["“„«»][^"“”„«»]{1,300}["”“»«]/g,
    ' ',
  )
}

/** Instructions that name a task and its output, without a dialogue. */
export const isTerseWork = (folded: string, orders: readonly string[]): boolean =>
  folded.length <= MAX_TERSE_CHARS && !IS_SOMEONE.test(folded) && orders.some(isFormal)

/** The whole message is data, or ends in a field to fill: people do not talk like that. */
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

/** A form with blanks: JSON or XML without values, verdicts in double brackets, names of tabs. */
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

/** A token that stands for an answer that cannot be given. */
const FALLBACK = pattern(
  String.raw`\b{program/none-given}\b[^.\n]{0,60}` +
    String.raw`(?:→|->|=>|\b{program/print}\b(?: only| nur)?)\s*["'\x60]?` +
    '(?:(?!JSON|XML|CSV|SQL|YAML|HTML|PDF)[A-Z]{3,20}(?:_[A-Z]+)*|-|null)' +
    String.raw`["'\x60]?(?: (?:aus|zurück))?\s*(?:[.;\n]|$)`,
)

export const hasBlanks = (text: string): boolean => LAID_OUT.test(text)
export const namesFallback = (text: string): boolean => FALLBACK.test(text)
