/**
 * How apps ask for answers that a program reads, in English and German: bodies of regular
 * expressions over lower-cased text without accents (`foldedMatcher`).
 */

const ONLY =
  '(?:only|just|exactly|solely|strictly|exclusively|nothing but|nothing other than|simply)'
/**
 * What an exclusive demand may be limited to without a program reading it: topics, sources,
 * languages, a person's own wish.
 */
const NOT_OUTPUT =
  '(?! ?(?:me|us|to|if|when|in (?:the (?:same|language|user)|english|german|french|spanish|italian|[a-z]+ language)|about|on|from|based|using|what|things|information|facts|content|knowledge|data from|questions?|quer(?:y|ies)|topics?|requests?|products?|services?|sources?|tools?|when|for|as (?:a|the) (?:[a-z]+ )?(?:character|assistant|persona)|as much|as many|as long|enough|(?:the )?necessary|what|relevant|verified|high|once|after|before|code that)(?![a-z]))'

/** Only this and nothing else: of verbs by which programs are answered. */
export const EXCLUSIVE = [
  `(?:respond|reply|answer)(?:ing|s)? (?:back )?(?:${ONLY} )?(?:with|as|by) ${ONLY}${NOT_OUTPUT}`,
  `(?:respond|reply|answer)(?:ing|s)? (?:back )?${ONLY} (?:with|as|by|in (?:valid|raw|pure|strict))${NOT_OUTPUT}`,
  `${ONLY} (?:respond|reply|answer) (?:with|as|by)${NOT_OUTPUT}`,
  `(?:return|output|print|emit|produce|generate|write|provide|send|state|give) ${ONLY}${NOT_OUTPUT}`,
  `(?:only|just|exclusively|solely) (?:return|output|print|emit|produce|generate|provide|write|send)${NOT_OUTPUT}`,
  `(?:return|output|print|emit|respond with|reply with|answer with|provide|write|generate) (?:[a-z0-9'"./-]+ ){1,7}(?:only|alone|and nothing else|and nothing more|nothing else)(?= ?(?:$|[.,;:!)(]))`,
  `your (?:entire |whole |full |complete |final )?(?:output|response|reply|answer) (?:must|should|has to|needs to|may|can|will|is to|shall) (?:be|consist of|contain|include|have) ${ONLY}`,
  `your (?:entire |whole |full |complete )?(?:output|response|reply|answer) (?:must|should|will|has to) (?:be|consist of) (?:a single|one|valid|an? [a-z]+ (?:object|array|list|word|number|label))`,
  'no (?:other|additional|extra|further|surrounding) (?:text|words|characters|output|content)',
  "(?:do not|don't|never) (?:include|add|write|output|return|provide|print|give) (?:[a-z]+ ){0,3}(?:anything else|any other text|other text|extra text|additional text|any text (?:before|after|besides|other)|explanations? or|any explanation|explanatory text|surrounding)",
  '(?:respond|reply|answer) with (?:exactly |only )?one of(?: ?:| (?:them|these|those|the))|(?:antworte|antworten sie) mit einem? (?:davon|dieser|der)',
  '(?:exactly|only) (?:this|the following) (?:template|format|form|structure|schema)|(?:genau|exakt) (?:diese[rsnm]?|das folgende|folgende[snr]?) (?:vorlage|format|form|muster|schema)',
  'your (?:output|response|reply|answer) (?:must|should|shall|will|is to|has to) [a-z ]{1,60} (?:alone|only)',
  // "Reply with the name of the tool."
  "(?:respond|reply|answer) with (?:the|its|their|one|an?|your) (?:[a-z']+ ){0,2}(?:names?|numbers?|ids?|labels?|letters?|ind(?:ex|ices)|codes?|categor(?:y|ies)|titles?|words?|scores?|verdict|option|value|keys?|tokens?|intent|language|emoji|priority|severity|status|class|grade|digits?)(?! (?:of (?:your|a) (?:choice|words)|each|by))",
  '(?:antworte|antworten sie) (?:bitte )?mit (?:dem|der|den|einem|einer|genau einem|genau einer) (?:[a-z0-9]+[- ]){0,3}(?:kurzel|kennung|schlussel|muster|ziffer|symbol|zeichen|namen?|nummern?|buchstaben|kategorie|wort|zahl|titel|option|wert|label|code|id|emoji|begriff|sprache|zahlenwert|prioritat|klasse|note|status)',
  '(?:just|only|nur) (?:the|der|die|das|den) (?:[a-z]+ )?(?:code|number|name|letter|word|title|label|category|score|id|json|query|command|expression|subject(?: line)?|translation|betreff|ausdruck|abfrage|ubersetzung|buchstaben?|zahl|namen?|wort|titel|kategorie|ergebnis)(?= ?(?:[.,;!]|$))',
  'keine? (?:weitere[nrs]?|andere[nrs]?) (?:worte?|text|ausgaben?|zeichen)',
  '(?:gib|geben sie) (?:[a-z0-9"-]+[ ,]+){1,8}zuruck|(?:gib|geben sie) (?:eine?n? |den |die |das )?(?:einzige[ns]? )?(?:[a-z]+-)?(?:zahl|ziffer|\\d|wort|label|code|liste|kategorie|wert|id|nummern?|namen) (?:[a-z0-9"-]+[ ,]+){0,6}aus',
  "(?:and|then|finally|also) (?:output|print|emit|return) (?:[a-z'-]+ ){1,6}(?:letter|number|index|id|label|code|score|word|value)s?",
  'nur (?:mit|als) (?:dem|der|den|einem|einer|einen|genau|validem|gultigem|reinem|json)(?! (?:[a-z]+ )?(?:auszugen|dokumenten|kontext|informationen|quellen|texten|inhalten|unterlagen|angaben|daten)(?![a-z]))',
  '(?:antworte|antworten sie|antwort|reagiere|erwidere)(?:[a-z]+)? (?:immer |stets |bitte |dann |mir )?(?:nur|ausschliesslich|lediglich|bloss|einzig|genau|exakt) (?:und (?:nur|ausschliesslich) )?(?:mit|als|durch|im)(?! (?:informationen|inhalten|angaben|fakten|wissen))',
  '(?:gib|geben sie|liefere|liefern sie|schreibe?|schreiben sie|erzeuge|erzeugen sie|generiere|erstelle|nenne|nennen sie|verwende|ausgabe:?) (?:bitte |als antwort |hier |immer |stets |dabei )?(?:nur|ausschliesslich|lediglich|bloss|einzig|genau|exakt)(?! (?:mir|uns|produkte|dinge|informationen|auskunft|auskunfte|fragen|empfehlungen|ratschlage|tipps|wenn|auf|in|bei|aus|so)(?![a-z]))',
  "(?:gib|geben sie|liefere|liefern sie|antworte|antworten sie) [a-z ,'-]{0,60}(?:und )?(?:sonst nichts|nichts anderes|nichts weiter|nichts sonst|keinen (?:weiteren |anderen |zusatzlichen )?text)",
  '(?:kein|keinen|keinerlei|ohne) (?:weiteren?|weiterer|zusatzlichen?|anderen?|sonstigen?|begleitenden?|umgebenden?) (?:text|worte?|kommentare?|zeichen|ausgaben?)',
  'deine (?:gesamte |ganze )?(?:antwort|ausgabe) (?:darf|soll|muss|besteht|enthalt) (?:nur|ausschliesslich|genau|lediglich|aus (?:nur|genau)|einzig)',
  '(?:nur|ausschliesslich) (?:das|den|die|der|ein|eine|einen) [a-z -]{1,40} (?:ausgeben|zuruckgeben|liefern|antworten|aus|zuruck)(?![a-z])',
].join('|')

