/** How people ask further, whatever the topic: about one part of it, two wordings each, or for another form. */
import type { Language, Role } from './topics/topic.ts'

type Further = {
  readonly questions: Readonly<Partial<Record<Role, readonly [string, string]>>>
  readonly refinements: readonly string[]
}

export const FURTHER: Readonly<Record<Language, Further>> = {
  en: {
    questions: {
      steps: ['And what should I do, in which order?', 'How do I go about it in practice?'],
      mechanism: ['But why is that so?', 'What is the reason behind that?'],
      caveats: ['What can go wrong?', 'Which mistakes should I avoid?'],
      facts: ['Can you give me some figures on that?', 'How much or how long, roughly?'],
      comparison: [
        'How does it compare with the alternatives?',
        'What is the difference to others?',
      ],
      background: ['Where does that come from?', 'Does it have a history?'],
      example: ['Do you have an example?', 'What would be an example of that?'],
      analogy: ['Is there a picture that would help me see it?', 'Is there an analogy?'],
    },
    refinements: [
      'Could you make that shorter?',
      'Say it again step by step, please.',
      'Thanks. Now in two sentences, please.',
      'Please explain that again in more detail, in depth.',
      'I would like that as a list.',
      'Once more in plain prose, for a newsletter.',
    ],
  },
  de: {
    questions: {
      steps: ['Und was soll ich tun, in welcher Reihenfolge?', 'Wie mache ich das praktisch?'],
      mechanism: ['Aber warum ist das so?', 'Was ist der Grund dafür?'],
      caveats: ['Was kann dabei schiefgehen?', 'Welche Fehler sollte ich vermeiden?'],
      facts: ['Hast du dazu ein paar Zahlen?', 'Wie viel oder wie lange ungefähr?'],
      background: ['Woher kommt das eigentlich?', 'Hat das eine Geschichte?'],
      example: ['Hast du ein Beispiel?', 'Was wäre ein Beispiel dafür?'],
    },
    refinements: ['Geht das auch kürzer?', 'Bitte noch einmal in zwei Sätzen.'],
  },
  es: {
    questions: {
      steps: ['¿Y qué hago, por qué orden?', '¿Cómo lo hago en la práctica?'],
      mechanism: ['¿Pero por qué es así?', '¿A qué se debe eso?'],
      caveats: ['¿Qué puede salir mal?', '¿Qué errores debo evitar?'],
      facts: ['¿Tienes algunas cifras?', '¿Cuánto, más o menos?'],
      background: ['¿De dónde viene eso?', '¿Cuál es su origen?'],
      example: ['¿Tienes un ejemplo?', '¿Cuál sería un ejemplo de eso?'],
    },
    refinements: ['¿Puedes decirlo en pocas palabras?', 'Explícalo otra vez en dos frases.'],
  },
}
