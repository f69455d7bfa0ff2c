/** Stand-ins for requests that no topic covers, made from the request's own words, in its language. */
import type { Language, Topic } from './topic.ts'

/** The parts of a topic that a language words for itself. subject, second: words of the request. */
type Sentences = Omit<Topic, 'id' | 'language' | 'domain' | 'subject' | 'terms' | 'phrasings'>
type Stock = {
  readonly subject: string
  readonly second: string
  readonly say: (subject: string, second: string) => Sentences
}

const STOCK: Readonly<Record<Language, Stock>> = {
  en: {
    subject: 'this request',
    second: 'the details',
    say: (subject, second) => ({
      answer: `The short answer on ${subject} is to settle the goal first, since ${second} can be judged only against it.`,
      mechanism: [
        `The parts of ${subject} depend on one another, so a change in one place soon shows in the others.`,
        `Most difficulties arise where ${second} was left vague and everyone filled the gap differently.`,
      ],
      facts: [
        'In practice about 80 percent of the result comes from the first 20 percent of the choices.',
        'A first version is usually ready within 2 or 3 short sessions.',
      ],
      background: [
        `People have dealt with questions like ${subject} for a long time, mostly by trying and passing on what worked.`,
        'Older advice was made for other tools, which is why some of it sounds strange today.',
      ],
      steps: [
        `Write down what a good outcome for ${subject} would look like.`,
        'Gather what is already known and mark what is missing.',
        'Try the smallest version that could work.',
        'Review the outcome and keep only what helped.',
      ],
      example: [
        `For example, a short note on ${second} often settles in minutes what a long talk leaves open.`,
      ],
      analogy: [
        `Working on ${subject} is like finding a path in fog: a few steps show more than a long look.`,
      ],
      caveats: [
        `Be careful with advice on ${subject} that ignores the circumstances.`,
        'A common mistake is to polish the details before the main direction is clear.',
      ],
      anecdote: [
        'One teacher solved a similar puzzle by asking the quietest person in the room first.',
      ],
      comparison: [
        'Compared with planning everything ahead, small trials cost less and teach more.',
      ],
      followUp: `What matters most to you about ${subject}?`,
    }),
  },
  de: {
    subject: 'diese Anfrage',
    second: 'die Einzelheiten',
    say: (subject, second) => ({
      answer: `Zum Thema ${subject} gilt in Kürze: erst das Ziel klären, denn nur daran lässt sich messen, was zu „${second}“ zu sagen ist.`,
      mechanism: [
        'Die Teile hängen voneinander ab, deshalb zeigt sich eine Änderung an einer Stelle bald an den anderen.',
        'Die meisten Schwierigkeiten entstehen dort, wo etwas offen blieb und jeder die Lücke anders füllte.',
      ],
      facts: [
        'In der Praxis kommen etwa 80 Prozent des Ergebnisses aus den ersten 20 Prozent der Entscheidungen.',
        'Eine erste Fassung steht meist nach 2 oder 3 kurzen Sitzungen.',
      ],
      background: [
        'Mit solchen Fragen gehen Menschen seit jeher um, indem sie probieren und weitergeben, was sich bewährt.',
        'Ältere Ratschläge galten anderen Werkzeugen, deshalb klingen manche davon heute fremd.',
      ],
      steps: [
        'Das gewünschte Ergebnis in einem Satz aufschreiben.',
        'Alles Bekannte sammeln und das Fehlende markieren.',
        'Die kleinste Fassung ausprobieren, die gehen könnte.',
        'Das Ergebnis ansehen und nur behalten, was geholfen hat.',
      ],
      example: [
        'Zum Beispiel klärt eine kurze Notiz oft in Minuten, was ein langes Gespräch offen lässt.',
      ],
      analogy: [
        'Es ist wie die Suche nach einem Weg im Nebel: ein paar Schritte zeigen mehr als langes Schauen.',
      ],
      caveats: [
        'Vorsicht ist bei Ratschlägen geboten, die von den Umständen absehen.',
        'Ein häufiger Fehler ist der Feinschliff, bevor die Richtung feststeht.',
      ],
      anecdote: [
        'Eine Lehrerin löste ein ähnliches Rätsel, indem sie zuerst den Stillsten im Raum fragte.',
      ],
      comparison: [
        'Kleine Versuche kosten weniger und lehren mehr, während ein großer Plan erst spät etwas zeigt.',
      ],
      followUp: 'Was ist dir dabei am wichtigsten?',
    }),
  },
  es: {
    subject: 'esta consulta',
    second: 'los detalles',
    say: (subject, second) => ({
      answer: `Sobre ${subject}, lo primero es aclarar el objetivo, pues solo así se puede valorar «${second}».`,
      mechanism: [
        'Las partes dependen unas de otras, y por eso un cambio en un sitio se nota pronto en los demás.',
        'La mayoría de las dificultades surge donde algo quedó impreciso y cada cual llenó el hueco a su manera.',
      ],
      facts: [
        'En la práctica cerca del 80 por ciento del resultado viene del primer 20 por ciento de las decisiones.',
        'Una primera versión suele estar lista en 2 o 3 sesiones cortas.',
      ],
      background: [
        'La gente resuelve cuestiones así desde siempre, probando y contando a otros lo que funcionó.',
        'Los consejos antiguos se pensaron para otras herramientas, y por eso algunos suenan raros hoy.',
      ],
      steps: [
        'Escribir en una frase cómo sería un buen resultado.',
        'Reunir lo que ya se sabe y marcar lo que falta.',
        'Probar la versión más pequeña que pueda servir.',
        'Revisar el resultado y quedarse solo con lo que ayudó.',
      ],
      example: [
        'Por ejemplo, una nota breve aclara a menudo en minutos lo que una charla larga deja abierto.',
      ],
      analogy: [
        'Es como buscar un sendero en la niebla: unos pasos enseñan más que una larga mirada.',
      ],
      caveats: [
        'Conviene desconfiar de los consejos que pasan por alto las circunstancias.',
        'Un error frecuente es pulir los detalles antes de fijar el rumbo.',
      ],
      anecdote: [
        'Una maestra resolvió algo parecido preguntando primero a la persona más callada de la sala.',
      ],
      comparison: [
        'Los ensayos pequeños cuestan menos y enseñan más, mientras que un gran plan tarda en mostrar algo.',
      ],
      followUp: '¿Qué es lo que más te importa en este asunto?',
    }),
  },
}

/** words: those of the request that may name its subject, as written there. */
export const standIn = (text: string, words: readonly string[], language: Language): Topic => {
  const stock = STOCK[language]
  // German nouns keep their capital.
  const joined = (from: number, to: number) => {
    const phrase = words.slice(from, to).join(' ')
    return language === 'de' ? phrase : phrase.toLowerCase()
  }
  const subject = joined(0, 3) || stock.subject
  const second = joined(3, 5) || stock.second
  return {
    id: `generic ${subject}`,
    language,
    domain: 'general',
    subject,
    terms: words.slice(0, 2),
    phrasings: [text, text, text],
    ...stock.say(subject, second),
  }
}
