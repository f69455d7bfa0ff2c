/**
 * Recognizes requests whose answer a program reads: an app asks for a title, a label, a verdict,
 * data, a query or a summary of the chat. Style does not matter there, further answers are wasted,
 * and nothing can be learned about the person. The signs are in the form of the instructions: an
 * order with an object, an exact format, named outputs, slots to fill.
 */
import type { SystemPrompt } from '../../adapters/formats/choice-log.ts'
import { bothEnds, clausesOfApp } from '../text/clauses.ts'
import { remembered } from '../text/remembered.ts'
import { textOf } from '../text/request-text.ts'
import { foldedMatcher, foldWords } from '../text/word-match.ts'
import { pattern } from '../text/words.ts'
import {
  hasBlanks,
  isForProgram,
  isNoSpeech,
  isTerseWork,
  isWorkOrder,
  namesChoice,
  namesFallback,
} from './program-signs.ts'
import { sentencesOf } from './stated.ts'

/** Tasks of programs, strongest sign first: the sections `program/task/…` of text/words. */
const TASKS = [
  'title',
  'query',
  'suggestions',
  'summary',
  'verdict',
  'rating',
  'label',
  'extract',
] as const
/** Tasks that count only beside named outputs or an input: `program/weak-task/…`. */
const WEAK_TASKS = ['label', 'extract'] as const

/** What the words ask for. The body of a request has further signs (api/messages/limits.ts). */
type ProgramReason = (typeof TASKS)[number] | 'data' | 'exact_form'

/** instructions: texts of the system messages. */
export type Asked = {
  readonly system?: SystemPrompt | undefined
  readonly instructions?: readonly string[] | undefined
  readonly messages: readonly { readonly role: string; readonly content: SystemPrompt }[]
}

export const programReason = ({
  system,
  instructions = [],
  messages,
}: Asked): ProgramReason | null => {
  for (const text of [...(system === undefined ? [] : [textOf(system)]), ...instructions]) {
    const reason = askedByInstructions(text)
    if (reason) return reason
  }
  const last = messages.findLast((m) => m.role === 'user')
  return last ? askedByMessage(textOf(last.content)) : null
}

/** What an app's instructions ask for. A chat that may also summarize or classify is no program. */
export const askedByInstructions = remembered((text: string): ProgramReason | null => {
  const orders = ordersIn(text)
  const signs = signsOf(text, orders)
  const sure = sureReason(signs)
  if (sure || CHATS.test(foldWords(bothEnds(text)))) return sure
  const { task, hasOptions, isOfApp, hasRole, isLaidOut } = signs
  if (isLaidOut || isTerseWork(foldWords(text), orders)) return task?.kind ?? 'exact_form'
  if (hasRole && (task || hasOptions || isOfApp)) return task?.kind ?? 'exact_form'
  if (!task || task.isPersonal) return null
  const at = orders.indexOf(task.order)
  const nearby = orders.slice(at, at + 4).join('\n')
  const isWhole = !task.isWeak && (at === 0 || (NEEDS_NO_INPUT.has(task.kind) && isOfApp))
  return isWhole || MATCH.options.test(nearby) ? task.kind : null
})

/** What a message that an app filled in asks for. A person's question about a task is none. */
const askedByMessage = (text: string): ProgramReason | null => {
  const all = ordersIn(text)
  const orders = all.filter((order) => !ASKS.test(order) && !ASKED.test(order))
  const signs = signsOf(text, orders)
  const sure = sureReason(signs)
  if (sure) return sure
  const { task, hasOptions, isOfApp, hasRole, hasInput, lastLine } = signs
  const kind = task?.kind ?? 'exact_form'
  if (signs.isLaidOut || isNoSpeech(text)) return kind
  if (isWorkOrder(bothEnds(text), all)) return kind
  if (FOR_PEOPLE.test(lastLine)) return task && !task.isPersonal && hasOptions ? kind : null
  if (SLOT.test(lastLine)) return kind
  if (hasRole && (task || hasOptions || isOfApp)) return kind
  if (task?.isPersonal) return null
  if (hasOptions && (task || isOfApp || hasInput)) return kind
  return task && (hasInput || (isOfApp && NEEDS_NO_INPUT.has(task.kind))) ? kind : null
}

