/** Which language a text is in, from its script and its most frequent small words; and the words that style features count. */

/** unknown: too little to tell (numbers, code, a name). other: a language without a word table here. */
export type Language = 'en' | 'de' | 'fr' | 'es' | 'it' | 'pt' | 'zh' | 'ja' | 'other' | 'unknown'

/** Kinds of words that features count. Each entry is the body of a regular expression. */
export type WordKind = keyof typeof LEXICON

/** Scripts that write without spaces between words. */
export const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/gu

/** words: lower-cased words of the text, as text-analysis.ts cuts them. */
export const languageOf = (text: string, words: readonly string[]): Language => {
  const letters = count(text, /\p{L}/gu)
  if (letters === 0) return 'unknown'
  if (count(text, /[\p{Script=Hiragana}\p{Script=Katakana}]/gu) > 0.1 * letters) return 'ja'
  if (count(text, /\p{Script=Han}/gu) > 0.3 * letters) return 'zh'
  if (count(text, /\p{Script=Latin}/gu) < 0.5 * letters) return 'other'
  const hits = [...FREQUENT].map(([language, set]) => ({
    language,
    n: words.reduce((n, w) => n + (set.has(w) ? 1 : 0), 0),
  }))
  const [best, second] = hits.sort((a, b) => b.n - a.n)
  if (best && best.n > 0 && best.n > second!.n) return best.language
  // Latin letters with many marks are hardly English.
  return count(text, /[^\P{L}\p{ASCII}]/gu) > 0.03 * letters ? 'other' : 'unknown'
}

/** Occurrences of a kind of words in a text of a language; unknown is read as English, other has no words. */
export const countWords = (kind: WordKind, language: Language, text: string): number => {
  const pattern = patternOf(kind, language)
  return pattern ? count(text, pattern) : 0
}

/** Matches of a global pattern. */
export const count = (text: string, pattern: RegExp): number => text.match(pattern)?.length ?? 0

const patterns = new Map<string, RegExp | null>()

const patternOf = (kind: WordKind, language: Language): RegExp | null => {
  const key = `${kind} ${language}`
  const cached = patterns.get(key)
  if (cached !== undefined) return cached
  const table: Partial<Record<Language, string>> = LEXICON[kind]
  const body = table[language === 'unknown' ? 'en' : language]
  const unspaced = language === 'zh' || language === 'ja'
  const pattern = body
    ? new RegExp(unspaced ? body : `(?<![\\p{L}\\p{N}])(?:${body})(?![\\p{L}\\p{N}])`, 'giu')
    : null
  patterns.set(key, pattern)
  return pattern
}

const FREQUENT = new Map<Language, ReadonlySet<string>>(
  Object.entries({
    en: 'the and of to what how is you for this that with are can why does do it i my me should was which when give write from be have not your would could tell please a as in on at by an or no if about explain make use us more any there',
    de: 'der die das und ist nicht ich ein eine wie was mit für auf den dem zu wir sie kann warum mir du bitte von im auch oder wenn',
    fr: 'le la les des et est une un pour que qui dans je vous comment pourquoi avec sur ce pas du quel quelle mon ma au aux il elle ne',
    es: 'el la los las que y es una un para por como cómo qué con en de del mi se no puedo cuál está son al lo más su',
    it: 'il lo gli che di è una un per come con non mi cosa sono del della perché io questo alla dei si anche più nel',
    pt: 'o os as que de e é uma um para por como com não em do da meu minha você são mais isso qual ao na no se',
    other:
      'het een van en niet hoe wat ik je voor met zijn det och att som en på jag och är ikke jeg hvordan nie jak jest się w na z co czy bir ve bu için ne nasıl mi',
  }).map(([language, words]) => [language as Language, new Set(words.split(' '))]),
)

