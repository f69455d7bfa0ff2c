/** Requests of which the wording tells that no preference matters, in several languages; and named features for the relevance head. */

/** Whole request: greetings, thanks, farewells, acknowledgements. */
const ACK =
  /^[\s¿¡]*(?:(?:hi|hiya|hello|hey|yo|howdy|greetings|hallo|moin|servus|grüß (?:gott|dich)|salut|bonjour|bonsoir|coucou|hola|buenas|ciao|salve|ol[áa]|oi|namaste|thanks?|thank you|thx|ty|cheers|danke(?: schön)?|vielen dank|merci|gracias|grazie|obrigad[oa]|ok(?:ay)?|k|yes|no|yep|yeah|nope|sure|great|good|cool|nice|perfect|fine|super|got it|done|ja|nein|oui|non|s[íi]|sì|sim|não|bye|goodbye|tschüs+|au revoir|adiós|arrivederci|tchau|ping|test(?:ing)?|never ?mind|that works|no worries|(?:good|guten?|bonne?|buen[oa]s?|buon[ao]?|bom|boa) ?(?:morning|afternoon|evening|night|day|morgen|tag|abend|nacht|journée|soirée|nuit|días|tardes|noches|giorno|sera|notte|dia|tarde|noite)|buongiorno|buonasera|nice to meet you|(?:see|talk to) you(?: (?:later|soon|tomorrow))?|later|how are you(?: doing)?(?: today)?|how['’]?s it going|what['’]?s up|wie geht['’]?s(?: dir)?|(?:comment )?ça va|cómo estás|come stai|tudo bem|are you there|there|again|claude|everyone|all|so much|very much|a lot|a million|beaucoup|mille?|muchas|tante|muito|schön|sehr|dir|ihnen|for (?:the|your) help)[\s,.!?¡¿…-]*)+$/iu
const ACK_UNSPACED =
  /^(?:你好|您好|嗨|谢谢(?:你|您)?|多谢|好的|早上好|晚上好|晚安|再见|こんにちは|おはよう(?:ございます)?|こんばんは|ありがとう(?:ございます)?|おやすみ(?:なさい)?|さようなら|はい|了解)[！!。.？?～~]*$/u

/** Hardly any letters: a sum, a sequence. */
const SUM =
  /^[¿\s]*(?:(?:what(?:['’]s| is| are)|calculate|compute|evaluate|how much is|solve|simplify|add|was ist|wie viel (?:ist|sind)|berechne|combien (?:font|fait)|calcule[rz]?|cu[áa]nto (?:es|son)|calcula|quanto (?:fa|fanno|é|são)|calcola|resuelve|resolva|risolvi|löse) )?[\d\s+\-*/×÷=^(),.%·:xyz√²³]*(?:\d\s*(?:times|plus|minus|divided by|dividido (?:entre|por)|diviso|over|percent of|per cent of|% of|mal|plus|geteilt durch|prozent von|fois|plus|moins|divisé par|% de|por|más|menos|entre|per|più|meno|vezes|mais)\s*)*[\d\s+\-*/×÷=^(),.%·:xyz√²³]*[?=.\s]*$/iu

const rule = (body: string) => new RegExp(`^[\\s¿¡]*(?:${body})`, 'iu')
const PLEASE =
  '(?:please |can you |could you |would you |bitte |kannst du |peux-tu |pouvez-vous |por favor,? |puedes |puoi |per favore,? |você pode |pode )*'
const CODE =
  '(?:python|javascript|typescript|java|kotlin|swift|rust|golang|ruby|php|perl|bash|shell|powershell|sql|css|html|react|django|node|c\\+\\+|c#|excel|vba)'
const THING =
  '(?:functions?|scripts?|regex(?:es)?|reg(?:ular )?expressions?|quer(?:y|ies)|one-liner|unit tests?|dockerfile|makefile|snippet|interface|component|decorator|endpoint|funktion|skript|abfrage|fonction|requête|función|consulta|funzione|função)'
const WRITE =
  '(?:write|create|give me|generate|implement|build|make|code|show me|need|schreib(?:e|en sie)?|erstelle|implementiere|écris|écrivez|crée|escribe|crea|implementa|scrivi|escreva|crie)'
const SHORT_FACT =
  '(?:wrote|painted|invented|discovered|directed|composed|founded|sang|won|built|designed|created|is the (?:author|president|prime minister|king|queen|ceo|founder|director|inventor|composer)|was the (?:first|last|author|president|king|queen)|hat .{2,40} (?:geschrieben|gemalt|erfunden|entdeckt|gewonnen|komponiert)|schrieb|malte|erfand|a (?:écrit|peint|inventé|découvert|gagné|composé)|escribió|pintó|inventó|descubrió|ganó|ha (?:scritto|dipinto|inventato|scoperto|vinto)|scrisse|dipinse|inventò|escreveu|pintou|inventou|descobriu|ganhou)'

/** At the beginning of the request, whatever its length. */
const BEGINNINGS = [
  rule(
    `${PLEASE}(?:i )?${WRITE} (?:(?:\\p{L}+ ){0,2}?${CODE}|(?:\\p{L}+[- ]){0,6}?${THING})(?![\\p{L}-])(?! (?:tutorial|guide|article|course|essay|explanation|overview|lesson))`,
  ),
  rule(
    `${PLEASE}(?:fix|debug|refactor|optimi[sz]e|lint|port|minify|format|repair|behebe|corrige|arregla|correggi|corrija) (?:\\p{L}+ ){0,4}(?:code|function|bug|error|query|script|snippet|class|loop|json|xml|regex|funktion|fehler|fonction|función|funzione|função)`,
  ),
  rule(
    `${PLEASE}(?:translate|übersetz\\p{L}*|tradui\\p{L}*|traduc\\p{L}*|traduz\\p{L}*|how (?:do|would) (?:you|i|we) (?:say|translate|spell)|wie (?:sagt man|heißt|schreibt man|buchstabiert man)|comment (?:dit-on|on dit|s['’]écrit|écrit-on)|c[óo]mo se (?:dice|escribe)|come si (?:dice|scrive)|como se (?:diz|escreve))`,
  ),
  rule(
    `${PLEASE}(?:put|turn|render|say) .{1,120} (?:in|into|to) (?:english|german|french|spanish|italian|portuguese|dutch|japanese|chinese|russian|latin|polish|swedish|arabic|hindi|korean)[.?!\\s]*$`,
  ),
  rule(
    `${PLEASE}(?:convert|umrechne|rechne .{1,40} (?:in|um)|wandle|konvertiere|convierte|convert(?:is|ir|issez|e|a|i)|converta) .{0,200}`,
  ),
  rule(
    `${PLEASE}(?:extract|classify|categori[sz]e|alphabeti[sz]e|deduplicate|remove (?:the |all )?duplicates|count (?:the|how)|label (?:each|the|these)|pull (?:the|all|out)|parse|sort (?:these|this|the (?:following|words|numbers|list|names)|alphabetically|in)|extrahiere|sortiere|zähle|klassifiziere|extrais|extraie|trie|classe |compte|extrae|ordena|clasifica|cuenta|estrai|ordina|conta |classifica|extraia)`,
  ),
  rule(
    `${PLEASE}(?:correct|fix|proof-?read|check|korrigiere|corrige[rz]?|correggi|corrija)(?: \\p{L}+){0,3} (?:grammar|spelling|typos?|punctuation|sentence|mistakes|errors|rechtschreibung|grammatik|satz|orthographe|phrase|ortograf[ií]a|frase|ortografia)`,
  ),
  rule(
    `${PLEASE}(?:schreib(?:e|en sie)?|erstelle|programmiere|gib|écris|écrivez|crée|génère|fais|escribe|crea|genera|haz|scrivi|fai|escreva|crie|gere|faça) .{0,60}?(?<!\\p{L})${CODE}(?!\\p{L})`,
  ),
  rule(
    `${PLEASE}(?:rechne|runde|addiere|multipliziere|ergänze|vervollständige|ersetze|entferne|formatiere|fülle|setze (?:das|die|ein|komma)|zähle|(?:schreib(?:e)?|setze|forme|wandle) (?:diesen|den|folgenden|die folgenden) |arrondis|additionne|complète|remplace|supprime|mets (?:cette|la|les|au|le)|réécris|reformule|redondea|suma|completa|reemplaza|elimina|pon (?:en|la|el|esta)|reescribe|pasa (?:esta|a|al)|arrotonda|somma|completa|sostituisci|rimuovi|metti|riscrivi|volgi|arredonde|some|complete a|substitua|remova|passe (?:esta|para)|reescreva)(?!\\p{L})`,
  ),
  rule(
    '(?:was (?:heißt|bedeutet)|que (?:signifie|veut dire)|qu[ée] significa|cosa significa|che cosa significa|o que significa) (?:das wort |le mot |la palabra |la parola |a palavra )?["“„«][^"”“»]{1,40}["”“»]|wie schreibt man|was reimt sich|qué rima|che rima|quoi rime',
  ),
  rule(
    "(?:ja oder nein|richtig oder falsch|wahr oder falsch|oui ou non|vrai ou faux|s[íi] o no|verdadero o falso|sì o no|vero o falso|sim ou não|verdadeiro ou falso)|(?:korrigiere|corrige[rz]?|correggi|corrija|correct)(?: (?:diesen satz|cette phrase|esta frase|questa frase))? ?:|(?:konjugiere|dekliniere|conjugue|conjuga|coniuga|finde den fehler|trouve l[’']erreur|encuentra el error)|(?:zieh|wirf|tire|lanza|lancia) ",
  ),
  rule(
    `${PLEASE}(?:rewrite|rephrase|paraphrase|reword|change|make|turn) (?:this|that|the following) (?:sentence|text|paragraph|word|title)?.{0,60}:`,
  ),
  rule(
    `${PLEASE}(?:repeat after me|repeat the|recite|say exactly|copy this|type out|spell(?! out)|buchstabiere|pick a (?:random )?(?:number|card|colou?r)|flip a coin|roll (?:a|two|\\d+) di(?:c?e|ces?)|heads or tails|generate (?:a |an )?(?:random|uuid|guid|password)|(?:yes or no|true or false|fill in|complete the (?:sequence|blank|sentence))|(?:answer|reply|respond) (?:only |just )?(?:with|in) (?:one|a single|only|just|yes|[abcd]\\b))`,
  ),
]

/** A question of at most 14 words that has one right answer. */
const LOOKUPS = [
  rule(`(?:who|wer|qui|qui[ée]n|chi|quem) ${SHORT_FACT}`),
  rule(
    '(?:(?:in|on) (?:which|what) (?:year|date|day|century)|what (?:year|date|day)|in welchem jahr|en quelle année|en qué año|in che anno|em que ano)|(?:when|wann|quand|cu[áa]ndo|quando)(?: is| was| were| did| does|[- ]est| est| a| ist| war| naci| llegó| wurde| endete| begann| fiel| fue| fu | è | foi | nac| mur| term)(?!.{0,60}(?:best|good|right|should|worth|ideal|besten?|mieux|mejor|meglio|migliore|melhor))',
  ),
  rule(
    "combien y a-t-il de|(?:how many|wie viele?|combien d|cu[áa]nt[oa]s|quant[ie]|quant[oa]s) ?(?:e |[’'])?\\p{L}+ (?:are there |does|do (?!i |you |we )|has|have|is|are|in|equal|sind|hat|gibt|y a|a |hay |tiene|ci sono|ha |há |tem )",
  ),
  // What is the height, the currency, the plural of …; which river, which planet …; how high is …
  rule(
    `(?:wie (?:lautet|heißt) |was ist |(?:nenne|sag)(?: mir)? )(?:der|die|das|den) (?:name|vorname|höhe|länge|fläche|einwohnerzahl|bevölkerung|währung|symbol|zeichen|formel|plural|mehrzahl|hauptstadt|postleitzahl|vorwahl|quadratwurzel|summe|produkt|gegenteil|chemische)`,
  ),
  rule(
    'welche[rsmn]? (?:fluss|see|planet|farbe|währung|land|kontinent|berg|ozean|meer|hauptstadt|amtssprache|jahr|datum|tag|uhrzeit|stadt|mannschaft|element|gas|zahl|präsident|könig)|wie (?:hoch|lang|groß|alt|weit|tief|schwer|schnell|breit) (?:ist|war|sind|wurde)',
  ),
  rule(
    "(?:donne[- ]moi |quel(?:le)?s? (?:est|était|sont) )(?:un |une |le |la |les |l[’'])(?:nom|hauteur|longueur|superficie|population|monnaie|symbole|formule|pluriel|féminin|capitale|date|vitesse|distance|température|synonyme|antonyme|contraire|racine|somme|produit|langue officielle)|quel(?:le)? (?:fleuve|rivière|planète|couleur|monnaie|pays|continent|montagne|océan|année|jour|heure|ville|équipe|élément|président|roi)",
  ),
  rule(
    "(?:(?:dame|dime|dammi|dimmi|dê|diga)(?:-me)? |(?:cu[áa]l|qual)(?: es|[’']? è| é| era) )(?:un |una |um |uma |el |la |lo |il |o |a |l[’'])(?:nombre|altura|longitud|superficie|población|moneda|símbolo|fórmula|plural|femenino|capital|fecha|velocidad|distancia|sinónimo|antónimo|contrario|raíz|suma|nome|altezza|lunghezza|popolazione|moneta|valuta|simbolo|formula|plurale|femminile|capitale|data|velocità|sinonimo|radice|somma|população|moeda|fórmula|feminino|sinônimo|raiz|soma)",
  ),
  rule(
    '(?:qu[ée]|quale?|que) (?:río|fiume|rio|planeta|pianeta|color|colore|cor|país|paese|continente|montaña|montagna|montanha|océano|oceano|ciudad|città|cidade|equipo|squadra|time|rey|re|rei)(?!\\p{L})|cu[áa]nto (?:mide|pesa|dura el vuelo)|quanto (?:è|é) (?:alt|lung|grand|long)|qual é a altura',
  ),
  rule('(?:and )?(?:-?\\d[\\d.,]*) ?\\p{L}{1,12} (?:in|to|into|en|em|nach) \\p{L}+[?.\\s]*$'),
]
const LOOKUP_ANYWHERE =
  /(?:capital(?: city)? of|hauptstadt (?:von|der|des)|capitale? d[eiu]|capitale dell|capital d[eao]|首都|chemical symbol|atomic number|chemisches? (?:symbol|zeichen)|symbole chimique|símbolo químico|simbolo chimico|\d+ (?:squared|cubed)|square root|quadratwurzel|racine carrée|raíz cuadrada|radice quadrata|raiz quadrada|平方根|factorial|prime number\?|roman numeral|in binary|to binary|in decimal|hexadecimal|greatest common|least common|(?:plural|past tense|past participle|feminine|comparative|superlative|synonyms?|antonyms?|opposite) (?:of|for|form)|plural von|pluriel de|plural de|plurale di|gegenteil von|contraire de|contrario de|rhymes? with|stands? for|abbreviation|acronym|country code|area code|postcode of|zip code|http status|which port|hex code|keyboard shortcut|file extension|boiling point|melting point|speed of (?:light|sound)|freezing point|official language|currency of|währung von|monnaie d|moneda de|moneta d|moeda d|isbn|iata|what time is it|wie spät ist es|quelle heure|qué hora|che ore|que horas|days? (?:are there )?between|day of the week)/iu
const OPENING =
  /\b(?:why|how (?:do|does|did|can|come|should)|explain|tell me about|describe|warum|wieso|erklär\p{L}*|pourquoi|explique\p{L}*|por ?qu[eê]|expl[ií]ca\p{L}*|perch[eé]|spiega\p{L}*)(?!\p{L})/iu
/** A sum told in words: how much, with two numbers at least. */
const HOW_MUCH = /(?<!\p{L})(?:wie viele?|wieviele?|combien|cu[áa]nt[oa]s?|quant[oaie])(?!\p{L})/iu

const LETTERS = /\p{L}/gu

/** Whether the wording alone tells that the request is of a kind that no preference matters for. */
export const isPlain = (request: string): boolean => {
  const text = request.slice(0, 2000).trim()
  if (text.length <= 80 && (ACK.test(text) || ACK_UNSPACED.test(text))) return true
  if (/\d/.test(text) && text.length <= 120 && SUM.test(text)) return true
  if (!/\p{L}/u.test(text)) return text !== ''
  if (BEGINNINGS.some((r) => r.test(text))) return true
  const words = text.split(/\s+/).length
  if (words <= 40 && HOW_MUCH.test(text) && (text.match(/\d+/g)?.length ?? 0) >= 2) return true
  const isShort = words <= 14 && text.length <= 120
  return (
    isShort &&
    !OPENING.test(text) &&
    (LOOKUP_ANYWHERE.test(text) || LOOKUPS.some((r) => r.test(text)))
  )
}

/** Named features of a request, each 0 … 1 or a logarithm, that stand beside its pooled state. */
export const requestFeatures = (request: string): number[] => {
  const text = request.slice(0, 4000)
  const words = text.split(/\s+/).filter((w) => w !== '').length
  const share = (pattern: RegExp) => (text.match(pattern)?.length ?? 0) / Math.max(1, text.length)
  const has = (pattern: RegExp) => (pattern.test(text) ? 1 : 0)
  return [
    Math.log1p(words),
    has(/\?/),
    has(/\d/),
    share(/\d/g),
    has(/["“”`«]/),
    has(/:/),
    share(/[{}()=;<>_[\]]/g),
    1 - share(LETTERS),
    has(/^\s*(?:who|when|where|which|what)\b/i),
    has(/^\s*(?:how|why)\b/i),
    has(/\b(?:i|my|me|we|our)\b/i),
    words <= 3 ? 1 : 0,
  ]
}

/** What asks for an answer in prose: why, how, advice, ideas, comparisons, texts to write. */
const ASKS_FOR_PROSE =
  /(?<!\p{L})(?:warum|wieso|weshalb|wozu|wie (?!viele?(?!\p{L})|hoch|lang(?!e)|groß|alt|weit|tief|schwer|heißt|lautet|schreibt|spät|sagt)\p{L}+|wodurch|worauf|wofür|womit|woran|was (?:ist|sind|bedeutet|macht|kann|könnte|soll\p{L}*|hilft|tun|mache|würde\p{L}*|spricht|passiert|braucht|brauche|muss|hältst|meinst|gibt|unterscheidet|lohnt|schenk\p{L}*|koche?\p{L}*|zieh\p{L}*|denkst|weißt|war|waren|wäre|für|halten)|welche[rsn]?|erklär\p{L}*|erzähl\p{L}*|beschreib\p{L}*|erläuter\p{L}*|vergleich\p{L}*|unterschied\p{L}*|vor- und nachteile|vorteile|nachteile|tipps?|ideen?|empfehl\p{L}*|empfiehl\p{L}*|vorschl\p{L}*|schlag\p{L}*|ratschl\p{L}*|rat|soll\p{L}*|lohnt|sinnvoll|hilf|hilfe|kann (?:ich|man|es)|darf|muss (?:ich|man)|gibt es|ist es|ist (?:das|ein\p{L}*|der|die)|plan\p{L}*|überblick|einführung|anleitung|rezept|geschichte|gedicht|märchen|brief|mail|e-mail|einladung|nachricht|rede|aufsatz|artikel|bericht|text|ich (?!hätte)\p{L}+|mein\p{L}*|wir|pourquoi|comment (?!dit|s['’]écrit|écrit|on dit)\p{L}+|qu['’]est-ce|expliqu\p{L}*|raconte\p{L}*|décri\p{L}*|compar\p{L}*|différences?|avantages?|inconvénients?|conseil\p{L}*|idées?|recommand\p{L}*|suggère\p{L}*|propose\p{L}*|faut-il|dois-je|devrais|est-ce|peut-on|puis-je|vaut|que (?:faire|penser|visiter|voir|dois|puis|sais|peux|cuisiner|manger|lire|signifie|se passe|faut)|quels? (?:sont|est l['’](?:impact|intérêt|origine|histoire|avis)|livres?|films?|cadeaux?|plats?)|quelles sont|aide|recette|histoire|poème|conte|lettre|courriel|message|discours|article|je|j['’]\p{L}+|mon|ma|mes|nous|por ?qu[ée]|c[óo]mo (?!se (?:dice|escribe|diz|escreve))\p{L}+|expl[ií]c\p{L}*|cuént\p{L}*|descri\p{L}*|diferenci?as?|diferenças?|ventajas|desventajas|vantagens|consej\p{L}*|conselh\p{L}*|ideas?|recomiend\p{L}*|recomend\p{L}*|sug\p{L}*|debo|debería|devo|deveria|merece|conviene|convém|vale a pena|vale la pena|puedo|posso|es (?:buen[oa]s?|mejor|mal[oa]|posible|verdad|necesario|seguro|peligroso)|é (?:bom|melhor|verdade|possível|seguro|perigoso)|qu[ée] (?:es|son|hago|hacer|puedo|significa|pasa|opinas|piensas|ver|debo|tengo|necesito|me|cosas|libros?|regal\p{L}*|diferenci\p{L}*|o que)|o que|quais|cu[áa]les|ayúda\p{L}*|ajud\p{L}*|receta|receita|historia|história|poema|cuento|conto|carta|correo|mensaje|mensagem|discurso|artículo|artigo|convite|invitación|yo|mi|mis|nosotros|tengo|quiero|estoy|eu|meu|minha|meus|tenho|quero|estou|perch[eé]|come (?!si (?:dice|scrive))\p{L}+|che cos['’]?|cos['’]è|cosa|spiega\p{L}*|racconta\p{L}*|descriv\p{L}*|confront\p{L}*|differenz\p{L}*|vantaggi|svantaggi|consigli\p{L}*|idee|idea|suggeri\p{L}*|devo|dovrei|meglio|aiuta\p{L}*|ricetta|storia|favola|poesia|lettera|messaggio|discorso|articolo|invito|io|mio|mia|miei|noi|voglio|sono|ho)(?!\p{L})|为什么|怎么|怎样|如何|什么(?:是|叫|样|区别)|是什么|解释|介绍|建议|推荐|比较|区别|优缺点|应该|写一(?:封|篇|首|个)|讲|帮我|我|なぜ|どうして|どう(?!訳)|どのよう|どんな|とは|教えて|説明|違い|比較|おすすめ|アイデア|べき|書いて|方法|理由|仕組み|私/iu

/** Whether a request that the local model cannot read asks for more than one right answer. */
export const asksForProse = (request: string): boolean =>
  request.length > 400 || ASKS_FOR_PROSE.test(request.slice(0, 400))
