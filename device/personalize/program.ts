/**
 * Whether a program reads the answer: an app asks for a title, a label, a verdict, data, a query, a summary of the chat. Style is no
 * matter there, several answers are wasted, and nothing about the person can be learned. Judged by how the instructions are built: an
 * order to the model with an object, an exact form, named outputs, slots to fill; not by whole phrases.
 */
import type { SystemPrompt } from '../../adapters/wire/choice-log.ts'
import {
  APP_SPEAKS,
  DATA_FORM,
  EXCLUSIVE,
  FIRST_PERSON,
  GIVEN_TEXT,
  OPTIONS,
  ROLES,
  TASKS,
} from './program-words.ts'
import { textOf } from './request-text.ts'
import { sentencesOf } from './stated.ts'
import { bothEnds, type Clause, clausesOfApp } from './statements.ts'
import { foldedMatcher, foldWords } from './word-match.ts'

/** What is read: where the request says so itself, or what its words ask for. */
export type ProgramReason =
  | 'forced_form'
  | 'prefill'
  | 'stop_sequences'
  | 'few_tokens'
  | 'data'
  | 'label'
  | 'verdict'
  | 'rating'
  | 'title'
  | 'query'
  | 'suggestions'
  | 'summary'
  | 'extract'
  | 'exact_form'

/** What the body of the request tells beside its texts. forcedForm: a schema, or a tool that must be used. */
export type ProgramHints = {
  readonly forcedForm?: boolean
  readonly stopSequences?: boolean
  readonly maxTokens?: number
}

/** instructions: the texts of system messages among the others. */
type Asked = {
  readonly system?: SystemPrompt | undefined
  readonly instructions?: readonly string[] | undefined
  readonly messages: readonly { readonly role: string; readonly content: SystemPrompt }[]
}

/** Fewer tokens than any answer in prose is given. */
const FEW_TOKENS = 100

export const programReason = (
  { system, instructions = [], messages }: Asked,
  { forcedForm, stopSequences, maxTokens }: ProgramHints = {},
): ProgramReason | null => {
  if (forcedForm) return 'forced_form'
  if (messages.at(-1)?.role === 'assistant') return 'prefill'
  if (stopSequences) return 'stop_sequences'
  // 0 asks for no answer at all.
  if (maxTokens !== undefined && maxTokens > 0 && maxTokens < FEW_TOKENS) return 'few_tokens'
  for (const text of [...(system === undefined ? [] : [textOf(system)]), ...instructions]) {
    const reason = askedByInstructions(text)
    if (reason) return reason
  }
  const last = messages.findLast((m) => m.role === 'user')
  return last ? askedByMessage(textOf(last.content)) : null
}

/** What the instructions of an app ask for; a chat that may also sum up or classify is none. */
export const askedByInstructions = (text: string): ProgramReason | null => {
  const clauses = clausesOfApp(text).filter((c) => !c.isCase && !c.isAbility)
  return judge(text, clauses, CHATS.test(foldWords(bothEnds(text))))
}

/** What a message asks for that an app has filled in; a question that speaks of such things is none. */
export const askedByMessage = (text: string): ProgramReason | null =>
  judge(
    text,
    clausesOfApp(text).filter((c) => !c.isCase && !ASKS.test(c.text)),
    false,
  )

const judge = (text: string, clauses: readonly Clause[], isChat: boolean): ProgramReason | null => {
  const some = (pattern: RegExp) => clauses.some((c) => pattern.test(c.text))
  const ends = bothEnds(text)
  const task = taskOf(clauses)
  const isData = some(MATCH.data)
  if (isData || some(MATCH.exclusive))
    return task && task.kind !== 'extract' ? task.kind : isData ? 'data' : 'exact_form'
  if (sentencesOf(foldWords(ends)).some((s) => !ASKS.test(s) && VERDICT.test(s))) return 'verdict'
  if (TAGS_OUT.test(ends)) return 'exact_form'
  const hasOptions = some(MATCH.options) || NAMED_OPTIONS.test(ends)
  const isOfApp = some(MATCH.appSpeaks) || isTranscript(ends)
  const slot = SLOT.test(ends.trimEnd().split('\n').at(-1) ?? '')
  if (slot && (task || isOfApp || hasOptions)) return task?.kind ?? 'exact_form'
  if (isChat) return null
  if (some(MATCH.role) && (task || hasOptions || isOfApp)) return task?.kind ?? 'exact_form'
  if (!task || task.isPersonal) return null
  if (hasOptions) return task.kind
  return isOfApp && ALONE.has(task.kind) ? task.kind : null
}

/** Tasks that an app's words about the chat and its user are enough for; the others need named outputs. */
const ALONE: ReadonlySet<ProgramReason> = new Set(['title', 'query', 'suggestions', 'summary'])

type Task = { readonly kind: ProgramReason; readonly isPersonal: boolean }

/** The first order whose verb and object are those of a task. */
const taskOf = (clauses: readonly Clause[]): Task | null => {
  for (const [kind, pattern] of TASK_MATCHERS)
    for (const { text } of clauses)
      if (pattern.test(text)) return { kind, isPersonal: MATCH.firstPerson.test(text) }
  return null
}

