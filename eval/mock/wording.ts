/** How the mock answerer words things: interchangeable templates, so that no style is one fixed string, and rewrites of a sentence. */
import type { Role } from './topics/topic.ts'

export const OPENINGS: readonly string[] = [
  'Good question.',
  'Thanks for asking.',
  'Happy to help with {subject}.',
  'That is a good thing to ask about.',
  'Sure, let us look at {subject}.',
  'This comes up a lot when people ask about {subject}.',
  'Let me walk through this.',
  'Of course, here is an overview.',
  'I can certainly help with that.',
  'There is more to {subject} than it seems.',
]

export const CLOSINGS: readonly string[] = [
  'Let me know if something is unclear.',
  'I am happy to go into more detail.',
  'Feel free to ask for more on any part of this.',
  'Just say the word and I will expand on it.',
  'I hope that helps.',
  'If more detail on {subject} would be useful, I can add it.',
  'I can adapt this to a particular case on request.',
]

/** Words that lead into a sentence by its role; an empty one lets the sentence stand alone. */
export const LEADS: Readonly<Record<Role, readonly string[]>> = {
  mechanism: ['Here is why:', 'The reason behind it:', 'What goes on underneath:', '', '', ''],
  facts: ['In numbers:', 'As a reference point:', '', '', ''],
  background: ['A bit of history:', 'Some background:', 'Looking back:', '', '', ''],
  steps: [''],
  example: ['', ''],
  analogy: ['Picture it this way:', 'Here is a way to see it:', '', '', ''],
  caveats: ['One caution:', 'Keep in mind:', 'A word of warning:', '', '', ''],
  anecdote: ['A small story:', 'This reminds me of someone:', '', '', ''],
  comparison: ['To put it in context:', 'Side by side:', '', '', ''],
}

/** Short labels for list items and bold lead-ins. */
export const LABELS: Readonly<Record<Role, readonly string[]>> = {
  mechanism: ['Why it works', 'How it works', 'The cause'],
  facts: ['Key figure', 'In numbers', 'Figures'],
  background: ['Background', 'History', 'Where it comes from'],
  steps: ['To do'],
  example: ['Example', 'In practice'],
  analogy: ['Analogy', 'Mental picture'],
  caveats: ['Caution', 'Watch out', 'Caveat'],
  anecdote: ['A story', 'From life'],
  comparison: ['Comparison', 'Next to others'],
}

export type Section = 'explain' | 'story' | 'do' | 'care'

export const SECTION_OF: Readonly<Record<Role, Section>> = {
  mechanism: 'explain',
  analogy: 'explain',
  facts: 'explain',
  comparison: 'explain',
  background: 'story',
  anecdote: 'story',
  example: 'story',
  steps: 'do',
  caveats: 'care',
}

export const HEADINGS: Readonly<Record<Section, readonly string[]>> = {
  explain: ['How it works', 'The idea', 'What happens', 'Understanding it'],
  story: ['Background', 'In context', 'The wider picture', 'Around it'],
  do: ['What to do', 'Steps', 'How to go about it', 'In practice'],
  care: ['Watch out', 'Limits', 'What can go wrong', 'Be careful'],
}

export const LIST_INTROS: Readonly<Record<Section, readonly string[]>> = {
  explain: ['The main points:', 'In short:', 'The essentials:'],
  story: ['Some context:', 'Around the topic:'],
  do: ['What to do:', 'The steps:', 'One way to do it:', 'In order:'],
  care: ['What to watch for:', 'Points of caution:'],
}

export const ORDINALS: readonly (readonly string[])[] = [
  ['First,', 'To begin,', 'Start here:'],
  ['Then', 'Next,', 'After that,'],
  ['Then', 'Next,', 'Once that is done,'],
  ['Finally,', 'Last,', 'To finish,'],
]

