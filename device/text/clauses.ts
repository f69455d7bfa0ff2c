/**
 * An app's instructions cut into clauses: what is quoted, given as material or told of abilities is
 * left out, and what holds only in certain cases ("if the user asks for code, …") is marked as
 * such. English and German; other languages have sentences only.
 */
import { foldWords } from './word-match.ts'

/**
 * One clause, lower-cased, without accents (ß is ss), quotations as "…". under: the heading or the
 * introducing line above it, likewise. isCase: holds only in certain cases. isDirected: its
 * sentence tells the assistant what to do, or how its answers are.
 */
export type Clause = {
  readonly text: string
  /** The sentence that it is a part of, without what softens it. */
  readonly sentence: string
  /** Nothing in the sentence is a certain case or an exception. */
  readonly isPlain: boolean
  readonly under: string
  readonly isCase: boolean
  readonly isDirected: boolean
  /** Tells what the assistant is able or allowed to do, or what others do. */
  readonly isAbility: boolean
}

/** Of longer texts both ends are read: what stands between is material rather than instruction. */
export const READ_CHARS = 8000

export const bothEnds = (whole: string): string => {
  const text = whole.replace(LONG_RUN, (run) => run.slice(0, MAX_RUN))
  return text.length <= 2 * READ_CHARS
    ? text
    : `${text.slice(0, READ_CHARS)}\n${text.slice(-READ_CHARS)}`
}

/**
 * A sign again and again (rules, indents, empty lines) says no more than a few of it, and patterns
 * that look for where it ends would take seconds.
 */
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

