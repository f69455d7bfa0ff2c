/**
 * What a conversation demands explicitly. Whatever it says about a dimension, the profile keeps silent about: a false alarm costs
 * one preference for one conversation, a miss contradicts the user. Hence word lists, several languages at once.
 */
import { DIMENSIONS, type Dimension } from '../../adapters/wire/personalization.ts'

const NUMBER =
  '(?:\\d+|an?|one|two|three|four|five|six|seven|eight|nine|ten|few|single|couple|ein(?:e[mnr]?)?|zwei|drei|vier|fünf|une?|deux|trois|quatre|cinq|un[ao]?|dos|tres|cuatro|cinco|due|tre|quattro|dois|três)'
const UNIT =
  '(?:words?|sentences?|lines?|paragraphs?|characters?|pages?|tokens?|tweets?|wort(?:e|en)?|wörter[n]?|s[aä]tze?n?|zeilen?|absätzen?|mots?|phrases?|lignes?|paragraphes?|palabras?|frases?|líneas?|párrafos?|parole|fras[ei]|righe|palavras?|linhas?)'

// biome-ignore format: a table
const WORDS: Readonly<Record<Dimension, string>> = {
  length: `${NUMBER}[- ](?:(?:short|brief|kurzen?|courtes?|cortas?) )?${UNIT}|brief(?:ly)?|concise(?:ly)?|succinct(?:ly)?|terse|shorter|longer|(?:keep|make|be|a) (?:it |this )?(?:very )?(?:short|long)|short (?:answer|version|summary)|in short|tl;?dr|in (?:great |more |full )?detail|detailed|in[- ]depth|comprehensive(?:ly)?|thorough(?:ly)?|elaborate|extensive(?:ly)?|one[- ]liner|word (?:count|limit)|essay|summar(?:y|ize|ise)|kurz|knapp|ausführlich|detailliert|kürzer|länger|zusammenfass\\p{L}*|bref|brièvement|en détail|détaillée?|plus courte?|résum\\p{L}*|brevemente|en detalle|detallad[oa]|más cort[oa]|resum\\p{L}*|breve|dettagliat\\p{L}*|riassum\\p{L}*|简短|简要|详细|字以内|一句话|总结|简洁|簡潔|詳しく|一言|要約|文字以内`,
  lists: 'bullets?|bulleted|bullet[- ]points?|lists?|listed|listing|enumerate|prose|liste[n]?|aufzähl\\p{L}*|stichpunkt\\p{L}*|fließtext|puces|énum\\p{L}*|lista[sr]?|viñetas|elenc\\p{L}*|列表|列出|要点|箇条書き|リスト',
  headings: 'headings?|headers?|headlines?|section titles?|outline|überschrift\\p{L}*|gliederung|titres?|encabezados?|títulos|titoli|标题|見出し',
  emphasis: 'bold(?:ed|face)?|italics?|highlight(?:ed|ing)?|fett|hervorheb\\p{L}*|gras|negrita|grassetto|negrito|加粗|太字',
  tables: 'tables?|tabular|columns?|spreadsheet|tabellen?|tabellarisch|tableaux?|tablas?|tabell[ae]|tabelas?|表格|表で',
  tone: "tone|formal(?:ly)?|informal(?:ly)?|casual(?:ly)?|friendly|polite(?:ly)?|professional(?:ly)?|humorous(?:ly)?|funny|sarcas\\p{L}*|playful|serious(?:ly)?|respectful(?:ly)?|in the (?:style|voice) of|sounds? like|like a pirate|(?:like|as if) i(?:['’]?m| am) (?:five|5|a)|eli5|förmlich|formell|locker|höflich|freundlich|formelle?|poli(?:e|ment)?|amical\\p{L}*|educad[oa]|amable|formale|gentile|语气|正式|口语|丁寧|敬語|カジュアル",
  directness: "no (?:preamble|intro(?:duction)?|small talk|fluff|filler)|without (?:a |any )?(?:preamble|intro(?:duction)?|explanation)|straight to|get to the point|(?:just|only) (?:the|give|tell|answer|output|return|say)|answer only|nothing else|yes or no|nur die antwort|ohne einleitung|ja oder nein|uniquement|sans introduction|oui ou non|solo la respuesta|sin introducción|sí o no|solo la risposta|只要|只需|直接|だけ",
  examples: 'examples?|for instance|illustrat\\p{L}*|use[- ]cases?|analog(?:y|ies)|beispiel\\p{L}*|exemples?|ejemplos?|esemp[io]|exemplos?|例子|举例|例を|具体例',
  hedging: 'how (?:sure|certain|confident)|confidence|certain(?:ty)?|definitive(?:ly)?|be honest|no hedging|without hedging|caveats?|disclaimers?|unsicher\\p{L}*|eindeutig|certitude|certeza|sicher bist|确定|確実',
  questions: "ask me|asking me|(?:don['’]?t|do not|without) ask\\p{L}*|clarif\\p{L}*|interview me|quiz me|(?:no|any|some|with|without|more|ask) (?:\\p{L}+ )?questions|frag(?:e|st)? mich|rückfrag\\p{L}*|pose[sz]?[- ]moi|questionne\\p{L}*|pregúntame|preguntas|fammi domande|问我|提问|質問",
  emoji: 'emojis?|emoticons?|smileys?|表情|絵文字',
  numbers: "(?:with|include|give|use|exact|no|without) (?:\\p{L}+ )?(?:numbers|figures|statistics|stats|data|quantities)|how (?:many|much)|exact(?:ly)? (?:number|figure|amount)|zahlen|chiffres|cifras|cifre|数字|数据|数値",
  closing: 'sign[- ]?off|closing|no follow[- ]?up|end with|finish with|schluss\\p{L}*|grußformel|formule de politesse|despedida|chiusura|结尾|締め',
  steps: 'step[- ]by[- ]step|steps?|numbered|walk me through|schritt\\p{L}*|étapes?|pas à pas|pasos?|paso a paso|passaggi|passo a passo|步骤|一步|手順|ステップ',
}