/** The signs of a program in a text. */
const signsOf = (text: string, orders: readonly string[]) => {
  const some = (pattern: RegExp) => orders.some((order) => pattern.test(order))
  const ends = bothEnds(text)
  const folded = foldWords(ends)
  const isChatLog = (ends.match(TURN)?.length ?? 0) >= 2
  return {
    isExact:
      some(MATCH.exclusive) ||
      some(MATCH.returns) ||
      some(MATCH.programRole) ||
      orders.some(isForProgram) ||
      orders.some(namesChoice) ||
      TAGS_OUT.test(ends),
    isData: orders.some(
      (order) => MATCH.data.test(order) && !DESCRIBES_INPUT.test(order) && !COMES_IN.test(order),
    ),
    isVerdict:
      NAMED_OUTPUT.test(ends) || sentencesOf(folded).some((s) => !ASKS.test(s) && VERDICT.test(s)),
    /** A form with blanks, or a fallback token. In a chat it may belong to a tool. */
    isLaidOut: hasBlanks(ends) || namesFallback(ends),
    hasOptions: MATCH.options.test(folded) || NAMED_OPTIONS.test(ends),
    isOfApp: some(MATCH.appSpeaks) || isChatLog,
    hasRole: some(MATCH.role),
    /** Turns of a chat, or a line that labels what follows. */
    hasInput: isChatLog || INPUT.test(ends),
    lastLine:
      ends
        .trimEnd()
        .split(/\n|[.!?] /)
        .at(-1) ?? '',
    task: taskOf(orders),
  }
}
type Signs = ReturnType<typeof signsOf>

const sureReason = ({ isExact, isData, isVerdict, task }: Signs): ProgramReason | null => {
  if (isExact || isData)
    return task && task.kind !== 'extract' ? task.kind : isData ? 'data' : 'exact_form'
  return isVerdict ? 'verdict' : null
}

/** Orders that apply in every case: sentences with their clauses; of conditional ones only clauses. */
const ordersIn = (text: string): string[] => {
  const clauses = clausesOfApp(text).filter((c) => !c.isAbility)
  const withCase = new Set(clauses.filter((c) => c.isCase).map((c) => c.sentence))
  return [
    ...new Set(
      clauses
        .filter((c) => !c.isCase)
        .flatMap((c) => (withCase.has(c.sentence) ? [c.text] : [c.sentence, c.text])),
    ),
  ]
}

/** Tasks that need no named outputs or input if the app speaks of the chat or its user. */
const NEEDS_NO_INPUT: ReadonlySet<ProgramReason> = new Set([
  'title',
  'query',
  'suggestions',
  'summary',
])

/** The first order whose verb and object name a task. */
const taskOf = (orders: readonly string[]) => {
  for (const { kind, isWeak, pattern } of TASK_MATCHERS) {
    // "Note 3: …" labels what follows it and is no order to note something.
    const order = orders.find((o) => pattern.test(o) && !INPUT.test(o))
    if (order === undefined) continue
    const read = isWeak ? orders : [order]
    const isPersonal = read.some((o) => MATCH.firstPerson.test(o) && !INPUT.test(o))
    return { kind, order, isWeak, isPersonal }
  }
  return null
}

const MATCH = {
  exclusive: foldedMatcher('{program/exclusive}'),
  data: foldedMatcher('{program/data-form}'),
  returns: foldedMatcher('{program/returns}'),
  options: foldedMatcher('{program/options}'),
  appSpeaks: foldedMatcher('{program/app-speaks}'),
  role: foldedMatcher('{program/role}'),
  programRole: foldedMatcher('{program/program-role}'),
  firstPerson: foldedMatcher('{program/first-person}'),
}
const ordersOf = (section: string) =>
  pattern(String.raw`^{program/before-order}*\W*{${section}}(?![a-z])`)
const TASK_MATCHERS = [
  ...TASKS.map((kind) => ({ kind, isWeak: false, pattern: ordersOf(`program/task/${kind}`) })),
  ...WEAK_TASKS.map((kind) => ({
    kind,
    isWeak: true,
    pattern: ordersOf(`program/weak-task/${kind}`),
  })),
]

/** An app that people talk with. */
const CHATS = pattern(String.raw`(?<!not )(?<!don't )(?<!never )\b{program/chats}`)

/** A question that begins with its verb. */
const ASKED = pattern(String.raw`^\W*{program/asked}\b`)