/**
 * Where a line stands: below which heading, and whether that makes it a case or no instruction at
 * all.
 */
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
const HEADING =
  /^\s{0,3}(?:#{1,6}\s+(.+?)#*\s*|\*\*([^*]{2,80})\*\*:?\s*|={2,}\s*(.+?)\s*={2,}|<([a-z][\w -]{1,40})>\s*|\[([^\]]{2,40})\]\s*)$/i

/** A longer line is no heading, and would take the patterns of one long to find out. */
const MAX_HEADING_CHARS = 160

const headingOf = (line: string): string | null => {
  if (line.length > MAX_HEADING_CHARS) return null
  const found = HEADING.exec(line)
  if (found) return found.slice(1).find((part) => part !== undefined) ?? ''
  // A line of capitals.
  return /^[\p{Lu}\s&/-]{4,60}:?$/u.test(line.trim()) && /\p{Lu}{3}/u.test(line) ? line : null
}

/** Headings of what is no instruction. */
const MATERIAL =
  /\b(?:examples?|context|handbook|manual|catalogue|catalog|menu|contract|price list|passages?|chunks?|articles?|knowledge(?: base)?|documents?|sources?|excerpts?|search results|background|faqs?|about (?:us|the (?:user|company|shop|product))|profile|memor(?:y|ies)|history|transcript|conversation|data|capabilit(?:y|ies)|abilit(?:y|ies)|skills?|what you can do|you can|tools?|beispiele?|kontext|handbuch|katalog|speisekarte|vertrag|auszuge?|preisliste|artikel|wissen(?:sbasis)?|dokumente?|quellen|hintergrund|uber (?:uns|den nutzer|die firma)|profil|verlauf|fahigkeiten|was du kannst|du kannst|werkzeuge)\b/

/** Tags hold material, but for those that are named after instructions. */
const TAGGED =
  /<(?!\/?(?:[a-z]+[_-])?(?:instructions?|rules?|guidelines?|guidance|style|tone|format|formatting|output|output_format|response|response_format|role|system|persona|identity|task|behaviou?r|constraints?|requirements?|policy|policies|important|notes?|limits?|voice|manner|dos?|donts?|anweisung(?:en)?|regeln?|stil|ton|rolle|aufgaben?|vorgaben?|verhalten|sprache|hinweise?|antworten?|antwortstil)[\s>_-])([a-z][\w-]{0,40})(?:\s[^>\n]{0,200})?>[\s\S]*?<\/\1>/gi
/** Tags around one line: the line counts. */
const TAG_PAIR = /<([a-z][\w-]{0,40})>([^<\n]{1,400})<\/\1>/gi
/** Lines of dashes around what the line before them announces. */
const RULED =
  /((?:context|below|following|document|excerpt|information|source|text|kontext|unten|folgend\w*|auszug|auszüge|dokument)[^\n]{0,120}\n+)[ \t]*([-=*#~_])\2{2,}[ \t]*\n[\s\S]*?\n[ \t]*\2{3,}[ \t]*(?=\n|$)/gi

/** Without code, tagged material and quotations. */
export const withoutMaterial = (text: string): string =>
  text
    .replace(/```[\s\S]*?(?:```|$)/g, '\n')
    .replace(TAGGED, '\n')
    .replace(TAG_PAIR, '$2')
    .replace(RULED, '$1')
    .replace(/"""[\s\S]*?"""/g, ' "…" ')
    .replace(/"[^"\n]{1,300}"|“[^”\n]{1,300}”|„[^“”\n]{1,300}[“”]|«[^»\n]{1,300}»/g, quoted)
    .replace(/(?<![\p{L}\p{N}])'[^'\n]{2,200}'(?!\p{L})/gu, quoted)

/** Words named rather than said are kept. */
const quoted = (quotation: string): string =>
  quotation.split(/\s+/).length <= 3 ? quotation : '"…"'

const sentencesOf = (text: string): string[] =>
  text
    .split(/(?<=[.!?…]["')\]]{0,2})\s+|(?<=[。！？])|;\s*/u)
    .map((s) => s.trim())
    .filter((s) => s !== '')

/**
 * Where a new clause begins: after a comma or a conjunction that a verb in the imperative, a
 * subject or a condition follows.
 */
const BOUNDARY =
  /\s*[,–—]\s+(?:(?:and|but|or|then|so|also|yet|und|aber|oder|sondern|doch|dann)\s+)?|\s+(?:and|but|then|und|aber|sondern|or|oder)\s+(?=(?:please|return|output|print|classify|extract|rate|summari[sz]e|list|always|never|do not|don't|bitte|immer|stets|nie|niemals|if|when|wenn|falls|you|your|du|deine|keine?|no|avoid|use|keep|be|include|provide|give|write|add|end|ask|make|limit|offer|explain|answer|respond|reply|verwende|nutze|benutze|vermeide|halte|schreibe?|antworte|gib|sei|erklare|stelle|biete|beende|fuge|verzichte|duze|sieze)\b)/

const clausesIn = (sentence: string, scope: Scope): Clause[] => {
  const text = sentence.replace(SOFTENER, ' ').trim()
  const isDirected = isDirectedAt(text, scope)
  const isAbility = ABILITY.test(text)
  const [, fronted = ''] = FRONTED.exec(text) ?? []
  const isCase = scope.isCase || (fronted !== '' && !EVERY_CASE.test(fronted))
  const rest = fronted === '' || isCase ? text : text.slice(fronted.length)
  // What follows a condition within a sentence belongs to it.
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

/** What is said of it: "no small talk: keep it short". */
const afterColon = (clause: string): string => clause.slice(clause.lastIndexOf(': ') + 1).trim()

/** Softens a demand without limiting it to a case. */
const SOFTENER =
  /,?\s*(?:(?:if|when|where|when)(?:ever)? (?:at all )?possible|as (?:far|much) as possible|wenn (?:immer |irgend )?moglich|wo (?:immer )?moglich|nach moglichkeit|soweit moglich)\b,?/g
/** What a general demand excepts. */
const EXCEPTION =
  /(?:,\s*|\s+)(?:unless|except (?:if|when|where|for)|es sei denn|ausser|sofern nicht|solange nicht)\b.*$/

/** A condition in front, up to its comma. */
const CASE =
  'if|when(?:ever)?|in case|should the|where(?:ver)?|once|after|before|during|while|only if|only when|as soon as|for|in (?:the )?case of|regarding|on request|upon request|wenn|falls|sobald|sofern|wann immer|nachdem|bevor|wahrend|bei|beim|fur|im falle?|auf wunsch|auf nachfrage|geht es um|fragt (?:der|die|ein|jemand)|mochte (?:der|die|ein|jemand)'
const CASE_FIRST = new RegExp(
  `^(?:\\p{P}*\\s*)(?:and |but |und |aber |also |however,? |only |nur )?(?:${CASE})\\b`,
  'u',
)
const FRONTED = new RegExp(
  `^((?:and |but |und |aber |also |however,? |only |nur )?(?:${CASE})\\b[^,:]{0,200}(?:[,:]|$)|(?:[^,]{0,60}\\b)?(?:fragt|fragen|mochte[nt]?|bittet|verlangt|wunscht)\\b[^,]{0,120},(?= (?:antworte|dann|so|gib|nutze|verwende|schreib)))`,
)
/** A condition further on. */
const CASE_WITHIN =
  /\b(?:if|when(?:ever)?|in case|where(?:ver)? (?:appropriate|useful|helpful|needed|necessary|relevant|suitable|it|they)|as (?:needed|appropriate|necessary|required)|only (?:if|when|for)|(?:for|with) (?!all|any|every|each|your|the|these|such)[a-z-]+(?: or [a-z-]+)? (?:topics|matters|questions|subjects|requests|issues|cases)|(?:bei|zu) (?!allen|jeder|deinen|ihren|den|diesen)[a-z-]+(?: (?:und|oder) [a-z-]+)? (?:themen|fragen|anliegen|fallen)|on request|upon request|wenn|falls|sobald|sofern|bei bedarf|auf wunsch|auf nachfrage|wo (?:sinnvoll|notig|hilfreich|passend)|gegebenenfalls|ggf\.?)\b/

/** A condition that is always met: "when you answer", "in every reply". */
const EVERY_CASE =
  /^(?:and |but |und |aber |also )?(?:after (?:your|the|giving|providing|an?) (?:[a-z]+ )?(?:explanation|reasoning|analysis|answer|response)\b|(?:when(?:ever)?|while|before|after|as) (?:you(?:'re| are)? )?(?:answer|respond|reply|repl|writ|communicat|talk|speak|chat|interact|convers|engag|address|assist|help|explain|formulat|giv|provid|present|generat|creat)\w*(?: (?:to|with|in|for|an?|the|any|all|every|each|your|our|their|user|users|user's|customer|customers|question|questions|query|queries|request|requests|message|messages|answer|answers|response|responses|reply|replies|people|someone|students?|visitors?|guests?|clients?|them|him|information|explanations?))*\s*[,:]?$|for (?:all|every|each|any|your) (?:of your )?(?:answers?|responses?|repl(?:y|ies)|messages?|questions?|requests?|interactions?|conversations?)\s*[,:]?$|(?:whenever|every time|each time|any time) you (?!are asked|receive|get |see )|(?:immer wenn|jedes mal,? wenn|wann immer) du |(?:for|with|after|in) (?:every|each|all|any) (?:[a-z]+ )?(?:claims?|terms?|concepts?|statements?|steps?|figures?|recommendations?|facts?|assertions?|ideas?|points?|definitions?|turns?)\b|(?:bei|fur|zu|nach) (?:jede[rnsm]?|allen?) (?:\w+ )?(?:behauptung|aussage|begriff|fachbegriff|konzept|schritt|empfehlung|zahl|angabe|definition|these)(?:en|e|s)?\b|(?:when|once|as soon as|wenn|sobald) (?:everything|all|the (?:matter|question|request|issue)|alles|das anliegen|die frage) (?:is|has been|ist )?(?:\w+ )?(?:said|done|answered|settled|resolved|finished|gesagt|geklart|erledigt|beantwortet)|for (?:clarity|readability|brevity|consistency|best results)\b|wenn du (?:antwortest|schreibst|sprichst|erklarst|mit (?:den |dem )?(?:nutzern?|kunden?|gasten|menschen) (?:sprichst|schreibst|redest))\s*[,:]?$|wenn sie (?:antworten|schreiben)\s*[,:]?$|(?:bei|in|fur) (?:jeder|allen|jede|alle|deinen|ihren|samtlichen) (?:\w+ )?(?:antwort|antworten|nachricht|nachrichten|frage|fragen|anfrage|anfragen)\s*[,:]?$|(?:beim|bei der|bei) (?:antworten|schreiben|beantwortung(?: von fragen)?)\s*[,:]?$)/

/**
 * A verb in the imperative at the beginning, or an answer or the assistant as what the sentence is
 * about.
 */
const VERB =
  'answer|respond|reply|write|keep|say|tell|mention|flag|admit|walk|use|avoid|be|stay|remain|give|provide|format|structure|organi[sz]e|present|include|add|limit|restrict|make|speak|talk|communicate|converse|explain|end|start|begin|open|finish|close|conclude|ask|stick|aim|strive|try|prefer|favou?r|adopt|maintain|address|mark|highlight|bold|emphasi[sz]e|list|number|summari[sz]e|skip|omit|leave|refrain|offer|greet|break|illustrate|support|back|hedge|express|phrase|word|sound|act|mimic|imitate|tailor|adapt|match|mirror|state|show|return|output|put|set|insert|render|default|deliver|craft|produce|generate|create|draft|strip|drop|cut|get|come|go|do|focus|ensure|guide|lead|walk|teach|help|let|sign|wrap|close|choose|select|employ|apply|follow|minimi[sz]e|maximi[sz]e|reduce|assume|take|play|pretend|no|not|never|always|only|so write|so use|so keep|so answer|so avoid|so no|without|max(?:imum)?|at most|one|two|three|short|brief|concise|plain|tone|style|length|format|voice'
const VERB_DE =
  'antworte\\w*|schreib\\w*|sag\\w*|zeig\\w*|belege?\\w*|kennzeichne\\w*|spare?\\w*|halte\\w*|verwende\\w*|benutze\\w*|nutze\\w*|setze\\w*|vermeide\\w*|sei|seien|bleib\\w*|gib|geben|formatiere\\w*|gliedere\\w*|strukturiere\\w*|stell\\w*|fuge\\w*|beende\\w*|beginne\\w*|starte\\w*|schliesse\\w*|duze\\w*|sieze\\w*|sprich|sprechen|rede\\w*|erklare\\w*|erlautere\\w*|fasse\\w*|formuliere\\w*|verzichte\\w*|achte\\w*|nenne\\w*|liste\\w*|nummeriere\\w*|stets|immer|nie|niemals|kein\\w*|nicht|bitte|nur|ohne|maximal|hochstens|max|mach\\w*|lass\\w*|begrenze\\w*|beschranke\\w*|drucke\\w*|frag\\w*|biete\\w*|hebe\\w*|markiere\\w*|prasentiere\\w*|komm\\w*|geh\\w*|liefere\\w*|arbeite\\w*|veranschauliche\\w*|begrusse\\w*|verabschiede\\w*|rede\\w*|orientiere\\w*|bevorzuge\\w*|also|darum|deshalb|ein(?:e|en)? (?:einzige[rnms]? )?(?:satz|zeile|absatz|wort)|zwei|drei|ton|tonfall|stil|lange|format|ansprache|kurze?|knappe?|(?:[a-z]+e)(?= (?:die|den|das|der|dem|dein\\w*|jede\\w*|alle\\w*|nie|immer|stets|bitte|dich|sie|ihn|ihm|ihr|ihnen|mit|auf|nur|kein\\w*|es|zu|ein|eine[nrm]?|aussagen|antworten)\\b)'
const VERB_OTHER =
  "reponds?|repondez|sois|soyez|utilise[zr]?|n'utilise[zr]?|evite[zr]?|ecris|ecrivez|garde[zr]?|limite[zr]?|ne|pas|termine[zr]?|commence[zr]?|tutoie\\w*|vouvoie\\w*|responde|contesta|se|se breve|usa|utiliza|evita|escribe|manten|limita|no|nunca|siempre|termina|empieza|rispondi|sii|scrivi|mantieni|non|mai|sempre|inizia|responda|seja|use|evite|escreva|mantenha|limite|nao|sempre|termine|comece"
const LEAD =
  '(?:please|under no circumstances|on no account|auf keinen fall|unter keinen umstanden|also|and|but|additionally|in addition|furthermore|generally|in general|by default|overall|importantly|important|note|remember(?: to)?|be sure to|make sure(?: to| that)?|ensure(?: that)?|try to|aim to|strive to|in your (?:answers?|responses?|repl(?:y|ies)|messages)|in all (?:your )?(?:answers?|responses?|repl(?:y|ies))|in (?:every|each) (?:answer|response|reply)|ausserdem|zudem|und|aber|grundsatzlich|generell|wichtig|in (?:deinen|allen|jeder|ihren)(?: deiner)? antwort(?:en)?|denk daran)[,:]?\\s+'
const IMPERATIVE = new RegExp(
  `^\\W*(?:${LEAD})*(?:${VERB}|${VERB_DE}|${VERB_OTHER})(?![\\p{L}])`,
  'u',
)
const SUBJECT =
  /\b(?:(?:your|all|every|each|the|any) (?:\w+ ){0,3}?(?:answers?|responses?|repl(?:y|ies)|messages?|outputs?|explanations?|tone|style|voice|writing|language|text|formatting)\b|(?:answers?|responses?|replies|messages) (?:should|must|are|shall|need|have|may not|ought|will)|you(?:'ll)? (?:should|must|always|never|only|will|shall|need|have to|are to|do not|don't|cannot|can't|may not|prefer|answer|respond|reply|write|speak|talk|communicate|use|keep|ask|avoid|sound|love|like|tend|address|explain|give|provide|end|start|begin|present|format|structure|are)|(?:deine|ihre|alle|jede|die) (?:\w+ ){0,2}?(?:antwort(?:en)?|nachrichten?|erklarungen|texte|ausgaben?)|antworten (?:sollen|sollten|mussen|sind|bitte|haben|werden)|du (?!kannst|konntest|hast|weisst|kennst|verstehst|bekommst|erhaltst|siehst)(?:[a-z]+st|sollst|solltest|musst|darfst|antwortest|schreibst|sprichst|redest|verwendest|benutzt|nutzt|duzt|siezt|haltst|stellst|gibst|erklarst|beendest|beginnst|vermeidest|bist|bleibst|formulierst|fasst|machst|setzt|verzichtest|lieferst|prasentierst|strukturierst|hast|willst|wirst)|sie (?:sollen|sollten|mussen|durfen|antworten|schreiben|verwenden|sprechen|halten|stellen|geben|erklaren|sind)|(?!kannst|konntest|hast|weisst|bekommst|erhaltst|siehst|findest)[a-z]+st du\b|(?:der|dein|ihr) (?:ton|stil|tonfall|umgangston)\b|(?:each|every one|all) of your \w+|(?:is|are|ist|sind) (?:not |nicht |never |nie )?(?:wanted|welcome|unwanted|banned|forbidden|desired|erwunscht|unerwunscht|verboten|tabu|ausgeschlossen)\b|^(?:antworten|erklarungen|anleitungen|losungen|answers|explanations|responses|replies|instructions) (?!(?:can|may|konnen|durfen|to|about|on|zu) )|nichts zu suchen\b|(?:cut off|truncated|abgeschnitten)\b|(?:zu|in|nach|bei) jede[rmns] (?:\w+ )?(?:gehort|kommt|steht|folgt) |(?:first|last|opening|closing) (?:words?|sentence|line) of (?:a|an|the|your|each|every) (?:reply|answer|response|message)|(?:every|each|all|any) (?:\w+ ){1,3}?(?:is|are|gets?|comes?|must be|should be|has to be) (?:\w+ ){0,6}?(?:explained|illustrated|set|shown|printed|marked|introduced|described|written|accompanied|given|presented|answered)|jede[rsn]? (?:\w+ ){1,3}?(?:wird|ist|werden|sind) |(?:erklart|erlautert|beschrieben|geantwortet|geschrieben|formuliert|begrundet) wird\b|geduzt|gesiezt|(?:the )?assistant(?:'s)? |der assistent |die assistentin )/
/** Tells what the assistant is able or allowed to do, or what others do. */
const ABILITY =
  /^\W*(?:you (?:can|could|may|are able to|are capable of|know how to|have (?:access|been|knowledge|a|the|deep|extensive|years)|understand|are (?:allowed|free|permitted) to)(?! not\b)|du kannst(?! (?:nicht|keine?))|du darfst(?! (?:nicht|keine?|nie))|du hast|sie konnen(?! nicht)|you (?:help|assist|support) |du hilfst|what you (?:can|are able to)|(?:das|was) (?:du |sie )?(?:hier )?(?:kannst|konnen)|(?:capabilities|abilities|skills|features|fahigkeiten)\b|(?:the )?users? |(?:the )?customers? |our |we |wir |unsere |(?:der|die) (?:nutzer|kund|gast|besucher)\w* )/

const isDirectedAt = (sentence: string, { under }: Scope): boolean => {
  const told = sentence.replace(FRONTED, '').trim()
  return IMPERATIVE.test(told) || SUBJECT.test(sentence) || STYLE_HEADING.test(under)
}

const STYLE_HEADING =
  /\b(?:style|tone|voice|manner|format(?:ting)?|output|response|responses|answer|answers|replies|rules?|guidelines?|instructions?|writing|communication|length|do|don'ts?|never|always|avoid|stil|ton|tonfall|formatierung|ausgabe|antwort(?:en|stil|format)?|regeln?|vorgaben?|richtlinien|vorgaben|anweisungen|sprache|kommunikation|schreibstil)\b/
