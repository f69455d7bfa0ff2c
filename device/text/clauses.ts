/**
 * Cuts an app's instructions into clauses, without quotations and material. Conditional clauses ("if
 * the user asks for code, …") and those about abilities are marked. English and German; other
 * languages are cut into sentences only.
 */
import { foldWords } from './word-match.ts'
import { pattern } from './words.ts'

/**
 * One clause, lower-cased, without accents (ß is ss), quotations as "…". under: the heading or
 * introducing line above it, in the same form. isCase: applies only in certain cases. isDirected:
 * its sentence tells the assistant what to do, or what its answers are like.
 */
export type Clause = {
  readonly text: string
  /** The sentence it is part of, without softeners such as "if possible". */
  readonly sentence: string
  /** The sentence has no condition and no exception. */
  readonly isPlain: boolean
  readonly under: string
  readonly isCase: boolean
  readonly isDirected: boolean
  /** Says what the assistant is able or allowed to do, or what others do. */
  readonly isAbility: boolean
}

/** Characters read at each end of a longer text; the middle is material. */
export const READ_CHARS = 8000

export const bothEnds = (whole: string): string => {
  const text = whole.replace(LONG_RUN, (run) => run.slice(0, MAX_RUN))
  return text.length <= 2 * READ_CHARS
    ? text
    : `${text.slice(0, READ_CHARS)}\n${text.slice(-READ_CHARS)}`
}

/** Longer runs of one character are shortened: patterns that search for their end take seconds. */
const MAX_RUN = 40
const LONG_RUN = /([^\p{L}\p{N}])\1{40,}/gu