const DATA = '(?:json|jsonl|ndjson|xml|yaml|toml|csv|tsv|protobuf|regex|sql|graphql|cypher)'

/** A data format asked for by a verb that programs are answered by. */
export const DATA_FORM = [
  `(?:respond|reply|answer|return|output|print|emit|produce|format|formatted|provide|generate|structure)(?:[a-z]*) (?:[a-z'"-]+[ ,]+){0,8}?(?:in|as|with|using|into|to|a|an|one|single|valid|raw|only|pure|strict|exactly|following|this|the|of|is)? ?(?:[a-z]+ ){0,2}${DATA}(?! (?:is|has|works|was|and why|means|differ|stands))`,
  `(?:valid|raw|strict|well-formed|minified|pure) ${DATA}(?:[- ](?:object|array|string|document|format|list))?`,
  `${DATA}[- ](?:object|array|list|document|string|format|schema|output|response) (?:with|of|in|containing|that|which|having|matching|only|as|below|:|like|using)`,
  `(?:output|response|answer|return|result|reply)(?: format)?:? ?(?:is |as |in |a |the |must be |should be |strictly )*(?:valid )?${DATA}`,
  `${DATA} (?:only|output|response)`,
  `(?:as|into|als|in) (?:an? |ein(?:en?|em)? )?(?:valid |single )?(?:json|xml|yaml|csv)(?:[- ](?:object|array|list|string|objekt|liste))?`,
  `match(?:es|ing)? (?:the|this) (?:following )?(?:${DATA} )?schema|conform(?:s|ing)? to (?:the|this) (?:following )?(?:${DATA} )?schema|according to (?:the|this) (?:following )?(?:${DATA} )?schema|(?:following|this|given) ${DATA}[- ](?:schema|format|structure|object|template)`,
  'use the (?:following |exact )?format:? [a-z<"]+(?: [a-z]+)?: ?[a-z<"]+',
  '(?:fields|keys|columns|felder|spalten|schlussel): [a-z_]+, [a-z_]+',
  `(?:with|having|containing|use|using|these|following|the) (?:the |exactly |these |following )*(?:keys|fields|properties|attributes|columns)(?: named)?(?::| ["'\`a-z_]+(?:,| and ))`,
  `(?:antworte|antworten sie|gib|geben sie|liefere|liefern sie|erzeuge|erstelle|generiere|ausgabe|ergebnis|antwort|formatiere|schreibe?)[a-z]* (?:[a-z'"-]+[ ,:]+){0,8}?(?:als|im|in|mit|ein|eine|einen|einem|valides?|gultiges?|folgendes?|reines?|nur|:|ist|am)? ?(?:[a-z]+ ){0,2}${DATA}(?:-[a-z]+)?(?! (?:ist|hat|bedeutet|und warum))`,
  `(?:valides?|valide[nms]|gultige[nms]?|reine[nms]?) ${DATA}(?:-[a-z]+)?`,
  `${DATA}-(?:objekt|array|liste|format|schema|struktur|codeblock|dokument)`,
  '(?:comma|semicolon|tab|pipe|newline)[- ]separated|separated by (?:commas?|semicolons?|newlines?|pipes?)|one (?:[a-z]+ )?per line|(?:each )?on (?:its own|a new|a separate|separate) lines?|in (?:einer )?eigene[nr]? zeilen?|kommagetrennt[a-z]*|(?:durch|mit) (?:komma(?:s|ta)?|semikolon[s]?|zeilenumbruche?[n]?|strichpunkte?) getrennt[a-z]*|ein[a-z]* (?:[a-z]+ )?pro zeile|je zeile (?:nur )?ein[a-z]*',
].join('|')

