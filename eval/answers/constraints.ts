/** What the user's own message demands, in English, German, Spanish and French; it outranks any preference. */
import type { Dimension, Style } from './style.ts'

/** levels are exact: 0 never, 1 always. */
export type Constraints = {
  readonly levels: Partial<Style>
  readonly limits: { readonly maxSentences?: number }
}

/** Whole words only; a word boundary of JavaScript knows no accents. */
const said = (...phrases: readonly string[]): RegExp =>
  new RegExp(`(?<!\\p{L})(?:${phrases.join('|')})(?!\\p{L})`, 'u')

const DEMANDS: readonly (readonly [RegExp, Partial<Style>])[] = [
  [
    said(
      "(?:no|without(?: any)?|don'?t use|avoid) (?:bullets?|bullet points|lists?)",
      'in (?:plain )?prose',
      'no lists or',
      '(?:keine?|ohne) (?:listen?|aufzählung(?:en)?|stichpunkte|aufzählungszeichen)',
      '(?:als|im) fließtext',
      'sin (?:listas?|viñetas)',
      'en prosa',
      '(?:sans|pas de) (?:listes?|puces)',
      'en prose',
    ),
    { lists: 0 },
  ],
  [
    said(
      '(?:as|in|with|use|give me|make) (?:a |an )?(?:short |bulleted |numbered |bullet )?(?:lists?|bullets|bullet points)',
      '(?:als|in|mit) (?:einer? )?(?:kurzen? )?(?:liste|stichpunkten?|stichworten|aufzählung)',
      '(?:en|como|con) (?:una )?(?:forma de )?(?:lista|viñetas)',
      '(?:en|sous) (?:forme de )?(?:liste|puces)',
    ),
    { lists: 1 },
  ],
  [
    said(
      'step[- ]by[- ]step',
      'schritt für schritt',
      'paso a paso',
      'pas à pas',
      'étape par étape',
    ),
    { steps: 1, lists: 1 },
  ],
  [
    said(
      '(?:no|without) (?:headings?|headers?)',
      '(?:keine|ohne) überschriften',
      'sin (?:títulos|encabezados)',
      '(?:sans|pas de) titres',
    ),
    { headings: 0 },
  ],
  [
    said(
      'plain text',
      'no markdown',
      'without (?:markdown|formatting)',
      'no formatting',
      '(?:ohne|kein) markdown',
      '(?:ohne|keine) formatierung',
      'sin (?:markdown|formato)',
      'texto plano',
      'sans (?:markdown|mise en forme)',
      'texte brut',
    ),
    { lists: 0, headings: 0, bold: 0 },
  ],
  [
    said(
      '(?:no|without) emojis?',
      '(?:keine|ohne) emojis?',
      'sin (?:emojis?|emoticonos)',
      "(?:sans|pas d['’ ]) ?[ée]mojis?",
    ),
    { emoji: 0 },
  ],
  [
    said(
      'briefly',
      'in short',
      'keep it short',
      'short answer',
      'be brief',
      'be concise',
      'tl;?dr',
      'make (?:it|that) shorter',
      '(?:bitte|ganz|fass dich|halte es|möglichst) (?:kurz|knapp)',
      'kürzer',
      'in kürze',
      'en pocas palabras',
      'brevemente',
      'sé breve',
      'más (?:breve|cort[oa])',
      'brièvement',
      'en (?:quelques|peu de) mots',
      'sois bref',
      'plus court',
    ),
    { length: 0.1, preamble: 0, closing: 0 },
  ],
  [
    said(
      'in detail',
      'in depth',
      'thoroughly',
      'long answer',
      'as much detail',
      'ausführlich',
      'im detail',
      'en detalle',
      'detalladamente',
      'a fondo',
      'en détail',
      'de façon détaillée',
    ),
    { length: 1 },
  ],
  [
    said(
      '(?:just|only) the answer',
      'nur die antwort',
      'solo la respuesta',
      '(?:juste|seulement) la réponse',
    ),
    { length: 0, preamble: 0, closing: 0, question: 0 },
  ],
  [
    said(
      'with an? (?:concrete )?example',
      'mit (?:einem )?beispiel',
      'con un ejemplo',
      'avec un exemple',
    ),
    { example: 1 },
  ],
  [
    said(
      '(?:with|use|give me) an? analogy',
      "like i'?m (?:five|5)",
      'mit einem (?:vergleich|bild)',
      'con una (?:analogía|comparación)',
      'avec une (?:analogie|comparaison)',
    ),
    { analogy: 1 },
  ],
  [
    said(
      'no (?:small talk|preamble|introduction)',
      'ohne (?:einleitung|vorrede)',
      'sin (?:introducción|rodeos)',
      'sans (?:introduction|préambule)',
    ),
    { preamble: 0 },
  ],
]

const NUMBERS: Readonly<Record<string, number>> = Object.fromEntries(
  [
    'a one single einem un une una uno',
    'two zwei dos deux',
    'three drei tres trois',
    'four vier cuatro quatre',
    'five fünf cinco cinq',
  ].flatMap((words, i) => words.split(' ').map((word) => [word, i + 1])),
)

const SENTENCES = said(
  `(?:in|with|at most|max(?:imum)?|mit|höchstens|maximal|en|con|como máximo|au maximum) (?:just |only |exactly |at most |nur |solo )?(${Object.keys(NUMBERS).join('|')}|[1-9])(?: single)?(?: short| kurzen)? (?:sentences?|satz|sätzen?|frases?|oraci(?:ón|ones)|phrases?)`,
)

/** A later demand outranks an earlier one in the table. */
export const readConstraints = (message: string): Constraints => {
  const text = message.toLowerCase()
  const levels: Partial<Record<Dimension, number>> = {}
  for (const [pattern, demand] of DEMANDS) if (pattern.test(text)) Object.assign(levels, demand)
  const count = SENTENCES.exec(text)?.[1]
  if (count === undefined) return { levels, limits: {} }
  return {
    levels: { ...levels, lists: 0, headings: 0 },
    limits: { maxSentences: NUMBERS[count] ?? Number(count) },
  }
}
