/**
 * Signs that a program takes the answer over as it is: where it goes is named, nothing may stand
 * beside it, its lines are laid out, a token stands for "there is none". Over lower-cased text
 * without accents, but for `LAID_OUT` and `FALLBACK`, which need the signs and capitals of the text.
 */
import { foldedMatcher, foldWords } from '../text/word-match.ts'

/** What software is called that reads, and what an answer is put into. */
const READER =
  '(?:(?:[a-z]+-)?(?:script|parser|program|hook|backend|frontend|pipeline|compiler|interpreter|scheduler|crawler|indexer|importer|job|workflow|automation|daemon|skript|programm|schnittstelle|datenbank|maschine|database|api))'
const PLACE =
  '(?:[a-z]+ )?(?:[a-z]+[-.])?(?:file|html|dom|template|attribut(?:e|en|es)?|database|db|table cell|column|field|config(?:uration)?|url|path|header|regex|crontab|shell|git|grep|sed|jq|code|variable|index|script|pipeline|spreadsheet|parser|json\\.parse|datei(?:en)?|vorlage|datenbank|spalte|feld|konfiguration|crontab|skript|quelltext|index|variable|tabelle|patterns?\\.[a-z]+)'
const READ = [
  `(?:is|are|be|gets?|being)(?: [a-z]+){0,3} (?:parsed|compiled|piped|deserialized|ingested|tokenized|vectori[sz]ed|embedded(?! in (?:the|a|our) (?:page|site|website|app))|machine[- ]read|fed (?:in)?to|string-matched|eval(?:uat)?ed by)`,
  `(?:is|are|be|gets?|being)(?: [a-z]+){0,3} (?:inserted|appended|pasted|substituted|written|copied|injected|loaded|imported|put|stored)(?: [a-z]+){0,2} (?:in|into|to|at|as) (?:the |a |an |our )?${PLACE}`,
  `(?:goes|lands|ends up|fed|flows|piped)(?: [a-z]+){0,2} (?:in|into|to) (?:the |a |an |our )?(?:${PLACE}|${READER})`,
  `(?:read|processed|consumed|parsed|executed|checked|evaluated|split|used|handled) by (?:a |an |the |our |another )?(?:[a-z]+ )?${READER}`,
  `(?:a|an|the|our) (?:[a-z]+ )?${READER} (?:[a-z]+ )?(?:reads?|pars(?:es|e)|expects?|consumes?|splits?|takes|inserts?|ingests?|executes?|runs|breaks|fails|chokes|cannot|can't)`,
  '(?:reply|answer|output|response|result|it|string|text) (?:is|will be|gets) (?:[a-z]+ )?(?:verbatim|as is|unchanged)|(?:compiled|inserted|used|copied|executed|passed|pasted|run) (?:verbatim|as is|unchanged)',
  '(?:serves?|used|needed|meant) (?:only |solely |purely )?(?:as|for) (?:a |an |the )?(?:search (?:vector|key)|embedding|lookup key|file ?name|retrieval)',
  '(?:replaces?|overwrites?|takes the place of) (?:the )?(?:(?:selected|marked|highlighted|original|old|previous) )?(?:text|selection|passage|messages|history|conversation|(?:input |text )?field)',
  'maschinell (?:[a-z]+ )?(?:aus|ein|weiter|ver|ge)[a-z]+|maschinenlesbar[a-z]*|(?:wird|werden) (?:[a-z]+ ){0,4}(?:geparst|kompiliert|vektorisiert|eingelesen|indexiert|indiziert)',
  `(?:wird|werden)(?: [a-z]+){0,3} (?:in|an|als|im) (?:die |das |den |der |ein |eine |einen )?${PLACE}(?: [a-z]+){0,2} (?:geschrieben|eingefugt|eingesetzt|angehangt|gesetzt|ubernommen|kopiert|geladen|gespeichert)`,
  `(?:wird|werden)(?: [a-z]+){0,3} (?:vom|von (?:einem|einer|der|dem|unserem|unserer)|durch (?:ein|eine|einen|das|die|den)) (?:[a-z]+ )?${READER}`,
  'wird (?:an|in) (?:die|das|den) [a-z]+ (?:angehangt|eingefugt|geschrieben)|wird direkt (?:in|an) ',
  '(?:landet|fliesst|geht|wandert|kommt)(?: [a-z]+)? (?:ungepruft|unverandert|direkt|so|automatisch)(?: [a-z]+)? (?:in|im|an|ins)',
  `(?:das|der|die|ein|eine|unser|unsere) ${READER} (?:[a-z]+ ){0,4}?(?:liest|setzt|fugt|parst|ubernimmt|erwartet|wertet|verarbeitet|fuhrt|bricht|zerlegt)|(?:lese|lesen)(?: [a-z]+){0,4} (?:per|mit) (?:dem |einem )?${READER}|kann vom system nicht|per ${READER} (?:ein|aus|weiter)[a-z]*`,
  '(?:dient|ist|wird)(?: [a-z]+){0,3} als (?:suchvektor|suchschlussel|einbettung|dateiname|schlussel|embedding)',
  '(?:ersetzt|uberschreibt) (?:den|die|das) (?:(?:markierten|ausgewahlten|ursprunglichen|alten|bisherigen) )?(?:text|abschnitt|bereich|nachrichten|verlauf|(?:eingabe|text)?feld)',
].join('|')