/** Only one form of output will do, or the output is a given text: no preference has a place here. */
const STRICT =
  /\b(?:json|jsonl|xml|yaml|toml|csv|tsv|markdown|latex|html|regex|sql|base64)\b[^.\n]{0,60}\b(?:only|output|format|return|respond|reply|answer|object|schema|array|valid)\b|\b(?:only|output|return|respond|reply|answer|produce|give me|as|in|valid|nur|als|uniquement|solo)\b[^.\n]{0,40}\b(?:json|jsonl|xml|yaml|toml|csv|tsv|latex|html)\b|\b(?:only|just) (?:the |with |output )*code\b|\bcode only\b|\bnur (?:den )?code\b|\btranslat(?:e|ion)\b|(?<!\p{L})übersetz\p{L}*|\btradu(?:is|isez|ire|ce|cir|zir|ci|z|cción|ction)\b|翻译|翻訳|\bverbatim\b|\bword for word\b|\bproofread\b|\b(?:fix|correct) (?:the |my |any )?(?:grammar|spelling|typos?)\b|只(?:返回|输出)/iu

const matchers = DIMENSIONS.map((dimension) => ({
  dimension,
  // Unspaced scripts have no word ends: the look-arounds only keep Latin letters from touching Latin words.
  pattern: new RegExp(
    `(?<![\\p{Script=Latin}\\p{N}])(?:${WORDS[dimension]})(?![\\p{Script=Latin}\\p{N}])`,
    'iu',
  ),
}))

/** The answer must be in another language than the text that asks: only what any language understands may be asked for. */
const OTHER_LANGUAGE =
  /\b(?:in|into|auf|en|em) (?:spanish|french|german|italian|portuguese|dutch|polish|russian|chinese|mandarin|japanese|korean|arabic|hindi|turkish|swedish|greek|hebrew|latin|deutsch|französisch|spanisch|français|allemand|espagnol|español|francés|alemán|italiano|francese|tedesco|português)\b/iu

export type Constraints = {
  readonly strictOutput: boolean
  readonly otherLanguage: boolean
  readonly dimensions: ReadonlySet<Dimension>
}

/** Texts longer than this are material rather than instruction in the middle; both ends are read. */
const READ_CHARS = 8000

/** texts: the system prompt and the user's messages. */
export const constraintsOf = (texts: readonly string[]): Constraints => {
  const read = texts.map((t) =>
    t.length <= 2 * READ_CHARS ? t : `${t.slice(0, READ_CHARS)}\n${t.slice(-READ_CHARS)}`,
  )
  const isAnywhere = (pattern: RegExp) => read.some((t) => pattern.test(t))
  return {
    strictOutput: isAnywhere(STRICT),
    otherLanguage: isAnywhere(OTHER_LANGUAGE),
    dimensions: new Set(matchers.filter((m) => isAnywhere(m.pattern)).map((m) => m.dimension)),
  }
}
