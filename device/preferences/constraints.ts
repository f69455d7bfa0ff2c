/**
 * What a person's message demands explicitly. Whatever it says about a dimension, the profile keeps silent about, and about what would
 * break it: a false alarm costs one preference for one conversation, a miss contradicts the user. Hence word lists.
 */

import { bothEnds, READ_CHARS } from '../text/clauses.ts'
import { foldedMatcher, foldWords } from '../text/word-match.ts'
import { LONG, ONLY, PROSE, SHORT, SOBER } from './constraints-words.ts'
import type { Wish } from './dimensions.ts'
import { DIMENSIONS, type Dimension } from './preference.ts'

export type Constraints = {
  readonly strictOutput: boolean
  readonly otherLanguage: boolean
  /** Dimensions that the conversation decides itself. */
  readonly dimensions: ReadonlySet<Dimension>
  /** Preferences that have no place in it: both ends of those dimensions, and what would work against a demand. */
  readonly silent: ReadonlySet<Wish>
}

type Cue = {
  readonly about: readonly Dimension[]
  readonly silences?: readonly Wish[]
  readonly words: string
}

/** What makes an answer longer, or puts something around it. */
const ADDITIONS: readonly Wish[] = [
  'headings+',
  'lists+',
  'tables+',
  'steps+',
  'examples+',
  'closing+',
  'questions+',
  'directness-',
]