/** Verbs that people do not use for an answer, at the beginning of a clause: "Return the text." */
export const RETURNS =
  '^(?:please |and |then |finally |also )*(?:return|output|emit) (?:the|an?|any|all|each|every|up to|exactly|at most|one|two|three|\\d+|same|both|its|their|your|results?|them|it)(?![a-z])(?! (?:[a-z]+ )?(?:customer|item|product|goods|parcel|order|user to|policy|code))'

/** Labels, verdicts, numbers: one of a few outputs that the instructions name. */
export const OPTIONS = [
  '(?:one|exactly one|only one|any|either) of (?:the following|these|those|the (?:[a-z]+ )?(?:categories|labels|classes|options|values|intents|tags|topics))',
  '(?:pick|choose|select|one) (?:one )?(?:from|among|out of|between)(?: the following| these)?:? ?[a-z_]+(?: [a-z_]+)?, [a-z_ ]+|(?:wahle|wahlen sie) (?:eine[nrs]? )?(?:aus|von|zwischen)(?: folgenden)?:? ?[a-z_]+, [a-z_ ]+|: [a-z_]+, [a-z_]+(?:, [a-z_]+)*(?: (?:or|oder))? [a-z_]+\\?|(?:true|wahr)/(?:false|falsch)|y(?:es)?(?: or |/)n(?:o)?',
  '(?:categories|labels|classes|allowed values|possible values|intents|available (?:intents|categories|labels|tools|functions|actions|options)|valid (?:values|labels|categories)|kategorien|klassen|mogliche werte|erlaubte werte|labels|optionen|routen|routes):',
  '(?:output|ausgabe): (?!markdown|plain|prose|text)[a-z]+|ein (?:einziges |einzelnes )?(?:wort|buchstabe|zeichen)(?= ?(?:[.,!:]|$))',
  '(?:single|one) (?:word|token|letter|digit|number|integer|character|label|category|emoji)(?: only| answer|,|$|\\.)',
  '(?:yes|true) (?:or|/|\\|) ?(?:no|false)|(?:ja|wahr) (?:oder|/|\\|) ?(?:nein|falsch)|(?:yes|ja|true|1)/(?:no|nein|false|0)|0 (?:or|oder) 1|1 (?:or|oder) 0',
  '(?:otherwise|else|sonst|andernfalls|ansonsten),? (?:(?:respond|reply|answer|return|output|say|write|antworte|gib|schreibe?|sage?)(?: with| mit)? )?["\'`]?(?:no|none|false|0|null|nein|keine?|ok|safe|n/a|na|unknown|unbekannt|false|falsch|nichts|irrelevant|not_[a-z]+|other|sonstiges)(?![a-z])',
  '(?:integer|number|score|float|value|probability|percentage|rating|grade|zahl|wert|punktzahl|note|ganzzahl|punkte)s? (?:[a-z]+ ){0,3}(?:between|from|in the range|zwischen|von|\\()[ (]?(?:of )?-?\\d',
  '(?:scale|skala) (?:of|from|von) \\d|\\d+ ?(?:-|–|to|bis) ?\\d+ (?:scale|skala|points?|punkten?)|from -?\\d+ (?:\\([a-z ]+\\) )?to -?\\d+|von -?\\d+ (?:\\([a-z ]+\\) )?bis -?\\d+|between -?\\d+(?:\\.\\d+)? and \\d+|zwischen -?\\d+(?:[.,]\\d+)? und \\d+|out of (?:10|100|5|ten|five)',
  "(?:classify|categori[sz]e|label|tag|rate|mark|sort|klassifiziere|kategorisiere|markiere|bewerte|ordne|sortiere)[a-z]*(?: [a-z0-9'-]+){1,8} (?:as|into|als|in|zu) [a-z_-]+(?:, [a-z_-]+)*,? (?:or|oder) [a-z_-]+",
  '(?:if (?:there (?:is|are) (?:none|nothing|no [a-z ]{1,20}?)|none|nothing|missing|unknown|unclear|not (?:found|present|given))|(?:wenn|falls) (?:nichts|keine?[nrs]?)[a-z ]{0,25}?),? (?:then )?(?:return|output|answer|respond|reply|say|write|print|antworte|gib|schreibe?)(?: with| mit)? ["\'`]?(?:none|null|n/a|na|unknown|empty|nichts|keine?|leer|unbekannt)',
  ',? (?:or|oder) (?:none|null|n/a|nichts)(?= ?(?:[.]|$))',
  '[a-z_]+ ?\\| ?[a-z_]+ ?\\| ?[a-z_]+',
  '(?:eine?[rsnm]?|genau eine?[rsnm]?) (?:der|von) (?:folgenden|diesen|den (?:folgenden )?(?:kategorien|klassen|labels|themen))|(?:in eine|einer) der (?:folgenden )?(?:kategorien|klassen)',
].join('|')