/** Describes the input: "you get the orders as JSON". */
const COMES_IN = pattern(String.raw`\b{program/comes-in}\b`)

/** Asks for a fact instead of giving an order. */
const ASKS = pattern(String.raw`^\W*{program/asks}\b`)

/** Describes the app's data, not the answer: "Prices are given as CSV." */
const DESCRIBES_INPUT = pattern(
  String.raw`^{program/input-subject}\b(?!.*\b{program/output-word}\b).{0,120}\b{program/is}\b`,
)

/** Names the two words that may be the answer. */
const VERDICT = pattern(
  String.raw`\b{program/say-quoted}(?: with| mit)? ["'\x60][a-z0-9_-]{1,20}["'\x60],?` +
    String.raw` {program/if}\b` +
    String.raw`|\b{program/say}\b(?: [a-z"'-]+){0,5} ?(?:` +
    String.raw`["'\x60(]*\b{program/yes}\b["'\x60)]*[^.\n]{0,80}?\b{program/no}\b|` +
    String.raw`["'\x60(]*\b{program/no-first}\b["'\x60)]*[^.\n]{0,80}?\b{program/yes-behind}\b` +
    String.raw`)(?!["'\x60]? {program/questions}\b)`,
)

/** An output in capitals, with its condition or its alternative. */
const NAMED_OUTPUT = pattern(
  String.raw`\b{program/reply}(?: {program/only-with}){0,2} ["'\x60*]*` +
    '(?!JSON|HTML|XML|YAML|CSV|SQL|ASCII|LATEX|MARKDOWN)' +
    String.raw`[A-Z][A-Z_]{2,}["'\x60*]*,? (?:if|when|otherwise|wenn|falls|sonst` +
    String.raw`|(?:or|oder) ["'\x60*]*[A-Z][A-Z_]{1,})\b(?! (?:questions?|[Ff]ragen))`,
)

const OR = String.raw`\s*(?:,|\/|\||\bor\b|\boder\b)\s*(?:or |oder )?`
const QUOTED = String.raw`["'\x60“„][\p{L}\p{N}_-]{1,25}(?: [\p{L}\p{N}_-]{1,15})?["'\x60”“]`
/** Outputs in capitals after a word such as "choose", or a list of quoted ones. */
const NAMED_OPTIONS = pattern(
  String.raw`{program/before-options}\b[^.\n]{0,60}?\b[A-Z][A-Z_]+\b\W{0,3}` +
    String.raw`${OR.slice('\\s*'.length)}\W{0,3}\b[A-Z][A-Z_]+\b|${QUOTED}${OR}${QUOTED}`,
  'u',
)

/**
 * The answer belongs in tags that enclose nothing in the text itself. Tags may also enclose input (a
 * document, a system message), so an answer must be named.
 */
const TAGS_OUT = pattern(
  String.raw`\b(?:{program/put}|{program/wrapped-answer}\b[^.\n]{0,60}?\b{program/wrapped})\b` +
    String.raw`[^.\n]{0,80}?\b{program/between}\b[^.\n]{0,30}?` +
    '<(?!think|scratch|reason|b>|i>|br|p>|code|pre|details)([a-z_]+)>' +
    String.raw`(?![\s\S]*<\1>[^<]{20})`,
  'i',
)

/** The last line is a label to fill in. */
const SLOT = pattern(
  String.raw`^[ \t>*#"-]*(?:[\p{L}\p{N}()/,'-]+ ){0,5}[\p{L}\p{N}()/,'-]+[*"]*[:：]["*]*$` +
    String.raw`|^\W*{program/output-label}\W*$`,
  'iu',
)
/** The last line is the label of an answer that people read. */
const FOR_PEOPLE = pattern(String.raw`^\W*(?:[\p{L}]+ ){0,2}{program/answer-label}\W*$`, 'iu')

/** A line that labels what follows it. */
const INPUT = pattern(
  String.raw`^[ \t>*#[(-]*(?:original |user |new |current |input |the )?{program/input}` +
    String.raw`(?: \d+| [A-Z])?[ \t*\])]*[:：]`,
  'imu',
)

const TURN = pattern(
  String.raw`^[ \t]*[*#>-]*[ \t]*{program/speaker}[ \t]*(?:\d+[ \t]*)?[*]*:`,
  'gim',
)