/** Openers and closers of a sentence that set the register. */
export const REGISTER_HEADS = {
  formal: [
    'Furthermore,',
    'In addition,',
    'Moreover,',
    'Additionally,',
    'It is important to note that',
  ],
  informal: [
    'Plus,',
    'Oh, and',
    'On top of that,',
    'So yeah,',
    'Basically,',
    'And hey,',
    'Okay, and',
  ],
} as const

export const REGISTER_TAILS = {
  formal: [
    ', a point that one should bear in mind.',
    ', which it is advisable to remember.',
    ', as one may readily confirm.',
  ],
  informal: [
    ', which is pretty cool.',
    ', no big deal.',
    ', so yeah.',
    ', and that is basically it.',
  ],
} as const

/** Hedges that stand before a declarative sentence, which goes on in lower case. */
export const HEDGES: readonly string[] = [
  'As a rule,',
  'In most cases,',
  'It seems that',
  'Generally speaking,',
  'As far as I can tell,',
  'I believe that',
  'In all likelihood,',
  'Perhaps surprisingly,',
  'It is fair to say that',
  'Probably',
]

/** Addresses to the reader before a declarative sentence. */
export const ADDRESSES: readonly string[] = [
  'You may notice that',
  'You can think of it like this:',
  'For your purposes,',
  'You should know that',
  'As you may have seen,',
  'You will find that',
]

/** Hedges and addresses that close any sentence, in place of its full stop. */
export const HEDGE_TAILS: readonly string[] = [
  ', in most cases.',
  ', as far as I know.',
  ', generally speaking.',
  ', though I may be missing exceptions.',
  ', more or less.',
  ', or so it seems.',
]

export const ADDRESS_TAILS: readonly string[] = [
  ', as you may have noticed.',
  ', as you can check for yourself.',
  ', so keep it in mind for your own case.',
]

/** Addresses before an imperative sentence. */
export const STEP_ADDRESSES: readonly string[] = [
  'You can',
  'You will want to',
  'You should',
  'Make sure you',
]

export const EMOJI: Readonly<Record<string, readonly string[]>> = {
  food: ['🍳', '🥖', '🍅', '😋'],
  nature: ['🌱', '🐝', '🍂', '🌿'],
  sky: ['🌙', '⛅', '🌈', '✨'],
  money: ['💰', '📈', '🧾', '💡'],
  health: ['💪', '😴', '🧠', '❤️'],
  computing: ['💻', '🔐', '🧩', '🚀'],
  home: ['🔧', '🏠', '🚲', '🛠️'],
  history: ['📜', '🏛️', '🗺️', '⏳'],
  arts: ['🎵', '🎨', '📷', '✍️'],
  travel: ['🧳', '✈️', '🗺️', '⛰️'],
  general: ['😊', '👍', '💡', '✨'],
}

/** [neutral, formal, informal]. Neutral words are the ones the topics use. */
const REGISTER: readonly (readonly [RegExp, string, string])[] = [
  [/\b[Aa]bout (?=\d)/g, 'approximately ', 'around '],
  [/\broughly (?=\d)/g, 'approximately ', 'around '],
  [/\busually\b/g, 'ordinarily', 'mostly'],
  [/\boften\b/g, 'frequently', 'quite often'],
  [/(?<!\b(?:as|so|too|how|the|of|not) )\bmany (?=[a-z]+s\b|people)/g, 'numerous ', 'lots of '],
  [/\bMany (?=[a-z]+s\b|people)/g, 'Numerous ', 'Lots of '],
  [/(?<!\b(?:the|other) )\bpeople\b/g, 'individuals', 'folks'],
  [/\bPeople\b/g, 'Individuals', 'Folks'],
  [/\bquickly\b/g, 'rapidly', 'fast'],
  [
    /\bneeds (?=a |an |the |no |only |about |roughly |more |less |fewer |\d)/g,
    'requires ',
    'wants ',
  ],
  [/\bneed (?=a |an |the |no |only |about |roughly |more |less |fewer |\d)/g, 'require ', 'want '],
  [/\balmost\b/g, 'virtually', 'pretty much'],
  [/\bmistake\b/g, 'error', 'slip-up'],
  [/\blarge\b/g, 'substantial', 'big'],
  [/\bchildren\b/g, 'children', 'kids'],
  [/\bvery\b/g, 'exceedingly', 'super'],
  [/\bshows\b/g, 'demonstrates', 'shows'],
  [/\bbuy\b/g, 'purchase', 'get'],
  [/\bFor example,/g, 'By way of illustration,', 'Say, for example,'],
  [/\bso that\b/g, 'in order that', 'just so'],
  [/, so (?=[a-z])(?!that\b)/g, ', and therefore ', ', so basically '],
  [/\bwhereas\b/g, 'whereas', 'while'],
  [/\bbefore long\b/g, 'in due course', 'soon'],
  [/\bA common\b/g, 'A prevalent', 'A classic'],
]