/** What the conversation, the user or another assistant is called when an app speaks of them. */
export const APP_SPEAKS = [
  "(?:the |a |this |each |their |latest |last |first |following )?(?:user|human|customer|visitor|client|caller|student|assistant|chatbot|bot|model|ai|agent)(?:'s|s')? (?:[a-z]+ )?(?:messages?|quer(?:y|ies)|questions?|inputs?|requests?|prompts?|answers?|responses?|repl(?:y|ies)|utterances?|comments?|reviews?|intents?|turns?|complaints?|tickets?)",
  '(?:the|this|following|above|below|given|provided|previous|preceding|entire|whole|a|long|earlier) (?:[a-z]+ )?(?:conversations?|chats?|dialog(?:ue)?s?|exchanges?|transcripts?|discussion|message history|chat log|session|interaction)(?! (?:with|about) (?:my|me))',
  '(?:chat|conversation|message|dialog(?:ue)?) (?:history|log|so far|above|below|transcript|messages|context)|(?:chat|conversation)_history',
  '(?:user|human|assistant|the user|a user|a person) (?:might|may|could|would|will|is likely to|likely) (?:[a-z]+ )?(?:ask|say|want|type|send|click)',
  '(?:nachricht|frage|anfrage|eingabe|antwort|ausserung|anliegen|beschwerde)(?:en|n)? (?:des|der|eines|vom|von) (?:[a-z]+ )?(?:nutzer|benutzer|anwender|kunde|kundin|assistent|modell|bot|chatbot)[a-z]*|(?:nutzer|benutzer|kunden|assistenten|modell)(?:nachricht|frage|anfrage|eingabe|antwort|anliegen)(?:en|n)?',
  '(?:folgende|obige|bisherige|vorliegende|gegebene|untenstehende|nachfolgende|diese|ganze|letzte|die|das|der|des|dem)[nrsm]? (?:[a-z]+ )?(?:unterhaltung|konversation|gesprach[se]*|chats?|dialog[es]*|verlauf[s]?|austausch[s]?|chatverlauf[s]?|gesprachsverlauf[s]?|nachrichtenverlauf[s]?)',
  'chatverlauf|gesprachsverlauf|verlauf:|unterhaltung:|konversation:|gesprach:|(?:der|ein|die) (?:nutzer|benutzer|anwender|kunde)(?:in)? (?:als nachstes |vielleicht |wohl |moglicherweise )?(?:fragen|stellen|konnte|wurde|mochte)',
].join('|')