const BARE =
  '(?:[a-z]+-)?(?:pattern|regex|regexp|expression|value|number|string|code|quer(?:y|ies)|statement|command|key|id|identifier|label|name|symbol|character|emoji|date|sql|xml|json|csv|yaml|diff|url|muster|ausdruck|wert|zahl|ziffern?|zeichen|zeichenkette|befehl|schlussel|kurzel|kennung|nummer|datum)'
const EXCUSE =
  '(?:commentary|comments?|explanations?|justifications?|reasons?|extras?|remarks?|kommentare?|erlauterung(?:en)?|erklarung(?:en)?|begrundung(?:en)?|zusatze?|drumherum|anmerkung(?:en)?|rahmentext)'

/** Nothing may stand beside the answer. */
const ALONE = [
  '^(?:and |und )?(?:nothing (?:else|more|further|before|around|after)|nichts (?:weiter(?:es)?|anderes|sonst|davor|danach|drumherum|dazu))',
  '(?:nothing|nichts) (?:before|davor|vorher)|und sonst nichts',
  `nothing but (?:the |an? )?${BARE}|nichts als (?:das |den |die |der )?${BARE}`,
  'not a word (?:about|more|else|of|on)|kein wort (?:mehr|uber|dazu|zu)',
  `^(?:no|without(?: any)?|kein(?:e|en|erlei)?|ohne)(?: [a-z]+){0,1} ${EXCUSE}(?= ?(?:$|[.,;!]|or|oder|und|and))`,
  `(?:without|ohne) (?:any |jede[nr]? |jegliche[nr]? |weitere[nr]? )?${EXCUSE}(?= ?(?:$|[.,;!]|or|oder|und|and))`,
  '(?:no|without|drop the|kein|keine|ohne) (?:any |surrounding |outer |enclosing |leading |trailing |aussere |umschliessende |fuhrende )*(?:quotes(?= ?(?:$|[,.;]|and|or))|quotation marks|backticks|code fences?|markdown fences?|trailing (?:period|punctuation|full stop)|anfuhrungszeichen|anfuhrungsstriche|schlusspunkt|schragstriche)',
  '^(?:ausgabe|output|ergebnis|result)(?: ?[:=]) (?:der|die|das|the|an?|one|eine?n?)',
  '(?:everything|anything|all) else (?:stays|remains|must stay|is (?:kept|left))|(?:leave|keep) (?:everything else|the rest)|(?:alles andere|der rest) bleibt',
  'von (?:begrundungen|erklarungen|erlauterungen|kommentaren) (?:ist|wird) (?:abzusehen|abgesehen)',
  `(?:raw|bare|naked|nackte[nsmr]?|blosse[nsmr]?|reine[nsrm]?|pures?) ${BARE}`,
  `(?:only|just|solely|allein|nur|lediglich|ausschliesslich)(?: (?:the|der|die|das|den|dem))?(?: [a-z-]+){0,1} ${BARE}(?= ?(?:$|[.,;!)]))`,
  '(?:give|send|hand|pass) back (?:the|only|just|one|a|an|it)(?![a-z]| (?:money|item|goods|parcel))|(?:zuruckgegeben|ausgegeben) wird|(?:auszugeben|zuruckzugeben) (?:ist|sind)|(?:eine?n?|die|den|das) (?:[a-z]+ ){1,3}zuruck(?= ?(?:$|[.,;]))',
  '^(?:ruckgabe|ruckgabewert|return value|returns|rueckgabe)(?: (?:ist|is|als|as|in)|:| =)',
  '^(?:please )?(?:return|output|emit|print) (?:[a-z0-9-]+ ){0,4}(?:codes?|ids?|strings?|values?|lists?|names?|labels?|keys?|numbers?|quer(?:y|ies)|expressions?|tags?)(?= ?(?:$|[.,;]))',
].join('|')

