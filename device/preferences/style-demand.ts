/**
 * Which style a clause asks for, with its direction. constraints.ts hears more, since a false alarm costs little there; here every word
 * must say which way. Words of one dimension, each with the end that it names; a negation a few words before it turns it round.
 */

import type { Wish } from './dimensions.ts'
import type { Dimension } from './preference.ts'

type Words = readonly [dimension: Dimension, end: 1 | -1, words: string]

const NUMBER = '(?:\\d+|an?|one|two|three|four|five|six|ten|few|single)'

// biome-ignore format: a table
const WORDS: readonly Words[] = [
  ['length', -1, `short(?:er|est|ly)?|shorten|brief(?:er|ly)?|brevity|concise(?:ly)?|succinct(?:ly)?|terse(?:ly)?|tl;? ?dr|summar(?:y|i[sz]e)(?: it| that)?|condense|compact|less text|fewer words|half the length|cut (?:it|that|this) (?:down|in half)|trim (?:it|that|this)?|quick (?:answer|version)|wall of text|${NUMBER} (?:short )?(?:sentences?|lines?|words)|kurz\\p{L}*|kürzer\\p{L}*|knapp\\p{L}*|bündig|courte?s?|brefs?|brièvement|concis(?:e|es)?|cort[oa]s?|breve(?:s|mente)?|brevi|concis[oa]s?|curt[oa]s?|简短|简洁|简要|精简|短|簡潔|手短`],
  ['length', 1, 'long(?:er)?|lengthy|detail(?:s|ed)?|in[- ]depth|depth|thorough(?:ly)?|comprehensive|verbose|wordy|rambl(?:e|ing)|elaborate|expand(?: on)?|essays?|ausführlich\\p{L}*|detaillier\\p{L}*|länger\\p{L}*|lange[nrs]?|longue?s?|détaillée?s?|larg[oa]s?|detallad[oa]s?|lung(?:o|a|hi|he)|dettagliat[oaie]|long[oa]s|detalhad[oa]s?|详细|详尽|長く|長い|詳し\\p{L}*|詳細'],
  ['lists', 1, '(?<!numbered )(?:bullet(?:s|ed)?(?:[- ]?(?:points?|lists?))?|lists?|listed)|aufzählung\\p{L}*|stichpunkt\\p{L}*|listen?|puces|listes?|viñetas|listas?|elench[io](?: puntat[io])?|tópicos|列表|要点|箇条書き|リスト'],
  ['lists', -1, 'prose|(?:plain |running |flowing )?paragraphs|running text|fließtext|prosa'],
  ['headings', 1, '(?:sub-?)?head(?:ing|er)s?|überschrift\\p{L}*|(?:sous-|inter)?titres|encabezados?|títulos|titoli|cabeçalhos?|标题|見出し'],
  ['emphasis', 1, 'bold(?:ed|face)?|italics|fett(?:druck|schrift|gedruckt\\p{L}*)?|gras|negritas?|grassetto|negrito|加粗|粗体|太字'],
  ['tables', 1, 'tables?|tabelle[n]?|tableaux?|tablas?|tabelas?|表格|表で|表に'],
  ['tone', -1, 'casual(?:ly)?|informal(?:ly)?|friendl(?:y|ier)|chatty|chattier|conversational(?:ly)?|relaxed|laid-back|loosen up|warmer|like a friend|locker\\p{L}*|umgangssprach\\p{L}*|duzen?|familier|décontracté\\p{L}*|tutoie\\p{L}*|coloquial|informale|amichevole|随意|口语\\p{L}*|カジュアル|くだけた'],
  ['tone', 1, 'formal(?:ly)?|professional(?:ly)?|stiff|stuffy|dry|businesslike|förmlich\\p{L}*|formell\\p{L}*|formelle?s?|正式|敬語|丁寧'],
  ['directness', 1, '(?:get |come |straight |right )+to the point|(?:answer|reply) (?:directly|first)|directly|just the answer|only the answer|straight answers?|direkt|zur sache|directement|directamente|direttamente|diretamente|单刀直入|開門見山|单刀|単刀直入'],
  ['directness', -1, 'preambles?|intro(?:s|duction|ductions|ductory)?|small ?talk|greet(?:ing|ings)?(?: me)?|pleasantries|filler|fluff|padding|chit-?chat|einleitung\\p{L}*|vorrede|floskeln|introducción|introducciones|preámbulos?|introduzion[ei]|preambol[io]|introduç(?:ão|ões)|préambules?|开场白|前置き|挨拶'],
  ['examples', 1, 'examples?|beispiel\\p{L}*|exemples?|ejemplos?|esempi[o]?|exemplos?|例子|示例|具体例|例を'],
  ['hedging', 1, "hedg(?:e|ing)|caveats?|disclaimers?|how (?:sure|certain|confident) you are|uncertain(?:ty|ties)?|what you(?:'re| are) (?:un|not )sure (?:of|about)|vorbehalte?|incertitudes?|incertidumbre|不确定"],
  ['hedging', -1, 'commit to (?:an?|one|your) (?:answer|position)|take a (?:stand|position)'],
  ['questions', 1, '(?:ask|asking)(?: me)?(?: a| any)?(?: follow-?up| clarifying)? questions?|questions back|follow-?up questions?|(?:end|ending|finish)(?: it)? (?:with|on|by asking)(?: me)? an?(?: follow-?up)? question|rückfragen|fragen zurück|反问|質問'],
  ['emoji', 1, 'emojis?|emoticons?|smileys?|émojis?|émoticônes?|emoticonos?|表情(?:符号)?|颜文字|絵文字|顔文字'],
  ['numbers', 1, 'figures|numbers|statistics|stats|quantities|percentages|zahlen|chiffres|cifras|cifre|números|数字|数据|数値'],
  ['closing', 1, '(?:closing|final) (?:offers?|lines?)|offer(?:s|ing)?(?: to| of)?(?: more| further)? help(?: more)?|(?:ask(?:ing)? )?(?:if|whether) (?:i|there(?:\'s| is)) (?:need )?anything else|let me know if|hope (?:this|that|it) helps|schlussfloskel\\p{L}*'],
  ['steps', 1, 'numbered(?: steps?| lists?)?|step[- ]by[- ]step|steps|number (?:the|your|all|each) \\p{L}+|nummerier\\p{L}*|schritt\\p{L}*|étapes|pasos|passaggi|passos|步骤|手順'],
]