/** Replaces up to `most` words by formal (direction 1) or informal (-1) ones. Returns the text and how many changed. */
export const shiftRegister = (text: string, direction: 1 | -1, most: number) => {
  let changed = 0
  let result = text
  for (const [pattern, formal, informal] of REGISTER) {
    if (changed >= most) break
    const next = result.replace(pattern, direction === 1 ? formal : informal)
    if (next !== result) changed++
    result = next
  }
  return { text: result, changed }
}

const CONTRACTIONS: readonly (readonly [RegExp, string])[] = [
  [/\b([Ii])t is (?=[a-z])/g, "$1t's "],
  [/\b([Tt])hat is (?=[a-z])/g, "$1hat's "],
  [/\b([Tt])here is (?=[a-z])/g, "$1here's "],
  [/\b([Ww])hat is (?=[a-z])/g, "$1hat's "],
  [/\b([Hh])ere is (?=[a-z])/g, "$1ere's "],
  [/\b([Tt])hey are (?=[a-z])/g, "$1hey're "],
  [/\b([Yy])ou will (?=[a-z])/g, "$1ou'll "],
  [/\b([Yy])ou are (?=[a-z])/g, "$1ou're "],
  [/\bI am (?=[a-z])/g, "I'm "],
  [/\bI will (?=[a-z])/g, "I'll "],
  [/\b([Ll])et us\b/g, "$1et's"],
  [/\b([Cc])annot\b/g, "$1an't"],
  [/\b([Dd])o not\b/g, "$1on't"],
  [/\b([Dd])oes not\b/g, "$1oesn't"],
  [/\b([Dd])id not\b/g, "$1idn't"],
  [/\b(is|are|was|were|has|have|should|would|could) not\b/g, "$1n't"],
  [/\bwill not\b/g, "won't"],
]

/** Contracts what can be contracted: "it is" becomes "it's". */
export const contract = (text: string): string =>
  CONTRACTIONS.reduce((result, [pattern, to]) => result.replace(pattern, to), text)

const LOWERABLE = new Set(
  `a an the in on at by as if when once while most many some each every this these those it its they there their to from for with
  without after before during between because since although even only all both few people no one two three four another such
  what how why where whether adding using taking keeping making`.split(/\s+/),
)

/** Whether the sentence may go on in lower case after a few words: it begins with a plain function word, never a name. */
export const canFollow = (sentence: string): boolean =>
  LOWERABLE.has(sentence.split(/[\s,]/, 1)[0]!.toLowerCase()) &&
  !/^For example|^For instance/.test(sentence)

export const lowerFirst = (sentence: string): string =>
  sentence.charAt(0).toLowerCase() + sentence.slice(1)

/** Approximate count of text tokens: words and marks, long words counted more than once. */
export const countTokens = (text: string): number => {
  let count = 0
  for (const piece of text.match(/[\p{L}\p{N}']+|[^\s\p{L}\p{N}]/gu) ?? [])
    count += Math.max(1, Math.ceil(piece.length / 8))
  return count
}