/** Lines of the answer that are laid out by number or name. */
const LINES =
  '^(?:(?:on )?(?:the )?(?:first|second|last|erste|zweite|letzte) (?:line|zeile)|(?:line|zeile) \\d|format (?:per|je|pro|for each) (?:line|row|zeile))(?: \\([^)]{1,40}\\))? ?[:=]|(?:per|for each|pro|je) (?:[a-z]+ )(?:eine zeile|one line|a line|one row)(?: ?:|$| [(\\[])|zeilenweise|^(?:convert|transform|turn|wandle|uberfuhre|konvertiere)[a-z]* [^.]{1,80} (?:to|into|in|nach) (?:an? |eine?n? )?(?:[a-z]+ )?(?:csv|json|jsonl|xml|yaml|tsv|toml|sql)(?![a-z])|(?:separated|delimited|split|getrennt|abgetrennt) (?:by|with|durch|mit|von) (?:an? |eine?n? )?(?:[^a-z0-9 ]|pipe|comma|semicolon|tab|newline|komma|semikolon|strichpunkt|leerzeichen|space|zeilenumbruch)|(?:eine|in einer|in genau einer|one|single|on one) (?:line|zeile)(?: zuruck|, syntax| back)'

/** Whether a program takes over what this order asks for. */
export const isForProgram = (order: string): boolean =>
  (READ_MATCHER.test(order) && !OF_OTHERS.test(order)) ||
  ALONE_MATCHER.test(order) ||
  LINES_MATCHER.test(order)

/** Where the assistant or the app's data stands, and not the answer: "orders are stored in the database". */
const OF_OTHERS =
  /^(?:you(?:'re| are)|du bist|sie sind|(?:(?:all|our|the|their|each|every|past|alle|unsere|die|der) ){0,2}(?:[a-z']+ )?(?:orders?|customers?|users?|visitors?|guests?|tickets?|notes?|records?|documents?|files?|data|messages?|uploads?|photos?|prices?|recipes?|books?|bookings?|appointments?|articles?|products?|bestellung(?:en)?|kunden|nutzer|dokumente?|daten|rezepte?|preise?|buchung(?:en)?|termine?|bucher|artikel|produkte?) (?:is|are|was|were|will|can|ist|sind|wird|werden))(?![a-z])/