// biome-ignore format: a table
const CUES: readonly Cue[] = [
  { about: ['length'], silences: ADDITIONS, words: SHORT },
  { about: ['length'], words: LONG },
  { about: ['lists', 'steps'], silences: ['tables+', 'headings+', 'emphasis+'], words: PROSE },
  { about: ['lists', 'steps', 'headings', 'emphasis', 'tables'], words: 'plain text|(?:no|without|avoid|skip|drop|any|zero|minimal|don[\'’]?t use|do not use) (?:any |fancy |of )*(?:format(?:ting)?|markdown|markup|styling)|markdown|unformatted|(?:ohne|keine?) (?:formatierung|markdown)\\p{L}*|texte brut|sans (?:mise en forme|formatage|markdown)|sin (?:formato|markdown)|senza (?:formattazione|markdown)|sem (?:formatação|markdown)|纯文本|平文|書式' },
  { about: ['directness'], silences: ['length+', ...ADDITIONS], words: ONLY },
  { about: ['tone'], silences: ['emoji+', 'directness-'], words: SOBER },
  { about: ['lists'], silences: ['steps+', 'steps-', 'tables+'], words: 'bull?[ei]t(?:ed|s)?(?:[- ]?point(?:s|ed)?)?|lists?|listed|listing|(?:check|to-?do-?)lists?|enumerat\\p{L}*|itemi[sz]ed?|(?:point|note|dot) form|dot points?|key points|dashes|top (?:\\d+|three|five|ten)|list(?:e[n]?)|check ?liste[n]?|auflist\\p{L}*|aufzähl\\p{L}*|stich(?:punkt|wort)\\p{L}*|spiegelstrich\\p{L}*|punkte[n]?|puces?|tirets?|énum\\p{L}*|points? clés?|list(?:ez|er)|list[ao][sr]?|enumera\\p{L}*|viñetas?|guiones|puntos|elenc\\p{L}*|puntat[oi]|tópicos|marcadores|列表|列出|列举|清单|要点|分点|箇条書き|リスト|一覧' },
  { about: ['steps'], silences: ['lists-', 'lists+'], words: 'one after (?:the other|another)|der reihe nach|nacheinander|eins nach dem anderen|step[- ]?by[- ]?step|number(?:ing| them| the| each| your| it| any\\p{L}*| every\\p{L}*| nothing| things| points| all)|nicht nummer\\p{L}*|1, 2,? (?:and )?3|1\\. ?2\\.|in sequence|sequential(?:ly)?|chronological(?:ly)?|in (?:the right |the correct )?order(?! to)|one (?:thing|step) at a time|one by one|point by point|bit by bit|piece by piece|break (?:it|this|that|things|everything) (?:down|up)|breakdown|first\\P{L}{1,3}then|in phases|tutorial|unnumbered|ordinals?|recipe (?:form|format|style)|how-to|procedure|steps?|numbered|numbering|numerical order|in order of|walk me through|guide me through|stages?|instructions|schritt\\p{L}*|nummerier\\p{L}*|anleitung|étapes?|pas à pas|numérot\\p{L}*|pasos?|numerad[oa]s?|passaggi|passo (?:a|per|dopo) passo|passos|numerat[oi]|步骤|一步|编号|手順|ステップ|番号' },
  { about: ['headings'], words: '(?:sub)?headings?|(?:zwischen|teil|unter)überschrift\\p{L}*|(?:sub)?headers?|headlines?|sub-?titles?|(?:section|chapter) titles?|(?:with|no|without|any|use|add|clear) titles?|sections|(?:by|per|in|into|each|with|no) sections?|outline|well[- ]structured|structured|chapters|überschrift\\p{L}*|zwischentitel|gliederung|gliedere|abschnitte[n]?|strukturier\\p{L}*|(?:sous-|inter)?titres?|sections?|structuré\\p{L}*|encabezados?|(?:sub)?títulos?|secciones|titol[oi]|sezioni|cabeçalhos?|seções|标题|小标题|分段|見出し|タイトル' },
  { about: ['emphasis'], words: 'mark (?:the|all|any|important|key|main)|bold(?:ed|face|ing|ly)?|\\*\\*|plain(?:ly)?|fancy|unstyled|clean text|special characters|symbols|caps|typograph\\p{L}*|font|stars|stress(?:ed)? words|stand out|key (?:terms|words|phrases)|fette?[nrs]?|fettung|unterstr\\p{L}*|betont?\\p{L}*|auszeichn\\p{L}*|gras|souligné\\p{L}*|italics?|highlight(?:ed|ing)?|asterisks?|emphasi[sz]\\p{L}*|underlin\\p{L}*|all[- ]caps|fett(?:gedruckt\\p{L}*|schrift|druck)|(?:in|ohne|keine?|mit) fett\\p{L}*|kursiv|hervorheb\\p{L}*|hervorgehoben|markier\\p{L}*|(?:en|de|sans|mots?) gras|italique|surlign\\p{L}*|negritas?|cursiva|resalta\\p{L}*|grassetto|corsivo|evidenzia\\p{L}*|negrito|itálico|destac\\p{L}*|加粗|粗体|斜体|高亮|太字|強調' },
  { about: ['tables'], silences: ['lists+', 'steps+'], words: '(?<!(?:hash|tide|kitchen|dining|lookup|periodic|bedside|coffee|set the|at the|on the|under the|lay the|pool|water|time) )tables?(?! (?:tennis|of contents|manners|salt))|tabulate\\p{L}*|tabular(?:ly)?|columns?|rows|spreadsheet|grid|matrix|side[- ]by[- ]side|tabellen?|tabellarisch\\p{L}*|übersichtstabelle|spalten?|tableaux?|colonnes?|tablas?|cuadros?|columnas?|tabell[ae]|colonne|tabelas?|quadros?|colunas?|表格|列表对比|表で|表に|一覧表|表形式' },
  { about: ['tone'], silences: ['directness+', 'length+'], words: "tone|tone of voice|cheeky|in the words of|(?:rede|sprich|schreib|erklär|antworte)\\p{L}* (?:\\p{L}+ ){0,4}wie (?:mit|zu|für|ein|einer|einem|bei)|einfach ausgedrückt|in (?:a|an|the) (?:\\p{L}+ )?voice|(?:a|the|this|formal|casual|neutral|same|right|high) register|wording|writing style|style of (?:a|an)|like (?:we|we['’]?re|you['’]?re|you are|you would|you['’]?d|a friend|friends|talking|chatting|an old|a mate|a buddy|a human|a person|a robot|humans)|as (?:you would|you['’]?d|with a friend|a friend|friends|between friends)|the way (?:a|you|your|my)|buddy|mate|bro|dude|bestie|over (?:a )?(?:beer|coffee|drinks?)|at the (?:pub|bar)|light[- ]?hearted(?:ly)?|keep it (?:light|fun|loose|real|warm)|chill (?:tone|way|vibe|style)|(?:be|keep it) chill|easy-?going|down[- ]to[- ]earth|stuffy|stiff|corporate|gen[- ]?z|unpretentious|pompous|fancy|big words|upbeat|cheer(?:ful|y|fully)|dramatic|poetic|informal(?:ly)?|casual(?:ly)?|(?:a|in|be|sound|more|very|it|and|like a|keep it|make it|something) (?:\\p{L}+ )?friendly|friendly(?:,| and| but| tone| way| manner|$)|humou?r(?:ous(?:ly)?)?|funny|(?:with|tell|some|few|no|any|a|crack) jokes?|witty|sarcas\\p{L}*|playful(?:ly)?|warm(?:ly| and| tone)|kindly explain|chatty|conversational(?:ly)?|colloquial\\p{L}*|slang|laid[- ]back|relaxed (?:tone|way|style)|in the (?:style|voice|manner|tone) of|sounds? like|(?:talk|speak|write|answer|explain|reply|say it|tell me|act|respond)(?: \\p{L}+){0,4} (?:like (?:a|an|i|you|my|to a|we)|as (?:if|though|an? (?:\\p{L}+ )?(?:expert|teacher|professor|friend|child|kid|pirate|lawyer|doctor|poet|comedian|journalist|scientist|coach|parent|robot|character|king|queen)))|like (?:a pirate|i['’]?m)|(?:like|as if|as though|imagine) i(?:['’]?m| am|['’]?d| were) |eli ?5|(?:to|for) (?:a|an|my) (?:\\p{L}+ )?(?:\\d+|five|six|ten|eight|twelve|small|young)[- ]year[- ]old|(?:explain|describe|say)(?: \\p{L}+){0,5} (?:to|for) (?:a|my) (?:\\p{L}+ )?(?:child|kid|beginner|layperson|lay person|toddler|grand\\p{L}+|novice|expert|teenager)|(?:simple|plain|easy|everyday|clear) (?:words|terms|language|english)|layman\\p{L}*|layperson\\p{L}*|swear|no jargon|without jargon|enthusias\\p{L}*|encouraging|empath\\p{L}*|locker\\p{L}*|lässig\\p{L}*|freundlich\\p{L}*|umgangssprach\\p{L}*|witzig\\p{L}*|lustig\\p{L}*|humorvoll\\p{L}*|duz\\p{L}*|per du|(?:einfachen?|leichte[rn]?) (?:worten|sprache|wörtern)|als wäre ich|wie (?:einem|für ein|ein pirat)\\p{L}*|tonfall|amical\\p{L}*|familier|décontracté\\p{L}*|tutoie|tutoy\\p{L}*|humour|drôle|ton |mots simples|comme si|sympa|tono|coloquial|amable|amigable|amistos\\p{L}*|cercan[oa]|divertid[oa]|gracios[oa]|tut[eé]a\\p{L}*|palabras sencillas|como si|informale|amichevol\\p{L}*|scherzos[oa]|divertente|parole semplici|come se|gentile|colloquiale|tom |amigável|descontraíd[oa]|engraçad[oa]|palavras simples|linguagem simples|语气|口语|幽默|轻松|友好|通俗|像.{0,6}一样|像对|口調|カジュアル|くだけた|フレンドリー|ユーモア|タメ口|わかりやすい言葉|子ども(?:に|でも)" },
  { about: ['directness'], silences: ['closing+'], words: "(?:no|without|skip|avoid|drop|any|cut|omit|spare me|leave out|minus)(?: \\p{L}+){0,2} (?:preambles?|intro(?:duction|s|ductory)?|small[- ]?talk|fluff|filler|waffle|waffling|chit-?chat|pleasantries|greetings?|padding|fuss|niceties|opening|warm[- ]?up|beating)|preamble|greet\\p{L}*|say (?:hi|hello)|hello first|friendly (?:opening|opener|hello|greeting|start|introduction)|set the scene|ease (?:me|in)|warm(?:ing)? (?:me )?up|lead[- ]?in|(?:great|good) question|praise|compliment\\p{L}*|flatter\\p{L}*|dive (?:right |straight )?in|jump (?:right |straight )?(?:in|to)|get (?:right |straight |directly )?(?:to|into)|right (?:into|away)|straight|first (?:line|sentence|word)|answer first|up ?front|bottom line|no nonsense|no-nonsense|intro|small[- ]?talk|chit-?chat|first tell me|before (?:you )?(?:get|getting|answer|answering|the answer)|build up|lead up|komm\\p{L}* (?:\\p{L}+ )?zur sache|sofort|gleich (?:zum|zur|mit|los)|geplänkel|vorgeplänkel|vorspann|vorbemerkung\\p{L}*|vorwort|drumherum\\p{L}*|steig\\p{L}* direkt|fang(?:e|en)?|beginn(?:e|en|t)?|floskel\\p{L}*|ohne (?:lange\\p{L}* )?vor\\p{L}*|smalltalk|nett(?:e[nrs]?)? (?:einstieg|begrüßung|einleitung)|einstieg|straight to|get to the point|cut to the chase|straight answer|direct answer|directly|(?:start|begin|open|starting|beginning|opening) (?:by|with|right|straight|directly|off)|(?:don['’]?t|do not|never) (?:start|begin|open|greet|introduce)|greet me|answer (?:first|right away|straight|immediately|at once|up front)|(?:introductory|opening) (?:sentence|paragraph|line|remark)|(?:with|add|include|write|short|brief|an) (?:a |an |short |brief |friendly )*intro(?:duction)?|ohne (?:\\p{L}+ )?(?:einleitung|vorrede|umschweife|floskeln|geschwafel|begrüßung|drumherum)|komm zur sache|direkt\\p{L}*|einleitung|begrüß\\p{L}*|(?:sans|pas d['’]) ?(?:introduction|intro|préambule|blabla|bavardage|fioritures|détour)|directement|commence (?:par|directement)|introduction|sin (?:introducci[oó]n|rodeos|preámbulos?|saludos?|relleno)|directamente|empieza (?:por|con)|introducción|senza (?:introduzion[ei]|preamboli|giri di parole|convenevoli)|direttamente|inizia con|introduzione|sem (?:introdução|rodeios|enrolação|preâmbulo)|diretamente|comece (?:com|por)|introdução|直接|开门见山|不要(?:开场白|寒暄|废话)|前置き|挨拶|単刀直入|いきなり" },
  { about: ['examples'], words: "case from|(?:from|in) (?:real life|practice)|aus der praxis|aus dem (?:leben|alltag)|examples?|e\\.g\\.|for instance|illustrat\\p{L}*|use[- ]cases?|analog(?:y|ies|ous)|metaphors?|anecdot\\p{L}*|case stud(?:y|ies)|concrete (?:case|situation|scenario)s?|scenarios?|samples?|beispiel\\p{L}*|bsp|anschaulich|vergleichen mit|exemples?|illustr\\p{L}*|ejempl\\p{L}*|ilustr\\p{L}*|esemp[io]\\p{L}*|exempl\\p{L}*|例子|举例|示例|案例|比喻|例を|具体例|例え|事例" },
  { about: ['hedging'], words: "(?:is|are) (?:un)?(?:certain|sure|proven)|(?:ist|sind) (?:un)?(?:sicher|gewiss|belegt)|(?:how|more|less|so|as|too|over) (?:sure|certain|confident|reliable|definite)|likel(?:y|ihood)|probab\\p{L}*|possib(?:ly|ility)|unknowns?|not (?:yet )?known|disagree\\p{L}*|debated?|disputed|contested|overclaim\\p{L}*|overstat\\p{L}*|overconfiden\\p{L}*|exaggerat\\p{L}*|nuanced?|cautious(?:ly)?|caution|careful (?:not|with|about)|tentative(?:ly)?|limitations?|limits of|acknowledg\\p{L}*|admit|shaky|conjectur\\p{L}*|assumptions?|say so|(?:you|we|scientists|experts|doctors|nobody|researchers) (?:really |still |actually )?(?:don['’]?t|do not|can['’]?t) (?:yet |really )?(?:know|say|tell)|(?:nobody|no one) knows|what(?: is|['’]s) (?:still )?(?:known|unclear|open)|unclear|fact from|as far as|to the best of|estimates?|approximat\\p{L}*|humble|humility|modest(?:ly|y)?|leave room|wiggle room|soften|tone down|dogmatic|absolut\\p{L}*|too (?:sure|confident|certain|categorical)|sweeping|evidence (?:is|supports?|for|against|really|actually|level)|(?:weak|strong|thin|solid) evidence|reliab\\p{L}*|both sides|open questions?|don['’]?t pretend|unsure|(?:how|you|be|you['’]?re|you are|not|too|so|act|sound) sure|guess\\p{L}*|doubt\\p{L}*|might|perhaps|probably|blunt(?:ly)?|brutal(?:ly)?|black[- ]and[- ]white|unequivocal\\p{L}*|assertive\\p{L}*|fence|wishy|waffl\\p{L}*|verdict|(?:just|you) decide|decide for me|final answer|weasel|equivocat\\p{L}*|commit|straight|opinionated|decisive(?:ly)?|balanced|error bars?|margin of error|grain of salt|exceptions?|confidence|confident(?:ly)?|(?:be|for|are you|absolutely|100 ?%) (?:certain|sure|definite|decisive)|certainty|definit(?:e|ive)(?:ly)?|be honest|hedg(?:e|es|ed|ing)|caveats?|disclaimers?|warnings?|qualifiers?|uncertain\\p{L}*|(?:clear|firm|decisive|unambiguous|straight|categorical) (?:answer|recommendation|verdict|statement|yes)|no (?:maybe|ifs|it depends)|maybes?|ifs (?:and|or) buts|it depends|commit to|pick one|take a (?:stand|side|position)|make up your mind|don['’]?t (?:sugarcoat|guess|speculate)|if you(?:['’]?re| are| do)(?: not|n['’]t) (?:sure|know)|speculat\\p{L}*|unsicher\\p{L}*|eindeutig\\p{L}*|klare (?:antwort|aussage|empfehlung|meinung)|wie sicher|vielleicht|ohne wenn und aber|leg dich fest|vorbehalt\\p{L}*|certitude|catégorique|tranché\\p{L}*|nuanc\\p{L}*|réponse claire|peut-être|incertitude|certeza|seguro (?:estás|está)|segur[oa] de|respuesta clara|rotund\\p{L}*|quizás?|tal vez|sin matices|certezza|risposta (?:chiara|netta)|forse|incertezz\\p{L}*|resposta clara|talvez|incerteza|确定|肯定|明确|不确定|也许|可能性|断定|確実|はっきり|曖昧|あいまい|たぶん" },
  { about: ['questions'], words: "(?:ask|asking|asks) (?:me|back|any|questions|no|further|follow)|(?:don['’]?t|do not|without|no|stop|never|before|instead of) ask\\p{L}*|clarif\\p{L}*|interview me|quiz me|(?:no|any|some|with|without|more|ask|asking|end with|further|follow-?up|counter-?|return|back|avoid|of|skip|socratic|me|few|two|three|a|one) (?:\\p{L}+ )?questions?(?! (?:about|regarding|is|for you|on)\\b)|questions back|question marks?|(?:ask|asking|asked|asks)(?=\\s*(?:[.!,;)]|$))|counter-?questions?|(?:just|simply) assume|make (?:your own |reasonable )?assumptions|assume (?:whatever|anything|what|the rest)|checking with me|check with me|don['’]?t need to ask|quiz|statements only|turn it back|bounce|ping me|back[- ]and[- ]forth|come back (?:to me )?with|what you need|anything you need|before (?:you )?(?:start|answer|begin)\\p{L}*|what (?:else )?(?:do )?you need to know|if (?:any|some)thing is unclear|if you need (?:more|any|further)|check(?:ing)? back|frag(?:e|st|en)? (?:mich|nach|nicht|zurück)|stell(?:e|en sie)? mir|rückfrag\\p{L}*|nachfrag\\p{L}*|gegenfrag\\p{L}*|(?:keine|ohne|mit|eine) (?:\\p{L}+ )?fragen?|pose[sz]?[- ]moi|(?:pas|sans|ne) (?:\\p{L}+ )?(?:de |poser de )?questions?|questionne\\p{L}*|demande[- ]moi|pregúnta\\p{L}*|preguntas?|fammi (?:delle )?domand\\p{L}*|domand[ae]|pergunt[ae]\\p{L}*|问我|提问|反问|追问|质问|質問|聞き返|尋ね" },
  { about: ['emoji'], words: '(?:little|smiling|yellow) faces|pictograms?|emojis?|emojies|emoji[’\']?s|emotes?|emoticon[eois]*|smil(?:e|i)ys?|smileys?|smilies|smiley faces?|émojis?|émoticônes?|caritas|faccine|carinhas|表情|颜文字|絵文字|顔文字' },
  { about: ['numbers'], silences: ['steps+', 'steps-'], words: "(?:with|include|including|give|give me|use|using|exact|precise|no|without|avoid|skip|any|few|some|hard|concrete|specific|actual|add|show|drop|more|many|lots of|real|cite|quote|in|of) (?:\\p{L}+ )?(?:numbers|figures|statistics|stats|data|quantities|percentages|measurements|digits|amounts|metrics)|numbers|figures|statistics|percentages?|digits|numerals|math(?:s|ematics)?|qualitative(?:ly)?|number[- ]free|(?:no|without|with|exact|any) dates|single (?:number|figure|statistic)|quantif\\p{L}*|quantitative(?:ly)?|exact(?:ly)? (?:number|figure|amount)|numbers? (?:please|only)|(?:mit|ohne|keine|konkrete|genaue|viele|wenige?|nenne?|in) (?:\\p{L}+ )?(?:zahlen|statistiken|daten|prozent\\p{L}*)|zahlen|chiffr\\p{L}*|statistiques?|données|cifras?|estad[ií]stic\\p{L}*|datos|números|cifre|statistic\\p{L}*|dati|numeri|dados|estatístic\\p{L}*|数字|数据|统计|数値|データ|統計" },
  { about: ['closing'], words: "sign[- ]?off|(?:no|not|any|your|further|without|more|don['’]?t|skip the|final) offers?|hope (?:this|that|it) helps|anything else|leave it (?:at that|there)|nothing after|(?:end|ending) (?:there|right|abruptly|immediately|without|here|your|on)|when (?:you['’]?re|you are) (?:done|finished)|once (?:you['’]?re|you are|you have) (?:done|finished|answered)|good ?bye|farewell|wish me|final (?:line|remark|sentence|words?|note|paragraph|thought)|last (?:line|sentence|words?|paragraph|remark)|wrap(?:ping)?[- ]?up|outro|at the end(?! of)|(?:the|your|its|an|with an?) ending|close with|invite me|encourage me to|let me know|follow[- ]?up|zum schluss|am (?:ende|schluss)|à la fin|pour finir|en conclusion|al final|para terminar|alla fine|per finire|no final|signing off|closing|(?:no|without|skip|any|drop|avoid|leave out|omit|with a|add a|and a|final|brief|short) (?:\\p{L}+ )?(?:conclusions?|outro|offers?|farewell|goodbye|ending|wrap[- ]?up|postscript|follow[- ]?up)|conclud\\p{L}*|conclusion|(?:end|ends|ending|finish|close|wrap up|finishing) (?:it |this |your answer |the answer |off )?(?:with|by|on)|(?:don['’]?t|do not|never|stop) (?:end|finish|close|offer|offering)|offer(?:s|ing)? (?:me |to |of |any |more |further )*help|further help|let me know if|last (?:line|sentence) (?:should|must)|(?:and )?then stop|stop there|schluss\\p{L}*|abschluss\\p{L}*|abschließ\\p{L}*|fazit|beende\\p{L}*|verabschied\\p{L}*|gruß\\p{L}*|hilfsangebot\\p{L}*|formule de politesse|conclu\\p{L}*|termine[rsz]?|finis|finir|propose[rsz]? (?:ton |de l['’])?aide|despedida|despid\\p{L}*|conclusi[oó]n|termina|acaba con|ofre[zc]\\p{L}*|chiusura|conclusion[ei]|conclud\\p{L}*|finisci|fecho|conclus\\p{L}*|termine com|encerr\\p{L}*|结尾|结束语|收尾|締め|結び|終わり(?:に|の)" },
]