/** What a program may have made. */
export type Kind =
  | 'label'
  | 'verdict'
  | 'rating'
  | 'title'
  | 'query'
  | 'suggestions'
  | 'summary'
  | 'extract'

/** What is to be made: an imperative at the beginning of a clause, with its object. */
// biome-ignore format: a table
export const TASKS: readonly (readonly [Kind, string])[] = [
  ['title', "(?:name|label|title|entitle) (?:this|the|that) (?:[a-z]+ )?(?:conversation|chat|dialog(?:ue)?|thread|exchange|session)|(?:benenne|betitle)[a-z]*|(?:generate|create|write|provide|give|suggest|come up with|produce|make|return|respond with|reply with|output|summari[sz]e|choose|name|craft|formulate|propose|determine|find|assign|describe|label)(?: [a-z0-9'-]+,?){0,14}? (?:titles?|headlines?|file ?names?|subject lines?|names? for|slugs?|captions?|tags?|hashtags?|keywords?|topics?(?: names?| labels?)?|emojis?|labels? for|labels)|(?:erstelle|erzeuge|generiere|schreibe?|formuliere|vergib|gib|nenne|finde|fasse|wahle|schlage)[a-z]*(?: [a-z0-9'-]+,?){0,14}? (?:titel[ns]?|uberschrift(?:en)?|betreffzeile|betreff|namen|schlagworte?[rn]?|schlagworter[n]?|stichworte?[rn]?|tags?|hashtags?|emojis?|themen?|bezeichnung|kurztitel|dateinamen)"],
  ['query', "(?:generate|create|write|provide|rewrite|rephrase|reformulate|condense|convert|turn|transform|formulate|produce|expand|decompose|break|return|output|suggest|derive|come up with|resolve|make|paraphrase|list|optimi[sz]e|translate|determine)(?: [a-z0-9'-]+,?){0,14}? (?:(?:search|web|google|database|sql|retrieval|vector|lookup|rewritten|optimi[sz]ed|alternative|different|standalone|stand-alone|self-contained|sub-?)[- ]?(?:search )?(?:quer(?:y|ies)|questions?|keywords?|terms?|phrases?|strings?)|quer(?:y|ies)|standalone|stand-alone|self-contained|search engine|sub-?questions?|versions of (?:the|this)|hypothetical|(?:search |query )?filters?(?: expressions?)?)|(?:erstelle|erzeuge|generiere|schreibe?|formuliere|forme|wandle|verdichte|fasse|leite|gib|nenne|zerlege|umformuliere)[a-z]*(?: [a-z0-9'-]+,?){0,14}? (?:such(?:anfragen?|begriffe?n?|worter[n]?|wort|phrasen?|string)|eigenstandige[nrsm]?|in sich (?:geschlossene|verstandliche)[nrsm]?|teilfragen|unterfragen|datenbankabfragen?|abfragen?|sql|filter)"],
  ['suggestions', "(?:suggest|generate|propose|predict|provide|write|create|give|list|come up with|return|offer|recommend|think of)(?: [a-z0-9'-]+,?){0,10}? (?:follow-?ups?|next (?:questions?|prompts?|messages?|steps? for the user|user)|(?:questions?|prompts?|repl(?:y|ies)|responses?|messages?)(?: [a-z0-9'-]+){0,4} (?:the |a )?(?:user|human|customer|person|they|reader)(?: [a-z]+)? (?:might|may|could|can|would|will|to ask|is likely)|quick repl(?:y|ies)|suggested (?:questions?|repl(?:y|ies)|prompts?|responses?)|conversation starters|smart repl(?:y|ies))|(?:schlage|schlagen sie|erzeuge|generiere|erstelle|formuliere|nenne|gib|liefere|schreibe?)[a-z]*(?: [a-z0-9'-]+,?){0,10}? (?:folgefragen?|anschlussfragen?|nachste[nrs]? (?:fragen?|nachrichten?)|weiterfuhrende[nr]? fragen?|schnellantworten|antwortvorschlage?n?|vorschlage fur (?:die nachste|weitere))"],
  ['summary', "(?:summari[sz]e|condense|compress|compact|distill|recap|write (?:an? )?(?:[a-z]+,? ){0,4}summary|create (?:an? )?(?:[a-z]+,? ){0,4}summary|provide (?:an? )?(?:[a-z]+,? ){0,4}summary|produce (?:an? )?(?:[a-z]+,? ){0,4}summary|generate (?:an? )?(?:[a-z]+,? ){0,4}summary|update the (?:[a-z]+ )?summary|progressively summari[sz]e|extend the summary|maintain a (?:running )?summary|write (?:an? )?(?:[a-z-]+,? ){0,4}(?:note|notes|recap|minutes|hand-?over))|(?:fasse|fassen sie)(?: [a-z0-9'-]+,?){0,14}? zusammen|(?:erstelle|schreibe?|erzeuge|aktualisiere|verdichte|verfasse)[a-z]*(?: [a-z0-9'-]+,?){0,6}? zusammenfassung|verdichte|komprimiere"],
  ['verdict', "(?:determine|decide|check|judge|assess|detect|verify|identify|evaluate|tell|predict|analy[sz]e|establish|flag|say|state|indicate|answer|consider)(?: [a-z0-9'-]+,?){0,8}? (?:whether|if|is (?:true|safe|toxic|harmful|relevant|supported|grounded|appropriate))|(?:moderate|screen|fact-?check|review)|(?:entscheide|prufe|beurteile|bestimme|stelle fest|erkenne|bewerte|uberprufe|ermittle|analysiere|sage?|gib an|kontrolliere)[a-z]*,?(?: [a-z0-9'-]+,?){0,8}? ob|moderiere"],
  ['rating', "(?:rate|score|grade|evaluate|judge|rank|compare|assess|estimate|mark|assign(?: [a-z0-9'-]+,?){0,6}? (?:score|grade|rating)|give(?: [a-z0-9'-]+,?){0,8}? (?:score|grade|rating|number of points))|(?:bewerte|benote|beurteile|vergib|vergeben sie|schatze|ordne|vergleiche|punkte)[a-z]*"],
  ['label', "(?:perform (?:[a-z-]+ ){0,4}(?:analysis|classification|extraction|detection|recognition)|(?:identify|determine|detect|predict|select|pick|choose|recogni[sz]e|bestimme|erkenne|ermittle|wahle)[a-z]*(?: [a-z0-9'-]+){1,6}: [a-z_]+(?:, [a-z_]+)+(?:,? (?:or|oder) [a-z_]+)?[.]?$|classify|categori[sz]e|label|tag|route|annotate|assign(?: [a-z0-9'-]+,?){0,8}? (?:labels?|categor(?:y|ies)|class(?:es)?|tags?))|(?:klassifiziere|kategorisiere|etikettiere|ordne(?:n sie)?(?: [a-z0-9'-]+,?){0,12}? zu|weise(?:n sie)?(?: [a-z0-9'-]+,?){0,12}? zu)[a-z]*"],
  ['extract', "(?:extract|pull out|parse|redact|anonymi[sz]e)|(?:extrahiere|entnimm|anonymisiere|schwarze)[a-z]*"],
]

