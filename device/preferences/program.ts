/**
 * Whether a program reads the answer: an app asks for a title, a label, a verdict, data, a query, a
 * summary of the chat. Style is no matter there, several answers are wasted, and nothing about the
 * person can be learned. Judged by how the instructions are built: an order to the model with an
 * object, an exact form, named outputs, slots to fill; not by whole phrases.
 */
import type { SystemPrompt } from '../../adapters/formats/choice-log.ts'
import { bothEnds, clausesOfApp } from '../text/clauses.ts'
import { remembered } from '../text/remembered.ts'
import { textOf } from '../text/request-text.ts'
import { foldedMatcher, foldWords } from '../text/word-match.ts'
import {
  hasBlanks,
  isForProgram,
  isNoSpeech,
  isTerseWork,
  isWorkOrder,
  namesChoice,
  namesFallback,
} from './program-signs.ts'
import {
  APP_SPEAKS,
  DATA_FORM,
  EXCLUSIVE,
  FIRST_PERSON,
  type Kind,
  OPTIONS,
  PROGRAM_ROLES,
  RETURNS,
  ROLES,
  TASKS,
  WEAK_TASKS,
} from './program-words.ts'
import { sentencesOf } from './stated.ts'

/** What its words ask for. The body of a request has further signs (api/messages/limits.ts). */
export type ProgramReason = Kind | 'data' | 'exact_form'

/** instructions: the texts of system messages among the others. */
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

/** What the instructions of an app ask for; a chat that may also sum up or classify is none. */
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
  const isWhole = !task.isWeak && (at === 0 || (ALONE.has(task.kind) && isOfApp))
  return isWhole || MATCH.options.test(nearby) ? task.kind : null
})

/**
 * What a message asks for that an app has filled in; a question that speaks of such things is none.
 */
export const askedByMessage = (text: string): ProgramReason | null => {
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
  return task && (hasInput || (isOfApp && ALONE.has(task.kind))) ? kind : null
}

/**
 * What a text has of what programs ask for. hasInput: a line that names what follows it, or turns
 * of a chat.
 */
type Signs = {
  readonly isExact: boolean
  readonly isData: boolean
  readonly isVerdict: boolean
  /** A form with blanks, or a token in place of an answer: in the instructions of a chat it may be a tool's. */
  readonly isLaidOut: boolean
  readonly hasOptions: boolean
  readonly isOfApp: boolean
  readonly hasRole: boolean
  readonly hasInput: boolean
  readonly lastLine: string
  readonly task: Task | null
}

const signsOf = (text: string, orders: readonly string[]): Signs => {
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
      (order) => MATCH.data.test(order) && !TELLS_OF_INPUT.test(order) && !COMES_IN.test(order),
    ),
    isVerdict:
      NAMED_OUTPUT.test(ends) || sentencesOf(folded).some((s) => !ASKS.test(s) && VERDICT.test(s)),
    isLaidOut: hasBlanks(ends) || namesFallback(ends),
    hasOptions: MATCH.options.test(folded) || NAMED_OPTIONS.test(ends),
    isOfApp: some(MATCH.appSpeaks) || isChatLog,
    hasRole: some(MATCH.role),
    hasInput: isChatLog || INPUT.test(ends),
    lastLine:
      ends
        .trimEnd()
        .split(/\n|[.!?] /)
        .at(-1) ?? '',
    task: taskOf(orders),
  }
}

const sureReason = ({ isExact, isData, isVerdict, task }: Signs): ProgramReason | null => {
  if (isExact || isData)
    return task && task.kind !== 'extract' ? task.kind : isData ? 'data' : 'exact_form'
  return isVerdict ? 'verdict' : null
}

/**
 * What is said in every case: whole sentences, and the parts of those that also tell of certain
 * cases.
 */
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

/**
 * Tasks that an app's words about the chat and its user are enough for; the others need named
 * outputs or an input.
 */
const ALONE: ReadonlySet<ProgramReason> = new Set(['title', 'query', 'suggestions', 'summary'])

type Task = {
  readonly kind: ProgramReason
  readonly order: string
  readonly isWeak: boolean
  readonly isPersonal: boolean
}

/** The first order whose verb and object are those of a task. */
const taskOf = (orders: readonly string[]): Task | null => {
  // "Note 3: …" names what follows it, and tells nobody to note something.
  for (const { kind, isWeak, pattern } of TASK_MATCHERS)
    for (const order of orders)
      if (pattern.test(order) && !INPUT.test(order))
        return {
          kind,
          order,
          isWeak,
          isPersonal: (isWeak ? orders : [order]).some(
            (o) => MATCH.firstPerson.test(o) && !INPUT.test(o),
          ),
        }
  return null
}

