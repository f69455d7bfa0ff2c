/** Which part of a topic a message asks for, in the languages of the bank. */
import type { Role } from './topics/topic.ts'

/** In order: what is asked expressly comes before "why" and "what should I do". */
const ASKED: readonly (readonly [Role, RegExp])[] = [
  [
    'comparison',
    /difference|compare|alternatives|versus|better than|unterschied|vergleich|alternativen|diferencia|compar|alternativas/,
  ],
  [
    'caveats',
    /go(es)? wrong|careful|mistakes?\b|risks?\b|watch out|schiefgehen|aufpassen|fehler\b|vorsicht|salir mal|errores|cuidado|riesg/,
  ],
  [
    'background',
    /histor|come from|go back to|invented|geschicht|woher|erfunden|de dónde viene|origen/,
  ],
  ['example', /\bexample|\bbeispiel|ejemplo/],
  ['analogy', /analog|picture (that|for)|ein bild (dafür|dazu)|una imagen/],
  ['anecdote', /anecdote|tell (me|us) a story|anekdote|anécdota/],
  [
    'facts',
    /\bhow (long|much|many|often|far|good|fast|hot)\b|numbers|figures|\bwie (lange|viele?|oft|weit|schnell)\b|zahlen|cuánt[oa]|cifras/,
  ],
  [
    'steps',
    /\b(how|what|when|where|and) (do|does|can|could|should) (i|we|one|parents|you)\b|\bhow to\b|\bsteps?\b|\border\b|was kann ich|was soll|was tun|wie (kann|bringe|mache|schaffe|bleibe|backe|trenne) ich|reihenfolge|qué (hago|hacemos|puedo)|cómo (hago|empiezo|debo|lo|aprendo)|pasos|qué orden/,
  ],
  [
    'mechanism',
    /\bwhy\b|\breason\b|\bcauses?\b|\bhow (does|do|did|is)\b|what happens|what makes|behind|warum|wieso|woran|grund|por qué|razón|a qué se debe/,
  ],
]

/** undefined when the message asks for nothing in particular. */
export const askedRole = (message: string): Role | undefined => {
  const text = message.toLowerCase()
  return ASKED.find(([, pattern]) => pattern.test(text))?.[0]
}