/** What is a task of a program only beside named outputs or an input. */
// biome-ignore format: a table
export const WEAK_TASKS: readonly (readonly [Kind, string])[] = [
  ['label', "(?:sort|identify|determine|detect|predict|select|pick|choose|recogni[sz]e|map|analy[sz]e|name|assign)|(?:bestimme|erkenne|wahle|leite|analysiere|markiere|benenne|sortiere|ordne)[a-z]*"],
  ['extract', "(?:list|find|collect|locate|retrieve|gather|deduce|record|note|update|store|remember|convert|transform|translate|correct|fix|continue|generate|create|write|take|distill|synthesi[sz]e|map)|(?:lies|finde|sammle|ermittle|nenne|liste|ubertrage|wandle|uberfuhre|ubersetze|korrigiere|vervollstandige|erganze|erzeuge|erstelle)[a-z]*"],
]

/** Roles that no one talks to, whatever else is said. */
export const PROGRAM_ROLES =
  "(?:you(?:'re| are)(?: now)?|act as|acting as|du bist|sie sind|agiere als)(?: [a-z0-9',-]+){0,8}? (?:[a-z]*(?:classifier|scorer|tagger|labell?er|extractor|annotator|re-?ranker|rephraser|klassifikator|klassifizierer|extraktor|titelgenerator|detector(?= ?(?:[.,;:!]|$)))|(?:title|tag|query|keyword|headline|json|sql|slug|label|caption|commit message)[- ](?:generator|writer|rewriter|maker|creator|engine|rephraser|classifier)|(?:auto-?complet|complet|classificat|extract|moderat|rewrit|tagg|scor|rank|rout|pars|redact|normali[sz]at|detect|annotat)(?:ion|ing)? (?:system|model|engine|service|module|component|function|api|layer)|(?:[a-z]+ ){0,2}api(?: endpoint)?|(?:[a-z]+ ){1,2}(?:function|endpoint|microservice|pipeline|preprocessor|converter)(?! [a-z])|(?:extraktions|klassifikations|klassifizierungs|moderations|erkennungs|bewertungs)(?:dienst|system|modul|modell|komponente))(?![a-z])|^you (?:turn|convert|translate|map|rewrite|transform) (?:[a-z0-9',-]+ ){1,6}?(?:into|to) (?:[a-z-]+ ){0,3}(?:quer(?:y|ies)|sql|json|xml|yaml|regex(?:es)?|commands?|(?:api|function) calls?|filters|labels|tags)(?![a-z])|^du (?:wandelst|ubersetzt|uberfuhrst|machst|erzeugst|generierst) (?:[a-z0-9',-]+ ){1,6}?(?:in |zu |aus )?(?:[a-z-]+ ){0,3}(?:sql|json|xml|yaml|abfragen?|suchanfragen?|befehle?|filter)(?![a-z])"