const ORDER =
  '^(?:\\W*(?:please|now|then|first|next|finally|bitte|nun|jetzt|dann|zuerst|danach|also|and|und)[ ,]+|(?:your|the|deine|ihre|die) (?:only |main |sole |einzige |erste )?(?:task|job|goal|role|purpose|objective|aufgabe)(?: here| now)? (?:is|ist)(?: es)?:?,? (?:to |simply to |only to )?|(?:task|instruction|instructions|aufgabe|anweisung|ziel|goal):? |### task:? |you (?:will|must|should|have to|need to|are to|are going to)(?: then| now| be)? (?:asked to |required to )?|i (?:want|need|would like) you to |(?:can|could|would) you (?:please )?|du (?:sollst|musst|wirst) |in [a-z0-9 -]{1,40}, |(?:based on|given|using|from|considering|after reading|in view of|read|you are given|here is|below is|ausgehend von|anhand|auf grundlage|aus)[^,.:]{0,120}[,.:] )*\\W*'

const MATCH = {
  exclusive: foldedMatcher(EXCLUSIVE),
  data: foldedMatcher(DATA_FORM),
  returns: foldedMatcher(RETURNS),
  options: foldedMatcher(OPTIONS),
  appSpeaks: foldedMatcher(APP_SPEAKS),
  role: foldedMatcher(ROLES),
  programRole: foldedMatcher(PROGRAM_ROLES),
  firstPerson: foldedMatcher(FIRST_PERSON),
}
const matchersOf = (tasks: typeof TASKS, isWeak: boolean) =>
  tasks.map(([kind, words]) => ({
    kind,
    isWeak,
    pattern: new RegExp(`${ORDER}(?:${words})(?![a-z])`),
  }))
const TASK_MATCHERS = [...matchersOf(TASKS, false), ...matchersOf(WEAK_TASKS, true)]

/** An app that people talk with. */
const CHATS =
  /(?<!not )(?<!don't )(?<!never )\b(?:(?:answer|help|assist|support|advise|guide|greet|solve|explain|tell|talk to|chat with|converse with|teach|serve|respond to|reply to) (?:all |any |our |the |your |every |their )?(?:users?|customers?|people|visitors?|guests?|students?|pupils?|learners?|readers?|clients?|members?|employees|questions?|problems?|user's questions|their|them|him|her)|(?:helpful|friendly|knowledgeable|general[- ]purpose) (?:ai )?assistant|(?:beantworte|hilf|hilfst|helfe|losen?|unterstutze|unterstutzt|berate|beratst|begleite|erklare)\w*(?! (?:sie|es|die \w+) nicht) (?:sie |du |ihnen |ihm |dir |die |den |der |allen |unseren? |fragen|kund|nutzer|gast|schuler|menschen)\w*|hilfreicher? assistent)/

/** A question that begins with its verb. */
const ASKED = /^\W*(?:wird|werden|will|would|can|could|woran|bevor|before)\b/

/** Tells what the model is handed: "you get the orders as JSON". */
const COMES_IN =
  /\b(?:you (?:get|receive|are given|will be given)|du (?:bekommst|erhaltst)|(?:bekommst|erhaltst) du|is provided (?:as|in))\b/

/** A clause that asks for a fact instead of giving an order. */
const ASKS =
  /^\W*(?:what|why|how|when|which|who|where|does|do|is|are|was|were|did|should|has|have|was|warum|wie|wann|welche\w*|wer|wo|ist|sind|hat|kann|soll|muss)\b/

/** Says how what the app has comes, and nothing of the answer: "Prices are given as CSV." */
const TELLS_OF_INPUT =
  /^(?:the|this|these|each|every|all|our|its|they|products?|prices?|data|inputs?|records?|messages?|documents?|der|die|das|diese|alle|jede[rs]?|unsere?|daten|preise)\b(?!.*\b(?:outputs?|responses?|answers?|repl(?:y|ies)|results?|must|should|shall|need|ausgaben?|antwort(?:en)?|ergebnis(?:se)?|muss|mussen|soll|sollen|schema)\b).{0,120}\b(?:is|are|was|were|comes?|arrives?|ist|sind|wird|werden|liegt|liegen|kommt|kommen|steht|stehen)\b/