/** One of few outputs, bare words: "reply with same, different or unclear", "a word from the list". */
const CHOICE =
  /(?<![a-z0-9])(?:(?:antworte(?:n sie)?|reply|respond|answer|say|gib|sage?|write|print|nenne)(?: only| nur| just| bitte)? (?:with |mit )?(?:[a-z_]{2,20}, ){1,8}[a-z_]{2,20},? (?:or|oder) [a-z_]{2,20}(?= ?(?:[.!;]|$))|(?:(?:one|a single|an?|exactly one|eine?n?|genau eine?n?) )?(?:word|label|option|entry|value|term|item|wort|begriff|eintrag|wert) (?:from|of|out of|aus|von) (?:the|this|that|der|dieser|obiger) (?:[a-z]+ )?(?:list|set|options|liste|auswahl)|(?:from|of|aus|in|von|values|one of) [{[(][a-z_ ]+(?:[,|/][a-z_ ]+)+[}\])])/
export const namesChoice = (order: string): boolean => CHOICE.test(order)

/**
 * What people seldom ask of an answer, and programs need: a size in signs, a choice by a stroke or a
 * letter, an artefact that software keeps. Enough only where nobody speaks of themselves.
 */
const FORMAL = [
  '(?:\\d+|hundred|hundert) (?:characters|chars|zeichen)|(?<![\\d.,])(?:[1-9]|1[0-5]) (?:words?|wort(?:e|er|ern)?)(?![a-z])|(?:between|zwischen) \\d[\\d.,]* (?:and|und) \\d|tab(?:ulator|-separated)(?![a-z])',
  '[a-z]{2,12} ?/ ?[a-z]{2,12}(?: ?/ ?[a-z]{2,12})*(?= ?[.?]?$)|[a-z]{2,12} (?:or|oder) [a-z]{2,12}\\?$|[a-z]{3,}: ?(?:[a-z_-]+(?:, | or | oder )){1,8}[a-z_-]+\\.?$',
  '(?:a|b|1) (?:or|oder) (?:b|c|2)(?![a-z0-9])|[1-5] (?:to|bis|-) (?:5|6|10|100)|[01]-\\d+|1-5|1-10',
  '(?:file ?name|dateiname|slug|kebab case|snake case|camel case|sidebar|seitenleiste|search engine|suchanfrage|search query|one query|for retrieval|fur die (?:suche|datenbank)|sub-?questions|teilfragen|[a-z]+\\|[a-z]+\\||placeholders?|platzhalter|string table|alt[- ]text|iso 8601|iso[- ]\\d+|sql|regex|cron|schema|jsonl|embedding|quick replies|label|kommaseparierte|joined with|unanswerable)[a-z]*',
  '(?:code|number|numbers|label|word|team|letter) only|schlussel=wert|key=value|[a-z]+ ?= ?[a-z]+|(?:one|ein) [a-z]+ (?:each|je|pro) (?:line|zeile)|one each line',
  '(?:their|the|die|its) (?:numbers|nummern|ids|indices)|(?:mogliche|allowed|possible) (?:ausgaben|outputs|answers|antworten)',
  '(?:recipient|user|reader|nutzer|empfanger)[a-z]* (?:could|can|might|konnte|kann) (?:tap|click|pick|antippen|anklicken)|(?:is|are|wird|werden) (?:sent |verschickt )?(?:automatically|automatisch)|(?:renderer|script|parser) (?:draws?|reads?)',
  '(?:so that|such that|sodass|so zusammen,? dass) (?:the|das|der|ein) (?:assistant|model|agent|modell|assistent)',
].join('|')
const FORMAL_MATCHER = new RegExp(`(?<![a-z0-9])(?:${FORMAL})`)
export const isFormal = (order: string): boolean => FORMAL_MATCHER.test(order)

/** A person who asks: of themselves, politely, of the one who is to answer. */
const SPEAKS =
  /\b(?:i|i'm|i've|me|my|mine|we|us|please|can you|could you|would you|you think|do you|thanks|findest|meinst|denkst|haltst|ich|mir|mich|mein\w*|wir|uns|bitte|kannst|konntest|danke|hilf|help|explain|erklar\w*|why|warum|ich\w*|gib mir|wunsch\w*|plan\w*|ziel\w*|goal\w*)\b/