/** Roles that may be a program's. */
export const ROLES =
  "(?:you(?:'re| are)(?: now)?|act as|acting as|du bist|sie sind|agiere als)(?: [a-z0-9',-]+){0,8}? (?:classifier|grader|scorer|evaluator|router|tagger|labell?er|extractor|parser|annotator|detector|re-?ranker|ranker|moderator|moderation|guard(?:rail)?|filter|(?:title|tag|query|keyword|headline|question|json|sql|code review|summary|slug)[- ](?:generator|writer|rewriter|maker|creator|engine|rephraser|classifier)|generator|rewriter|rephraser|summari[sz]er|judge|compactor|normali[sz]er|converter|transformer|validator|verifier|linter|autocomplete|(?:auto-?complet|complet|classificat|extract|moderat|translat|summari[sz]at|rewrit|tagg|scor|rank|rout|pars|correct|redact|normali[sz]at|analys|detect|recognit|annotat|evaluat|filter)(?:ion|ing|is|or|er)? (?:system|model|engine|assistant|service|module|component|tool|function|api|bot|layer|agent)|analy[sz]er|api(?: endpoint)?|function|service that|tool that|component|module|klassifikator|klassifizierer|bewerter|gutachter|prufer|filter|extraktor|generator|titelgenerator|richter|moderator|moderationssystem|zusammenfasser|umformulierer|(?:extraktions|klassifikations|klassifizierungs|analyse|bewertungs|pruf|moderations|ubersetzungs|zusammenfassungs|erkennungs|korrektur|filter|such)(?:dienst|system|modul|modell|werkzeug|komponente|assistent)|modul|schnittstelle|auswerter)(?![a-z])"

/** The person who asks speaks of themselves. */
export const FIRST_PERSON =
  "i|i'm|i've|i'd|my|me|mine|we|we've|our|us|ich|mir|mich|mein[a-z]*|wir|uns|unser[a-z]*"