export const clausesOfApp = (whole: string): Clause[] => {
  const clauses: Clause[] = []
  let scope: Scope = OPEN
  for (const line of withoutMaterial(bothEnds(whole.normalize('NFKC'))).split('\n')) {
    if (line.trim() === '') {
      scope = scope.kind === 'intro' ? (scope.outer ?? OPEN) : scope
      continue
    }
    const heading = headingOf(line)
    if (heading !== null) {
      scope = scopeOf(heading, 'heading')
      continue
    }
    const isItem = ITEM.test(line)
    if (scope.kind === 'intro' && !isItem) scope = scope.outer ?? OPEN
    const text = foldWords(line.replace(ITEM, '').replace(/[*_`]+/g, ''))
    if (!scope.isMaterial) clauses.push(...sentencesOf(text).flatMap((s) => clausesIn(s, scope)))
    if (!isItem && /[:：]\s*$/.test(text)) {
      scope = { ...scopeOf(text, 'intro'), outer: scope.kind === 'heading' ? scope : OPEN }
    }
  }
  return clauses
}

/** The context of a line: the heading above it, and whether that makes it a case or material. */
type Scope = {
  readonly kind: 'open' | 'heading' | 'intro'
  readonly under: string
  readonly isCase: boolean
  readonly isMaterial: boolean
  readonly outer?: Scope
}
const OPEN: Scope = { kind: 'open', under: '', isCase: false, isMaterial: false }

const scopeOf = (text: string, kind: 'heading' | 'intro'): Scope => {
  const under = foldWords(text)
  return {
    kind,
    under,
    isCase: CASE_FIRST.test(under) && !EVERY_CASE.test(under),
    isMaterial: MATERIAL.test(under),
  }
}

const ITEM = /^\s*(?:[-*+•‣–▪]\s+|\(?\d{1,2}[.)]\s+|[a-z]\)\s+)/
const HEADING = new RegExp(
  String.raw`^\s{0,3}(?:#{1,6}\s+(.+?)#*\s*|\*\*([^*]{2,80})\*\*:?\s*|={2,}\s*(.+?)\s*={2,}` +
    String.raw`|<([a-z][\w -]{1,40})>\s*|\[([^\]]{2,40})\]\s*)$`,
  'i',
)

/** A longer line is no heading; testing the pattern on it would take long. */
const MAX_HEADING_CHARS = 160

const headingOf = (line: string): string | null => {
  if (line.length > MAX_HEADING_CHARS) return null
  const found = HEADING.exec(line)
  if (found) return found.slice(1).find((part) => part !== undefined) ?? ''
  // A line of capitals.
  return /^[\p{Lu}\s&/-]{4,60}:?$/u.test(line.trim()) && /\p{Lu}{3}/u.test(line) ? line : null
}

/** Headings of material. */
const MATERIAL = pattern(String.raw`\b{app/material}\b`)

/** Tags enclose material, unless they are named after instructions. */
const TAGGED = pattern(
  String.raw`<(?!\/?(?:[a-z]+[_-])?{app/instruction-tag}[\s>_-])` +
    String.raw`([a-z][\w-]{0,40})(?:\s[^>\n]{0,200})?>[\s\S]*?<\/\1>`,
  'gi',
)
/** Tags around one line, which counts. */
const TAG_PAIR = /<([a-z][\w-]{0,40})>([^<\n]{1,400})<\/\1>/gi
/** Rules around material that the line before them announces. */
const RULED = pattern(
  String.raw`({app/introduces-material}[^\n]{0,120}\n+)[ \t]*([-=*#~_])\2{2,}[ \t]*\n` +
    String.raw`[\s\S]*?\n[ \t]*\2{3,}[ \t]*(?=\n|$)`,
  'gi',
)

/** Without code, tagged material and quotations. */
const withoutMaterial = (text: string): string =>
  text
    .replace(/```[\s\S]*?(?:```|$)/g, '\n')
    .replace(TAGGED, '\n')
    .replace(TAG_PAIR, '$2')
    .replace(RULED, '$1')
    .replace(/"""[\s\S]*?"""/g, ' "…" ')
    .replace(/"[^"\n]{1,300}"|“[^”\n]{1,300}”|„[^“”\n]{1,300}[“”]|«[^»\n]{1,300}»/g, quoted)
    .replace(/(?<![\p{L}\p{N}])'[^'\n]{2,200}'(?!\p{L})/gu, quoted)

/** Short quotations name words, and are kept. */
const quoted = (quotation: string): string =>
  quotation.split(/\s+/).length <= 3 ? quotation : '"…"'

const sentencesOf = (text: string): string[] =>
  text
    .split(/(?<=[.!?…]["')\]]{0,2})\s+|(?<=[。！？])|;\s*/u)
    .map((s) => s.trim())
    .filter((s) => s !== '')

/**
 * A new clause begins after a comma or a conjunction that an imperative, a subject or a condition
 * follows.
 */
const BOUNDARY = pattern(
  String.raw`\s*[,–—]\s+(?:{app/and}\s+)?|\s+{app/and-order}\s+(?={app/order-behind-and}\b)`,
)

const clausesIn = (sentence: string, scope: Scope): Clause[] => {
  const text = sentence.replace(SOFTENER, ' ').trim()
  const isDirected = isDirectedAt(text, scope)
  const isAbility = ABILITY.test(text)
  const [, fronted = ''] = FRONTED.exec(text) ?? []
  const isCase = scope.isCase || (fronted !== '' && !EVERY_CASE.test(fronted))
  const rest = fronted === '' || isCase ? text : text.slice(fronted.length)
  // Everything after a condition in a sentence belongs to it.
  let isWithin = isCase
  const clauses = rest.split(BOUNDARY).flatMap((part) => {
    const clause = part.replace(EXCEPTION, '').trim()
    if (clause === '') return []
    isWithin ||= CASE_FIRST.test(clause) && !EVERY_CASE.test(clause)
    const isAble = isAbility || ABILITY.test(clause)
    return {
      text: clause,
      sentence: text,
      under: scope.under,
      isCase: isWithin || CASE_WITHIN.test(clause),
      isDirected:
        !isAble && (isDirected || IMPERATIVE.test(clause) || IMPERATIVE.test(afterColon(clause))),
      isAbility: isAble,
    }
  })
  const isPlain = !EXCEPTION.test(rest) && !clauses.some((c) => c.isCase)
  return clauses.map((clause) => ({ ...clause, isPlain }))
}

/** The part after a colon: "no small talk: keep it short". */
const afterColon = (clause: string): string => clause.slice(clause.lastIndexOf(': ') + 1).trim()

/** Softens a demand without limiting it to a case. */
const SOFTENER = pattern(String.raw`,?\s*{app/softener}\b,?`, 'g')
/** The exception at the end of a general demand. */
const EXCEPTION = pattern(String.raw`(?:,\s*|\s+){app/exception}\b.*$`)

/** A condition in front, up to its comma. */
const BEFORE_CASE = '(?:and |but |und |aber |also |however,? |only |nur )?'
const CASE_FIRST = pattern(String.raw`^(?:\p{P}*\s*)${BEFORE_CASE}{app/case}\b`, 'u')
const FRONTED = pattern(
  String.raw`^(${BEFORE_CASE}{app/case}\b[^,:]{0,200}(?:[,:]|$)` +
    String.raw`|(?:[^,]{0,60}\b)?{app/user-asks}\b[^,]{0,120},(?= {app/then}))`,
)
/** A condition further on. */
const CASE_WITHIN = pattern(String.raw`\b{app/case-within}\b`)

/** A condition that is always met: "when you answer", "in every reply". */
const EVERY_CASE = pattern('^(?:and |but |und |aber |also )?{app/every-case}')

/** An instruction to the assistant. */
const IMPERATIVE = pattern(
  String.raw`^\W*(?:{app/before-imperative}[,:]?\s+)*{app/imperative}(?![\p{L}])`,
  'u',
)
/** The subject of the sentence is the answer or the assistant. */
const SUBJECT = pattern(String.raw`\b{app/about-answers}`)
/** Says what the assistant is able or allowed to do, or what others do. */
const ABILITY = pattern(String.raw`^\W*{app/ability}`)

const isDirectedAt = (sentence: string, { under }: Scope): boolean => {
  const said = sentence.replace(FRONTED, '').trim()
  return IMPERATIVE.test(said) || SUBJECT.test(sentence) || STYLE_HEADING.test(under)
}

const STYLE_HEADING = pattern(String.raw`\b{app/style-heading}\b`)