/** Beside the instruction stands something else: further paragraphs, a quotation, a line with a name. */
const BESIDE = /\n[^\n]|["“„«»][^"“”„«»\n]{8,}["”“»«]/
/** Instructions so short that no one is introduced in them. */
const MAX_TERSE_CHARS = 240
const IS_SOMEONE =
  /\b(?:assistants?|assistent\w*|chat\w*|you are|you're|du bist|sie sind|customers?|users?|people|kund\w*|nutzer\w*|menschen|help\w*|hilf\w*|beantwort\w*|answer (?:the|all|any|questions)|tutor\w*|unterstutz\w*|support\w*|advise\w*|advice|berat\w*|begleit\w*|coach\w*|guide\w*|friend\w*|reply|respond to|sprich\w*|speak|talk|explain|erklar\w*|conversation partner|tone|style|always|immer|stets)\b/

/** A message that only gives work to a model. */
export const isWorkOrder = (text: string, orders: readonly string[]): boolean =>
  BESIDE.test(text.trim()) && !SPEAKS.test(saidIn(text)) && orders.some(isFormal)

/** A line that is longer is no order, but what the order is about. */
const MAX_ORDER_CHARS = 160

/** The first line and the last, if that is short and no named one, without quotations. */
const saidIn = (text: string): string => {
  const lines = text.trim().split('\n')
  const last = lines.at(-1)!
  const isGiven = last.length > MAX_ORDER_CHARS || /^[\p{L} ]{1,30}:/u.test(last)
  return foldWords(`${lines[0]} ${isGiven ? '' : last}`.slice(0, 600)).replace(
    /["“„«»][^"“”„«»]{1,300}["”“»«]/g,
    ' ',
  )
}

/** Instructions that name only work and its form, and nobody who talks with someone. */
export const isTerseWork = (folded: string, orders: readonly string[]): boolean =>
  folded.length <= MAX_TERSE_CHARS && !IS_SOMEONE.test(folded) && orders.some(isFormal)

/** A message that is data as a whole, or ends in fields to fill: nobody types that to talk. */
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

const READ_MATCHER = foldedMatcher(READ)
const ALONE_MATCHER = new RegExp(`(?<![a-z0-9])(?:${ALONE})(?![a-z0-9])`)
const LINES_MATCHER = new RegExp(`(?<![a-z0-9])(?:${LINES})`)

/** A form with blanks to fill: JSON or XML without values, verdicts in double brackets, names of tabs. */
const LAID_OUT =
  /\{\s*"[\w-]{1,40}"\s*:\s*(?:"(?:…|\.\.\.|<[^"\n]{1,40}>)?"|\[\s*"(?:…|\.\.\.)?"|[\w-]{1,20}\|[\w-])|<[\w-]{1,40}(?:\s[\w-]{1,40}="")+\s*\/?>|<[\w-]{1,40}\/>\s*<[\w-]{1,40}\/>|\[\[[A-Z]\]\]|<TAB>|\b(?:[Ff]ormat|FORMAT|[Ss]yntax|[Oo]utput|[Aa]usgabe)\s*[:=→]\s*(?:`|[{[<]|[\w-]{1,30}[/;|=<][\w<])/

/** A token that stands for an answer that cannot be given. */
const FALLBACK =
  /\b(?:[Ii]f|[Oo]therwise|[Ee]lse|[Uu]nless|[Nn]icht|[Kk]eine?n?|[Ss]onst|[Ff]alls|[Ww]enn|[Nn]ot|[Nn]o|[Uu]nable|[Nn]one)\b[^.\n]{0,60}(?:→|->|=>|\b(?:print|output|return|emit|gib|schreibe?|say)\b(?: only| nur)?)\s*["'`]?(?:(?!JSON|XML|CSV|SQL|YAML|HTML|PDF)[A-Z]{3,20}(?:_[A-Z]+)*|-|null)["'`]?(?: (?:aus|zurück))?\s*(?:[.;\n]|$)/

export const hasBlanks = (text: string): boolean => LAID_OUT.test(text)
export const namesFallback = (text: string): boolean => FALLBACK.test(text)