/** Only one form of output will do, or the output is a given text: no preference has a place here. */
const STRICT = foldedMatcher(
  String.raw`\b(?:only|just) (?:the |with |output |show |give )*(?:the )?code\b|\bcode only\b|\bnur (?:den |der )?code\b|\bjust show (?:me )?the code\b|(?<![-\p{L}])translat(?:e|ion of|e this)(?!\p{L})|(?<!\p{L})übersetz(?:e|en|t|ung von)?(?!\p{L})|(?<!\p{L})tradu(?:is|isez|ire|ce|cir|zir|ci|z|zca|cela|cción de|ction de)(?!\p{L})|翻译|翻譯|译成|訳して|翻訳|\bverbatim\b|\bword for word\b|\bproof-?read\b|(?<!\p{L})(?:fix|correct|check) (?:the |my |any |all )*(?:grammar|spelling|typos?|punctuation)\b|(?:just|only) the (?:words?|numbers?|names?|letters?|year|date|result|value|formula|url|link|regex|command|title)(?! of)|(?:one|a single) (?:letter|word)(?: answer| only)?(?=\s*(?:[.!,;]|$))|(?<!\p{L})(?:le|la) (?:nombre|mot|réponse|nom) (?:seulement|uniquement)|(?<!\p{L})nur (?:das wort|die zahl|den namen|die jahreszahl|den buchstaben)(?!\p{L})|oui ou (?:par )?non(?!\p{L})|只(?:返回|输出)`,
)
/** Likewise, of a data format: looked for only where one is named. */
const STRICT_DATA = foldedMatcher(
  String.raw`\b(?:json|jsonl|xml|yaml|toml|csv|tsv|markdown|latex|html|regex|sql|base64)\b[^.\n]{0,60}\b(?:only|output|format|return|respond|reply|answer|object|schema|array|valid)\b|\b(?:only|output|return|respond|reply|answer|produce|give me|as|in|to|into|valid|nur|als|en|comme|como|come|uniquement|solo|form[aâ]to?)\b[^.\n]{0,40}\b(?:json|jsonl|xml|yaml|toml|csv|tsv|latex|html)\b`,
)
const DATA_FORMAT = /\b(?:json|jsonl|xml|yaml|toml|csv|tsv|markdown|latex|html|regex|sql|base64)\b/