const ORDER =
  '^(?:\\W*(?:please|now|then|first|next|finally|bitte|nun|jetzt|dann|zuerst|danach|also|and|und)[ ,]+|(?:your|the|deine|ihre|die) (?:only |main |sole |einzige |erste )?(?:task|job|goal|role|purpose|objective|aufgabe)(?: here| now)? (?:is|ist)(?: es)?:?,? (?:to |simply to |only to )?|(?:task|instruction|instructions|aufgabe|anweisung|ziel|goal):? |### task:? |you (?:will|must|should|have to|need to|are to|are going to)(?: then| now| be)? (?:asked to |required to )?|i (?:want|need|would like) you to |(?:can|could|would) you (?:please )?|du (?:sollst|musst|wirst) |(?:based on|given|using|from|considering|after reading|in view of|read|you are given|here is|below is|ausgehend von|anhand|auf grundlage|aus)[^,.:]{0,120}[,.:] )*\\W*'

const MATCH = {
  exclusive: foldedMatcher(EXCLUSIVE),
  data: foldedMatcher(DATA_FORM),
  options: foldedMatcher(OPTIONS),
  appSpeaks: foldedMatcher(APP_SPEAKS),
  givenText: foldedMatcher(GIVEN_TEXT),
  role: foldedMatcher(ROLES),
  firstPerson: foldedMatcher(FIRST_PERSON),
}
const TASK_MATCHERS = TASKS.map(
  ([kind, words]) => [kind, new RegExp(`${ORDER}(?:${words})(?![a-z])`)] as const,
)

/** An app that people talk with. */
const CHATS =
  /\b(?:(?:answer|help|assist|support|advise|guide|greet|talk to|chat with|converse with|teach|serve|respond to|reply to) (?:all |any |our |the |your |every |their )?(?:users?|customers?|people|visitors?|guests?|students?|pupils?|learners?|readers?|clients?|members?|employees|questions?|user's questions|their|them|him|her)|(?:helpful|friendly|knowledgeable|general[- ]purpose) (?:ai )?assistant|(?:beantworte|hilf|hilfst|beantwortest|unterstutze|unterstutzt|berate|beratst|begleite)\w* (?:die |den |der |allen |unseren? |fragen|kund|nutzer|gast|schuler|menschen)\w*|hilfreicher? assistent)/

/** A clause that asks for a fact instead of giving an order. */
const ASKS =
  /^\W*(?:what|why|how|when|which|who|where|does|do|is|are|was|were|did|should|has|have|was|warum|wie|wann|welche\w*|wer|wo|ist|sind|hat|kann|soll|muss)\b/

/** An answer of two words, both named. */
const VERDICT =
  /\b(?:respond|reply|answer|say|output|return|write|print|give|antworte|antworten sie|sage?|gib|schreibe?)\b(?: [a-z"'-]+){0,5} ?(?:["'`(]*\b(?:yes|true|safe|pass|relevant|ja|wahr|sicher|1|correct|allow|grounded|supported)\b["'`)]*[^.\n]{0,80}?\b(?:no|false|unsafe|fail|irrelevant|nein|falsch|unsicher|0|incorrect|block|ungrounded|unsupported)\b|["'`(]*\b(?:no|false|unsafe|fail|irrelevant|nein|falsch|0)\b["'`)]*[^.\n]{0,80}?\b(?:yes|true|safe|pass|relevant|ja|wahr|1)\b)/

/** Outputs named in capitals or in quotation marks, after a word that gives them. */
const NAMED_OPTIONS =
  /(?:respond|reply|answer|return|output|say|print|either|labels?|class(?:es)?|categor(?:y|ies)|one of|as|with|into|intent|verdict|antworte|gib|mit|als|entweder|in|kategorien?|klassen?)\b[^.\n]{0,60}?(?:["'`“„*]*\b[A-Z][A-Z_]+\b["'`”“*]*\s*(?:,|\/|\||\bor\b|\boder\b)\s*(?:or |oder )?["'`“„*]*\b[A-Z][A-Z_]+\b|["'`“„][\p{L}\p{N}_ -]{1,25}["'`”“]\s*(?:,|\/|\||\bor\b|\boder\b|\band\b|\bund\b)\s*(?:or |oder |and |und )?["'`“„][\p{L}\p{N}_ -]{1,25}["'`”“])/u

/** The answer is to stand in tags that nothing in the text stands in. */
const TAGS_OUT =
  /\b(?:put|place|wrap|enclose|output|return|write|surround|setze?|schreibe?|umschließe|gib)\b[^.\n]{0,80}?\b(?:in|inside|within|between|into|with|using|innerhalb|zwischen)\b[^.\n]{0,30}?<(?!think|scratch|reason|b>|i>|br|p>|code|pre|details)([a-z_]+)>(?![\s\S]*<\1>[^<]{20})/i

/** The last line names what is to be filled in. An answer may be a person's. */
const SLOT =
  /^[ \t>*#"-]*(?:(?:[\p{L}-]+ ){0,3}(?:title|label|category|class|classification|verdict|score|rating|grade|output|quer(?:y|ies)|questions?|json|keywords?|tags?|topics?|summary|result|sentiment|intent|translation|judge?ment|decision|language|entities|sql|correction|rewrite|rewritten|titel|kategorie|klasse|ausgabe|bewertung|note|suchanfragen?|frage|fragen|zusammenfassung|ergebnis|urteil|stichworte|schlagworte|thema|absicht|stimmung|sprache|entscheidung)(?: [\p{L}()/]+){0,2})[*"]*[:：]["*]*$/iu

const TURN =
  /^[ \t]*[*#>-]*[ \t]*(?:user|human|customer|assistant|ai|bot|agent|chatbot|kunde|kundin|nutzer|benutzer|assistent|mensch)[ \t]*(?:\d+[ \t]*)?[*]*:/gim
const isTranscript = (text: string): boolean => (text.match(TURN)?.length ?? 0) >= 2
