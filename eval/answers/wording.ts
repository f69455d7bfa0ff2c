/** What the languages' wording tables have in common, and how a table is applied to a sentence. */
import type { Language, Role } from './topics/topic.ts'
import { DE } from './wording/de.ts'
import { EN } from './wording/en.ts'
import { ES } from './wording/es.ts'
import type { Section, Wording } from './wording/table.ts'

export const WORDINGS: Readonly<Record<Language, Wording>> = { en: EN, de: DE, es: ES }

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
  work: ['💼', '📌', '🗂️', '☕'],
  people: ['🤝', '💬', '🏡', '💛'],
  language: ['📖', '🔤', '✏️', '🗣️'],
  games: ['🎲', '♟️', '⚽', '🏆'],
  animals: ['🐾', '🦉', '🐈', '🐙'],
  general: ['😊', '👍', '💡', '✨'],
}

/** Replaces up to `most` words by formal (direction 1) or informal (-1) ones. Returns the text and how many changed. */
export const shiftRegister = (
  { register }: Wording,
  text: string,
  direction: 1 | -1,
  most: number,
) => {
  let changed = 0
  let result = text
  for (const [pattern, formal, informal] of register) {
    if (changed >= most) break
    const next = result.replace(pattern, direction === 1 ? formal : informal)
    if (next !== result) changed++
    result = next
  }
  return { text: result, changed }
}

/** Contracts what can be contracted: "it is" becomes "it's". */
export const contract = ({ contractions }: Wording, text: string): string =>
  contractions.reduce((result, [pattern, to]) => result.replace(pattern, to), text)

/** Whether the sentence may go on in lower case after a few words: it begins with a plain function word, never a name. */
export const canFollow = ({ lowerable, standsAlone }: Wording, sentence: string): boolean =>
  lowerable.has(sentence.split(/[\s,]/, 1)[0]!.toLowerCase()) && !standsAlone.test(sentence)

/** The sentence after its head, in lower case unless the language keeps the capital after a colon. */
export const afterHead = ({ capitalAfterColon }: Wording, head: string, sentence: string): string =>
  `${head} ${capitalAfterColon && head.endsWith(':') ? sentence : sentence.charAt(0).toLowerCase() + sentence.slice(1)}`

/** Approximate count of text tokens: words and marks, long words counted more than once. */
export const countTokens = (text: string): number => {
  let count = 0
  for (const piece of text.match(/[\p{L}\p{N}']+|[^\s\p{L}\p{N}]/gu) ?? [])
    count += Math.max(1, Math.ceil(piece.length / 8))
  return count
}