/** folded: lower-cased, without accents. */
const isStrict = (folded: string): boolean =>
  STRICT.test(folded) || (DATA_FORMAT.test(folded) && STRICT_DATA.test(folded))

const MATCHERS = CUES.map((cue) => ({ ...cue, pattern: foldedMatcher(cue.words) }))

/** The answer must be in another language than the text that asks: only what any language understands may be asked for. */
const OTHER_LANGUAGE =
  /(?<!\p{L})(?:in|into|auf|en|em) (?:spanish|french|german|italian|portuguese|dutch|polish|russian|chinese|mandarin|japanese|korean|arabic|hindi|turkish|swedish|greek|hebrew|latin|english|deutsch|englisch|französisch|spanisch|italienisch|français|allemand|espagnol|anglais|español|francés|alemán|inglés|italiano|inglese|francese|tedesco|português|inglês)(?!\p{L})/iu

/** Speaks of the answer itself: how it is to be. */
const ABOUT_THE_ANSWER =
  /(?<!\p{L})(?:your (?:answer|reply|response|explanation|output|wording|writing|text|message)s?|(?:the|an|any|every|each) (?:answer|reply|response|output) (?:should|must|has|needs|may|is to|can|to|of|with|without|that|which)|(?:answer|respond|reply|write it|write this|explain it|explain this|say it|put it|phrase it|word it|format it|present it|give it(?: to me)?|tell it) (?:in|with|without|as|using|like|so|by|only|for|to me)|(?:please|pls|and|but|so|^) ?(?:keep|make|leave|format|structure|phrase|style) (?:it|this|things|everything)(?! (?:from|to|in|up|off|out|on|work|happen|stop))|(?:deine|die|ihre) antwort|antworte[nt]?(?: sie)?|(?:ta|votre|la) réponse|réponds|répondez|(?:tu|su|la) respuesta|responde|contesta|la (?:tua )?risposta|rispondi|(?:a |sua )resposta|responda)(?!\p{L})|回答|回复|答えて|返答|回答して/iu