const LEXICON = {
  firstPerson: {
    en: "i|i['’](?:m|ve|d|ll)|me|my|mine|we|we['’](?:re|ve|d|ll)|our|ours|us",
    de: 'ich|mir|mich|mein(?:e[nmrs]?)?|wir|uns|unser(?:e[nmrs]?)?',
    fr: "je|j['’]\\p{L}+|moi|mon|ma|mes|nous|notre|nos",
    es: 'yo|mí|mis?|nosotros|nuestr[oa]s?',
    it: 'io|mio|mia|miei|noi|nostr[oaie]',
    pt: 'eu|meus?|minhas?|nós|noss[oa]s?',
    zh: '我们|我',
    ja: '私たち|私|僕|我々',
  },
  secondPerson: {
    en: "you|you['’](?:re|ve|d|ll)|your|yours|yourself",
    de: 'du|dir|dich|dein(?:e[nmrs]?)?|ihnen|ihr(?:e[nmrs]?)?|euch',
    fr: 'tu|toi|ton|ta|tes|vous|votre|vos',
    es: 'tú|tus?|usted(?:es)?|contigo',
    it: 'tu|tuo|tua|tuoi|voi|vostr[oaie]',
    pt: 'você|vocês|teu|tua|seus?|suas?',
    zh: '你们|您|你',
    ja: 'あなた|皆さん',
  },
  hedging: {
    en: 'maybe|perhaps|might|may|could|possibly|probably|likely|seems?|appears?|generally|typically|usually|often|sometimes|roughly|arguably|somewhat|it depends|i think|i believe|in (?:many|most|some) cases|tends? to',
    de: 'vielleicht|möglicherweise|wahrscheinlich|eventuell|könnten?|scheint|meist(?:ens)?|oft|vermutlich|in der regel|ich glaube',
    fr: 'peut-être|probablement|semble(?:nt)?|pourrait|généralement|souvent|parfois|il se peut|je pense|environ',
    es: 'quizás?|tal vez|probablemente|podrían?|parece|generalmente|a menudo|suele|creo que|posiblemente',
    it: 'forse|probabilmente|potrebbe|sembra|generalmente|spesso|di solito|credo',
    pt: 'talvez|provavelmente|poderia|parece|geralmente|muitas vezes|acho que|possivelmente',
    zh: '可能|也许|或许|大概|似乎|通常|一般来说',
    ja: 'かもしれ|たぶん|おそらく|でしょう|と思い|ようです',
  },
  formal: {
    en: 'furthermore|moreover|therefore|thus|hence|consequently|nevertheless|nonetheless|regarding|whereas|additionally|accordingly|it is (?:important|essential|advisable|recommended)|in order to|with respect to|shall|upon|one (?:may|should|must|can)|kindly',
    de: 'darüber hinaus|folglich|demnach|hinsichtlich|bezüglich|jedoch|sofern|somit|ihnen|es empfiehlt sich|des weiteren',
    fr: "en outre|par conséquent|toutefois|néanmoins|ainsi|afin de|il convient|vous|concernant|c['’]est pourquoi",
    es: 'además|por consiguiente|sin embargo|no obstante|asimismo|con el fin de|usted(?:es)?|respecto a|por lo tanto',
    it: 'inoltre|pertanto|tuttavia|ciononostante|al fine di|riguardo a|dunque',
    pt: 'além disso|portanto|todavia|no entanto|a fim de|relativamente a|conforme',
    zh: '此外|因此|然而|综上所述|鉴于|您',
    ja: 'さらに|したがって|しかしながら|ございます|いたします|である',
  },
  casual: {
    en: "hey|hi|yeah|yep|nope|cool|awesome|gonna|wanna|gotta|kinda|stuff|super|lol|btw|folks|guys|buddy|ok|okay|oh|wow|basically|pretty much|no worries|no big deal|tons|a bunch|totally|just|so yeah|let['’]s",
    de: 'hey|hi|cool|echt|super|mal|halt|krass|klar|ok|okay|na ja|total|du|dir|dich',
    fr: "salut|hé|super|cool|ouais|génial|truc|bref|ok|t['’]as|t['’]inquiète|tu",
    es: 'hey|hola|genial|guay|vale|súper|ok|chévere|pues|mola|tú',
    it: 'ehi|ciao|figo|dai|ok|beh|allora|tranquillo|tu',
    pt: 'oi|olá|legal|cara|tá|ok|beleza|tipo|né',
    zh: '嗨|哈哈|酷|啦|嘛|哦|超级',
    ja: 'だよ|だね|すごい|やばい|ね。|よ。',
  },
  example: {
    en: "for example|for instance|e\\.g\\.?|such as|imagine|suppose|let['’]s say|say you|examples?",
    de: 'zum beispiel|beispielsweise|z\\. ?b\\.?|etwa|stell dir vor|beispiele?',
    fr: 'par exemple|p\\. ?ex\\.?|tel(?:le)?s? que|imaginez|imagine|exemples?',
    es: 'por ejemplo|p\\. ?ej\\.?|tal(?:es)? como|imagina|ejemplos?',
    it: 'per esempio|ad esempio|come ad|immagina|esemp[io]',
    pt: 'por exemplo|tais como|imagine|exemplos?',
    zh: '例如|比如|譬如|举例',
    ja: '例えば|たとえば|など',
  },
  summary: {
    en: 'in (?:short|summary|conclusion|brief|a nutshell)|to (?:sum up|summari[sz]e|conclude)|overall|tl;?dr|bottom line|key takeaways?|the takeaway',
    de: 'kurz gesagt|zusammenfassend|zusammengefasst|fazit|insgesamt|unterm strich',
    fr: 'en résumé|en bref|en conclusion|pour conclure|pour résumer',
    es: 'en resumen|en conclusión|en definitiva|para resumir|en pocas palabras',
    it: 'in sintesi|in conclusione|in breve|per riassumere',
    pt: 'em resumo|em conclusão|resumindo|em suma',
    zh: '总之|总结|综上|简而言之',
    ja: 'まとめ|要するに|結論',
  },
  preamble: {
    en: "great|good question|excellent|interesting|fantastic|wonderful|that['’]s a|what a|sure|certainly|of course|absolutely|definitely|happy to|glad|i['’]d be|i would be|i['’]ll|let me|thanks|thank you|hello|hi|hey|let['’]s|here(?:['’]s| is| are)|to answer|in this|when it comes to|as an ai|understanding|in today['’]s|you['’]ve asked",
    de: 'gerne?|natürlich|klar|gute frage|sehr gute|selbstverständlich|hallo|danke|hier (?:ist|sind)|lass uns',
    fr: 'bien sûr|avec plaisir|excellente|bonne question|certainement|bonjour|merci|voici',
    es: 'claro|por supuesto|buena pregunta|excelente|con gusto|hola|gracias|aquí (?:está|tienes)',
    it: 'certo|certamente|ottima domanda|volentieri|ciao|grazie|ecco',
    pt: 'claro|com certeza|boa pergunta|ótima|olá|obrigado|aqui está',
    zh: '好的|当然|没问题|这是一个|你好|谢谢|以下是',
    ja: 'もちろん|はい|良い質問|こんにちは|ありがとう|以下',
  },
  closing: {
    en: "let me know|feel free|happy to (?:help|expand|explain|go|walk)|hope (?:this|that|it) helps?|would you like|if you['’]?d? (?:like|want)|want me to|shall i|(?:any|other|more|further) questions|reach out|don['’]t hesitate|just ask|here to help|good luck",
    de: 'bescheid|melde dich|frag(?:en sie)? (?:gerne?|einfach)|weitere fragen|helfe gern|möchtest du|möchten sie|soll ich|viel erfolg',
    fr: "n['’]hésitez pas|n['’]hésite pas|dites-moi|dis-moi|souhaitez-vous|veux-tu|voulez-vous|d['’]autres questions",
    es: 'no dudes|no dude|avísame|hazme saber|quieres que|te gustaría|más preguntas|espero que',
    it: 'fammi sapere|non esitare|vuoi che|altre domande|spero che',
    pt: 'me avise|não hesite|quer que|gostaria|outras perguntas|espero que',
    zh: '如果你|如果您|如有|随时|希望这|需要我',
    ja: 'ご質問|お知らせ|お気軽|必要であれば|参考になれば',
  },
  apology: {
    en: "sorry|i apologi[sz]e|my apologies|unfortunately|i can(?:['’]t|not| not)|i['’]m (?:not able|unable)|i am (?:not able|unable)|as an ai|i won['’]t",
    de: 'tut mir leid|entschuldigung|leider|ich kann (?:dir |ihnen )?nicht|als ki',
    fr: "désolée?|je m['’]excuse|malheureusement|je ne peux pas|en tant qu['’]ia",
    es: 'lo siento|disculp[ae]|lamentablemente|no puedo|como ia',
    it: 'mi dispiace|scusa|purtroppo|non posso',
    pt: 'desculpe|sinto muito|infelizmente|não posso',
    zh: '抱歉|对不起|很遗憾|我不能|我无法',
    ja: '申し訳|すみません|残念ながら|できません',
  },
} as const satisfies Record<string, Partial<Record<Language, string>>>