// biome-ignore format: a table
const NOT = "no|not|\\p{L}+n't|never|without|stop|avoid|skip|drop|omit|leave out|leaving out|hate|dislike|fewer|few|less|too|instead of|rather than|sick of|tired of|remove|lose|ditch|spare me|cut|enough with|kein\\p{L}*|ohne|nie|niemals|nicht|weniger|statt|hasse|zu|sans|pas|jamais|moins|trop|déteste|sin|nada de|nunca|menos|demasiad[oa]s?|odio|senza|niente|mai|non|meno|troppo|sem|não|odeio"
const NOT_UNSPACED = /不|没|别|勿|无|太|少|ない|なし|嫌|やめ|すぎ/u
/** Words between a negation and what it turns round. */
const REACH = 4

const edges = (words: string) =>
  `(?<![\\p{Script=Latin}\\p{N}])(?:${words})(?![\\p{Script=Latin}\\p{N}])`
const MATCHERS = WORDS.map(([dimension, end, words]) => ({
  dimension,
  end,
  unspaced: new RegExp(edges(words), 'iu'),
  pattern: new RegExp(
    `(?<not>${edges(NOT)}(?:[\\s-]+[\\p{L}\\p{N}'-]+){0,${REACH}}[\\s-]+)?${edges(words)}`,
    'iu',
  ),
}))
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u

/** At most one end a dimension. */
export const demandedWishes = (clause: string): Wish[] => {
  const text = clause
    .normalize('NFKC')
    .replace(/[’‘]/g, "'")
    .replace(/\bnot enough\b/gi, 'more')
    .toLowerCase()
  const ends = new Map<Dimension, 1 | -1>()
  for (const { dimension, end, pattern, unspaced } of MATCHERS) {
    if (ends.has(dimension)) continue
    const found = pattern.exec(text)
    if (!found) continue
    const isTurned = UNSPACED.test(text)
      ? NOT_UNSPACED.test(text.replace(unspaced, ''))
      : found.groups?.['not'] !== undefined
    ends.set(dimension, isTurned ? (end === 1 ? -1 : 1) : end)
  }
  // A friendly greeting is about the greeting.
  if (ends.has('directness')) ends.delete('tone')
  return [...ends].map(([dimension, end]): Wish => `${dimension}${end > 0 ? '+' : '-'}`)
}

/** Clauses of a sentence that ask for one thing each. */
export const clausesOf = (sentence: string): string[] =>
  sentence
    .split(
      /[,;，、；:：]|\s+(?:but|aber|sondern|mais|pero|ma|mas)\s+|\s+and\s+(?=(?:no|not|never|more|less|fewer|use|with|without|always|please|be|keep|don'?t|do|hate|love|like|prefer|i|skip|give|get|end|write)\b)/iu,
    )
    .map((part) => part.trim())
    .filter((part) => part !== '')