const isHeard = (part: string): boolean =>
  OTHER_LANGUAGE.test(part) || isHeardFolded(foldWords(part))
const isHeardFolded = (folded: string): boolean =>
  isStrict(folded) || MATCHERS.some((m) => m.pattern.test(folded))

/** What is told of a question itself, so that "this question" demands none: blanked out. */
const ASIDE =
  /(?<!\p{L})(?:(?:this|that|the|same|silly|stupid|dumb|odd|weird|basic|simple) questions?|things? to ask|dies\p{L}* fragen?|dumme[nr]? fragen?|(?:neighbou?rs?|sisters?|brothers?|friends?|colleagues?|we|parents) (?:and i |\p{L}+ )?disagree\p{L}*)(?!\p{L})/giu

/** texts: what a person wrote. */
export const constraintsOf = (texts: readonly string[]): Constraints => {
  const read = texts.map((t) => mend(bothEnds(t).normalize('NFKC')).replace(ASIDE, '…'))
  const isAnywhere = (pattern: RegExp) => read.some((t) => pattern.test(t))
  const folded = read.map(foldWords)
  const found = MATCHERS.filter((m) => folded.some((t) => m.pattern.test(t)))
  // A demand that no list understands is most often about the manner of the answer.
  const unheard: readonly Dimension[] = read.some(holdsUnheard) ? ['tone'] : []
  const dimensions = new Set(
    DIMENSIONS.filter((d) => unheard.includes(d) || found.some(({ about }) => about.includes(d))),
  )
  return {
    strictOutput: folded.some(isStrict),
    otherLanguage: isAnywhere(OTHER_LANGUAGE),
    dimensions,
    silent: new Set<Wish>([
      ...[...dimensions].flatMap((d) => [`${d}-`, `${d}+`] as const),
      ...found.flatMap(({ silences = [] }) => silences),
    ]),
  }
}

