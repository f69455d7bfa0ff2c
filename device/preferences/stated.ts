/**
 * Lasting preferences that the user states in a message: "remember that I prefer …", "from now on …", "never … in your answers". Rules
 * over words; what is quoted, pasted, code, about another text or person, or asked about is not the user's word. A miss costs nothing,
 * and what is found counts only once the user has confirmed it.
 */

import { holdsDelimiter } from '../text/imitation.ts'
import type { Wish } from './dimensions.ts'
import { clausesOf, demandedWishes } from './style-demand.ts'

/** said: the sentence that it was read from. */
export type StatedPreference = { readonly wish: Wish; readonly said: string }

/** Longer messages hold material. */
const MAX_CHARS = 1500
const MAX_SAID = 300

export const statedPreferences = (message: string): StatedPreference[] => {
  if (message.length > MAX_CHARS || holdsDelimiter(message)) return []
  const found = new Map<Wish, string>()
  for (const sentence of sentencesOf(ownWords(message))) {
    if (!isLasting(sentence)) continue
    for (const clause of clausesOf(sentence))
      if (!OTHER_TEXT.test(clause))
        for (const wish of demandedWishes(clause))
          if (!found.has(wish)) found.set(wish, sentence.slice(0, MAX_SAID))
  }
  // Who says both says neither.
  return [...found]
    .filter(([wish]) => !found.has(opposite(wish)))
    .map(([wish, said]) => ({ wish, said }))
}

const opposite = (wish: Wish): Wish =>
  `${wish.slice(0, -1)}${wish.endsWith('+') ? '-' : '+'}` as Wish

/** What announces a lasting wish before a colon; after any other colon stands something else's text. */
const ANNOUNCES =
  /(?:from now on|from here on|future|remember|forget|we start|to you|next time|note|mind|know|rule|general|preference|replies|answers|ab jetzt|zukunft|künftig|merk dir|maintenant|désormais|ahora|futuro|poi|diante|以后|今後|记住)[\p{L}\s]{0,12}$/iu

/** Without code, quotations, tagged or quoted text, and what follows a colon that announces other text. */
const ownWords = (message: string): string => {
  const text = message
    .normalize('NFKC')
    .replace(/[’‘]/g, "'")
    .replace(/```[\s\S]*?(?:```|$)|~~~[\s\S]*?(?:~~~|$)/g, '\n')
    .replace(/^\s*>.*$/gm, '')
    .replace(/<([\w-]+)[^>]*>[\s\S]*?(?:<\/\1>|$)/g, ' ')
    .replace(/"[^"]*"|“[^”]*”|„[^“”]*[“”]|«[^»]*»|「[^」]*」|『[^』]*』|`[^`]*`/g, ' … ')
    .replace(/(?<!\p{L})'[^'\n]{2,300}?'(?!\p{L})/gu, ' … ')
    .replace(/\{[\s\S]*\}/g, ' ')
  const colon = [...text.matchAll(/[:：](?=\s|$|[^\p{ASCII}])/gu)].find(
    ({ index }) => !ANNOUNCES.test(text.slice(Math.max(0, index - 60), index)),
  )
  return colon ? text.slice(0, colon.index) : text
}

export const sentencesOf = (text: string): string[] =>
  (text.match(/[^.!?\n。！？]+[.!?。！？]*/g) ?? []).map((s) => s.trim()).filter((s) => s !== '')

/** Holds for every answer from now on. */
// biome-ignore format: a table
const LASTING =
  /\b(?:from (?:now|here|today|this point) on(?:wards?)?|going forward|in (?:the )?future|for the future|henceforth|in (?:all|any|every|each|each of|any of|all of) (?:your |future |my )*(?:answers?|repl(?:y|ies)|responses?)|all (?:of )?your (?:future )?(?:answers|replies|responses)|every (?:one of your )?(?:answer|reply|response)|for next time|next time|in general|generally|as a (?:general )?rule|when(?:ever)? you (?:answer|reply|respond|explain|write|compare|list|describe|give|tell|talk)|(?:(?:every|each) time|whenever) (?:you|i (?:ask|want|need|request|write))|(?:every|each) time(?=\s*[.!,;)]|$)|all the time|(?:don't|do not) (?:want|like|need) (?:\p{L}+[ ,]+){1,4}(?:any ?more|ever)|my (?:general |usual )?preference is|i(?:'m| am) (?:someone|a person|the type|the kind)(?: of person)? who (?:likes?|prefers?|loves?|hates?))\b|(?:^|[,:;.]\s*|\b(?:please|you to|(?:can|could|would|will) you|you should|just|and|so|to) )(?:always|never|don't ever|do not ever)\b|\bi(?:'d| would)? (?:always|never) (?:want|like|prefer|need|love)|(?<!\p{L})(?:ab (?:jetzt|sofort|heute)|von nun an|künftig|zukünftig|in zukunft|grundsätzlich|generell|(?:bitte|antworte|schreib\p{L}*|benutz\p{L}*|verwend\p{L}*|nutz\p{L}*) (?:mir |mich |bitte |doch )*(?:immer|nie|niemals)|à partir de maintenant|désormais|dorénavant|à l'avenir|réponds? toujours|(?:n'|ne )\p{L}+(?: \p{L}+)? jamais|a partir de ahora|de ahora en adelante|en el futuro|(?:^|por favor,? )(?:siempre|nunca) (?!\p{L}+o(?!\p{L}))|responde siempre|d'ora in poi|in futuro|(?:rispondi|usa) sempre|non \p{L}+ mai|de agora em diante|a partir de agora|no futuro|responda sempre)(?!\p{L})|以后|从现在(?:起|开始)|今后|总是用|永远不要|每次回答|今後|これから|次から|いつも|常に/iu

