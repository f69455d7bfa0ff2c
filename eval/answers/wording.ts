/** How the languages of the bank word an answer, and how their tables are applied to a sentence. */
import { z } from 'zod'
import { Pattern, readData, WordLines } from '../data/read-data.ts'
import { ROLES, type Role } from './topic.ts'

const Texts = z.array(z.string())
const Section = z.enum(['explain', 'story', 'do', 'care'])
export type Section = z.infer<typeof Section>
const ByRole = z.record(z.enum(ROLES), Texts)
const BySection = z.record(Section, Texts)
/** What sets the register, formal and informal. */
const Register = z.strictObject({ formal: Texts, informal: Texts })
export type Register = z.infer<typeof Register>

/**
 * Interchangeable templates, so that no style is one fixed string, and rewrites of a sentence.
 * Patterns are global where they replace or count. `{subject}` stands for the topic's subject.
 */
const Wording = z.strictObject({
  openings: Texts,
  closings: Texts,
  /** Words that lead into a sentence by its role; an empty one lets the sentence stand alone. */
  leads: ByRole,
  /** Short labels for list items and bold lead-ins. */
  labels: ByRole,
  headings: BySection,
  listIntros: BySection,
  /** For the first step, two kinds of middle ones, and the last. */
  ordinals: z.array(Texts),
  /** Openers and closers of a sentence that set the register. */
  registerHeads: Register,
  registerTails: Register,
  /** Hedges that stand before a declarative sentence, which goes on in lower case. */
  hedges: Texts,
  /** Addresses to the reader before a declarative sentence. */
  addresses: Texts,
  /** Hedges and addresses that close any sentence, in place of its full stop. */
  hedgeTails: Texts,
  addressTails: Texts,
  /** Addresses before a step, which goes on in lower case. */
  stepAddresses: Texts,
  /** [neutral, formal, informal]. Neutral words are the ones the topics use. */
  register: z.array(z.tuple([Pattern, z.string(), z.string()])),
  /** What can be contracted, and how; nothing where all contractions are obligatory. */
  contractions: z.array(z.tuple([Pattern, z.string()])),
  /** Finds what has been contracted. */
  contracted: Pattern,
  secondPerson: Pattern,
  /** First words of a sentence that may go on in lower case after a few words. */
  lowerable: WordLines,
  /** Sentences that may not, all the same. */
  standsAlone: Pattern,
  /** Steps that take no address. */
  unaddressed: Pattern,
  /** The sentence after a colon keeps its capital. */
  capitalAfterColon: z.literal(true).optional(),
  /** The mark that opens an exclamation. */
  exclamationOpens: z.string().optional(),
})
export type Wording = z.infer<typeof Wording>

/** The German reader is "du"; German heads before a sentence leave its verb in second place. */
export const WORDINGS = {
  en: readData('answers/wording/en.json', Wording),
  de: readData('answers/wording/de.json', Wording),
  es: readData('answers/wording/es.json', Wording),
}

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

export const EMOJI = readData('answers/wording/emoji.json', z.record(z.string(), Texts))

/** Replaces up to `most` words by formal (1) or informal (-1) ones; also returns the count. */
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

/** Whether the sentence may go on in lower case: it begins with a function word, never a name. */
export const canFollow = ({ lowerable, standsAlone }: Wording, sentence: string): boolean =>
  lowerable.has(sentence.split(/[\s,]/, 1)[0]!.toLowerCase()) && !standsAlone.test(sentence)

/** The sentence after its head; lower case unless the language keeps the capital after a colon. */
export const afterHead = (
  { capitalAfterColon }: Wording,
  head: string,
  sentence: string,
): string =>
  capitalAfterColon && head.endsWith(':')
    ? `${head} ${sentence}`
    : `${head} ${sentence.charAt(0).toLowerCase()}${sentence.slice(1)}`

/** Approximate count of text tokens: words and marks, long words counted more than once. */
export const countTokens = (text: string): number => {
  let count = 0
  for (const piece of text.match(/[\p{L}\p{N}']+|[^\s\p{L}\p{N}]/gu) ?? [])
    count += Math.max(1, Math.ceil(piece.length / 8))
  return count
}