/** An answer of two words, both named. */
const VERDICT =
  /\b(?:respond|reply|answer|say|output|return|write|print|give|antworte|gib|schreibe?)(?: with| mit)? ["'`][a-z0-9_-]{1,20}["'`],? (?:if|when|for|otherwise|wenn|falls|sonst)\b|\b(?:respond|reply|answer|say|output|return|write|print|give|antworte|antworten sie|sage?|gib|schreibe?)\b(?: [a-z"'-]+){0,5} ?(?:["'`(]*\b(?:yes|y|true|safe|pass|relevant|ja|wahr|sicher|1|correct|allow|grounded|supported)\b["'`)]*[^.\n]{0,80}?\b(?:no|n|false|unsafe|fail|irrelevant|nein|falsch|unsicher|0|incorrect|block|ungrounded|unsupported)\b|["'`(]*\b(?:no|false|unsafe|fail|irrelevant|nein|falsch|0)\b["'`)]*[^.\n]{0,80}?\b(?:yes|true|safe|pass|relevant|ja|wahr|1)\b)(?!["'`]? (?:questions?|fragen)\b)/

/** An output in capitals, and when it is to be given or what to give otherwise. */
const NAMED_OUTPUT =
  /\b(?:[Rr]espond|[Rr]eply|[Aa]nswer|[Rr]eturn|[Oo]utput|[Ss]ay|[Pp]rint|[Aa]ntworte|[Gg]ib|[Ss]age?)(?: (?:only|just|with|mit|nur|either|entweder)){0,2} ["'`*]*(?!JSON|HTML|XML|YAML|CSV|SQL|ASCII|LATEX|MARKDOWN)[A-Z][A-Z_]{2,}["'`*]*,? (?:if|when|otherwise|wenn|falls|sonst|(?:or|oder) ["'`*]*[A-Z][A-Z_]{1,})\b(?! (?:questions?|[Ff]ragen))/

/**
 * Outputs named in capitals after a word that gives them, or in quotation marks one after the
 * other.
 */
const NAMED_OPTIONS =
  /(?:[Rr]espond|[Rr]eply|[Aa]nswer|[Rr]eturn|[Oo]utput|[Ss]ay|[Pp]rint|[Ee]ither|[Ll]abels?|[Cc]lass(?:es)?|[Cc]ategor(?:y|ies)|[Oo]ne of|\bas|\bwith|\binto|[Ii]ntent|[Vv]erdict|[Ww]hether to|[Aa]ntworte|[Gg]ib|\bmit|\bals|[Ee]ntweder|[Kk]ategorien?|[Kk]lassen?)\b[^.\n]{0,60}?\b[A-Z][A-Z_]+\b\W{0,3}(?:,|\/|\||\bor\b|\boder\b)\s*(?:or |oder )?\W{0,3}\b[A-Z][A-Z_]+\b|["'`“„][\p{L}\p{N}_-]{1,25}(?: [\p{L}\p{N}_-]{1,15})?["'`”“]\s*(?:,|\/|\||\bor\b|\boder\b)\s*(?:or |oder )?["'`“„][\p{L}\p{N}_-]{1,25}(?: [\p{L}\p{N}_-]{1,15})?["'`”“]/u

/**
 * The answer is to stand in tags that nothing in the text stands in. What comes wrapped in tags (a
 * document, a message of the system) is no answer: there an answer must be named.
 */
const TAGS_OUT =
  /\b(?:put|place|wrap|enclose|output|return|write|surround|setze?|schreibe?|umschließe|gib|(?:answers?|response|reply|result|summary|translation|verdict|label|everything|antwort|ausgabe|ergebnis)\b[^.\n]{0,60}?\b(?:wrapped|enclosed|surrounded|umschlossen))\b[^.\n]{0,80}?\b(?:in|inside|within|between|into|with|using|innerhalb|zwischen)\b[^.\n]{0,30}?<(?!think|scratch|reason|b>|i>|br|p>|code|pre|details)([a-z_]+)>(?![\s\S]*<\1>[^<]{20})/i

/** The last line names what is to be filled in. */
const SLOT =
  /^[ \t>*#"-]*(?:[\p{L}\p{N}()/,'-]+ ){0,5}[\p{L}\p{N}()/,'-]+[*"]*[:：]["*]*$|^\W*(?:output|result|json|label|ausgabe|ergebnis)\W*$/iu
/** Of an answer that people read. */
const FOR_PEOPLE =
  /^\W*(?:[\p{L}]+ ){0,2}(?:answer|response|reply|assistant|ai|bot|antwort|assistent)\W*$/iu

/** A line that names what follows it. */
const INPUT =
  /^[ \t>*#[(-]*(?:original |user |new |current |input |the )?(?:text|question|query|context|input|message|statement|claim|evidence|document|passage|article|review|comment|e-?mail|request|note|sentence|answer|summary|reference|transcript|conversation|utterance|ticket|abstract|tweet|post|hypothesis|premise|schema|goal|facts|diff|code|frage|anfrage|eingabe|nachricht|aussage|behauptung|beleg|absatz|artikel|rezension|bewertung|kommentar|notiz|satz|antwort|kontext|verlauf|dokument|auszug)(?: \d+| [A-Z])?[ \t*\])]*[:：]/imu

const TURN =
  /^[ \t]*[*#>-]*[ \t]*(?:user|human|customer|caller|assistant|ai|bot|agent|chatbot|kunde|kundin|nutzer|benutzer|assistent|mensch|ki)[ \t]*(?:\d+[ \t]*)?[*]*:/gim