/** To be kept in mind, in the first person or as an order. */
const REMEMBER =
  /(?<!\p{L})(?:(?:please |can you |could you )*(?:remember|note|make a note|keep in mind|bear in mind)(?: \p{L}+){0,2}(?: that)? (?:i|my|no|to|never|always)\b|(?:please )?remember (?:this|for next time)|remember:|keep (?:that|this|it) in mind|(?:you should|just so you) know(?: that)? i\b|merk\p{L}* (?:dir|euch)|denk\p{L}* (?:bitte )?daran,? dass ich|souviens-toi|rappelle-toi|retiens|note que je|recuerda que|ten en cuenta que|ricorda(?:ti)? che|lembre-se|lembra-te)|记住|请记得|覚えて/iu

/** The first person's taste; it needs a word that shows that answers are meant. */
const TASTE =
  /(?<!\p{L})(?:i(?:'d| would| do| really| generally| usually| much| just| strongly)*(?: rather)? (?:prefer|like|love|hate|dislike|don't like|do not like|can't stand)|i(?:'m| am) not a fan of|ich (?:bevorzuge|mag|hasse|möchte|liebe)|je (?:préfère|déteste|n'aime pas)|j'aime|prefiero|me gustan|odio|preferisco|mi piacciono|prefiro|gosto de)(?!\p{L})|我(?:更|不)?喜欢|が(?:好き|嫌い)/iu
const ANSWERS =
  /(?<!\p{L})(?:(?:my|your|the|in|short|long|brief|detailed|direct|concise) (?:answers?|repl(?:y|ies)|responses?|explanations?)|in-depth explanations|(?:answers|replies|responses) (?:short|brief|long|concise|detailed|direct|formal|casual|without|with|that)|(?:it when|when|that|if) you|antworten|erklärungen|réponses|respuestas|risposte|respostas)(?!\p{L})|回答|答え/iu

/** Tells of somebody else, asks about words, or supposes. */
// biome-ignore format: a table
const NOT_MEANT =
  /(?<!\p{L})(?:(?:he|she|they|we|users?|people|customers?|clients?|everyone|everybody|someone|nobody|my \p{L}+|our \p{L}+|the \p{L}+)(?: always| never| also| often| generally| will)? (?:prefers?|likes?|wants?|hates?|loves?|said|says?|tells?|told|wrote|writes|asks?|asked|thinks?|will|uses?|used)|our|if (?:i|you|he|she|they|we) (?:said|say|told|tell|asked|were)|would happen|suppose|imagine|pretend|in the (?:story|novel|book|film|play|dialogue)|how (?:do|would|can|should) (?:i|you|we|one)|how to|what does|what do|mean(?:s|ing)?|translat\p{L}*|proofread|rephrase|paraphrase|classify|rewrite|style guide|system prompt|prompt for|write (?:an?|the|me|some)|draft|no longer|used to|not any ?more|ignore (?:the|all|everything|previous)|i(?:'d| would)? (?:want|like|need|plan|try|hope|have|intend) to (?!see|get|have you|read)|sometimes|er|sie|mein \p{L}+|meine \p{L}+ mag|wie sagt man|übersetz\p{L}*|bedeutet|comment (?:dit|dire)|que (?:veut|signifie)|tradui\p{L}*|mon \p{L}+ (?:aime|préfère)|significa|cómo se dice|traduc\p{L}*|mi \p{L}+ prefiere|come si dice|como se diz|o que significa)(?!\p{L})|什么意思|怎么说|翻译|どういう意味|訳して/iu

/** A clause on a text that is to be written, or a thing that is not an answer. */
const OTHER_TEXT =
  /(?<!\p{L})(?:e-?mails?|letters?|stories|story|poems?|posts?|articles?|reports?|announcements?|tickets?|slides|presentations?|essay of|my essay|novels?|films?|movies?|songs?|architecture|gardens?|clothes|groceries|hair|briefe?|geschichten?|gedichte?)(?!\p{L})/iu

/** A question is no statement, but for one that asks the device to keep to something. */
const ASKS_DEVICE =
  /^(?:hey,? |hi,? |also,? |and )?(?:can|could|would|will) you (?:please )?(?:remember|always|never|stop|keep|note|make|use|from|not|avoid|be)\b|^(?:kannst du|peux-tu|puedes|puoi|você pode|pode)/iu

/** Whether a sentence states a wish for every answer from now on. */
export const isLasting = (whole: string): boolean => {
  const sentence = whole.replace(/,? (?:ok(?:ay)?|please|thanks|alright)[?？]$/i, '')
  if (/[?？]\s*$/.test(sentence) && !ASKS_DEVICE.test(sentence)) return false
  if (NOT_MEANT.test(sentence)) return false
  return (
    LASTING.test(sentence) ||
    REMEMBER.test(sentence) ||
    (TASTE.test(sentence) && ANSWERS.test(sentence))
  )
}