/** A sentence that tells how the answer is to be, or asks for a manner beside the question, in words that no list has. */
const holdsUnheard = (text: string): boolean =>
  (text.slice(0, READ_CHARS).match(/[^.!?;\n。！？；]+[.!?;\n。！？；]*/g) ?? []).some(
    (sentence) =>
      (ABOUT_THE_ANSWER.test(sentence) || MANNER.test(sentence.trim())) && !isHeard(sentence),
  )

/** A short order to write or speak in some way; or a phrase without a subject that tells how. */
const MANNER =
  /^(?:(?:and |but |please |und |aber |bitte )*(?:(?:be|sound|talk|speak|phrase|use|sei|kling|klinge|rede|sprich|formulier\p{L}*|benutze?|verwende) |(?:write|say|schreibe?) (?:like|as|in|with|so|wie|als|ganz|\p{L}+ly) )|(?:please |but |bitte |aber )*(?:as|like|in the (?:manner|voice|way|spirit)|without|no|wie|ganz|ohne|als) (?!.*(?<!\p{L})(?:i|we|my|our|it['’]?s|he|she|they|is|are|was|were|ich|wir|mein\p{L}*|unser\p{L}*|es|ist|sind|war|hat|haben|habe)(?!\p{L})))[^?？]{2,90}$/iu

/** Words of demands that are mended where one letter is missing, too many, wrong or swapped with the next. */
const MENDED =
  'brief briefly concise concisely short shorter succinct length lengthy sentence sentences paragraph paragraphs words detail details detailed thorough summary summarize summarise comprehensive table tables list lists bullet bullets heading headings example examples emoji emojis formal formally informal casual casually preamble introduction numbered steps formatting markdown prose'.split(
    ' ',
  )
/** Words that are near one of those and mean what they say. */
const MEANT = new Set(
  'tale tall tablet tablets fable tabled shot shoot shore shirt shirts shorts sport shorted ballet bulletin heating healing hearing leading heeding detain details works world woods wards worlds stops stems stew step format formed former causal causally through through lost last lift lit line lines lets least lust summery worlds prosed probe pose posh prone praise longer'.split(
    ' ',
  ),
)

const MENDED_BY_LETTER = new Map(
  MENDED.map((m) => [m[0], MENDED.filter((other) => other[0] === m[0] && other.length > 4)]),
)
const isMended: ReadonlySet<string> = new Set(MENDED)

const mend = (text: string): string =>
  text.replace(/(?<!\p{L})[a-z]{4,15}(?!\p{L})/giu, (found) => {
    const word = found.toLowerCase()
    if (MEANT.has(word) || isMended.has(word)) return found
    return (
      MENDED_BY_LETTER.get(word[0])?.find(
        (m) => Math.abs(m.length - word.length) <= 1 && isSlip(word, m),
      ) ?? found
    )
  })

/** Two neighbouring letters are swapped. */
const isSwap = (a: string, b: string): boolean => {
  if (a.length !== b.length) return false
  const i = commonPrefix(a, b)
  return a[i] === b[i + 1] && a[i + 1] === b[i] && a.slice(i + 2) === b.slice(i + 2)
}

/** One letter is missing, too many, or another; or two are swapped. */
const isSlip = (a: string, b: string): boolean => {
  const i = commonPrefix(a, b)
  const rest = (text: string, skip: number) => text.slice(i + skip)
  if (a.length === b.length) return rest(a, 1) === rest(b, 1) || isSwap(a, b)
  if (Math.abs(a.length - b.length) !== 1) return false
  return a.length < b.length ? rest(a, 0) === rest(b, 1) : rest(a, 1) === rest(b, 0)
}

const commonPrefix = (a: string, b: string): number => {
  let i = 0
  while (i < a.length && i < b.length && a[i] === b[i]) i++
  return i
}
