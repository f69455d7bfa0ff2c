/** What a language's wording table holds: interchangeable templates, so that no style is one fixed string, and rewrites of a sentence. */
import type { Role } from '../topics/topic.ts'

export type Section = 'explain' | 'story' | 'do' | 'care'
/** What sets the register, formal and informal. */
export type Manners = { readonly formal: readonly string[]; readonly informal: readonly string[] }

/** Patterns are global where they replace or count. `{subject}` stands for the topic's subject. */
export type Wording = {
  readonly openings: readonly string[]
  readonly closings: readonly string[]
  /** Words that lead into a sentence by its role; an empty one lets the sentence stand alone. */
  readonly leads: Readonly<Record<Role, readonly string[]>>
  /** Short labels for list items and bold lead-ins. */
  readonly labels: Readonly<Record<Role, readonly string[]>>
  readonly headings: Readonly<Record<Section, readonly string[]>>
  readonly listIntros: Readonly<Record<Section, readonly string[]>>
  /** For the first step, two kinds of middle ones, and the last. */
  readonly ordinals: readonly (readonly string[])[]
  /** Openers and closers of a sentence that set the register. */
  readonly registerHeads: Manners
  readonly registerTails: Manners
  /** Hedges that stand before a declarative sentence, which goes on in lower case. */
  readonly hedges: readonly string[]
  /** Addresses to the reader before a declarative sentence. */
  readonly addresses: readonly string[]
  /** Hedges and addresses that close any sentence, in place of its full stop. */
  readonly hedgeTails: readonly string[]
  readonly addressTails: readonly string[]
  /** Addresses before a step, which goes on in lower case. */
  readonly stepAddresses: readonly string[]
  /** [neutral, formal, informal]. Neutral words are the ones the topics use. */
  readonly register: readonly (readonly [RegExp, string, string])[]
  /** What can be contracted, and how; nothing where all contractions are obligatory. */
  readonly contractions: readonly (readonly [RegExp, string])[]
  /** Finds what has been contracted. */
  readonly contracted: RegExp
  readonly secondPerson: RegExp
  /** First words of a sentence that may go on in lower case after a few words. */
  readonly lowerable: ReadonlySet<string>
  /** Sentences that may not, all the same. */
  readonly standsAlone: RegExp
  /** Steps that take no address. */
  readonly unaddressed: RegExp
  /** The sentence after a colon keeps its capital. */
  readonly capitalAfterColon?: true
  /** The mark that opens an exclamation. */
  readonly exclamationOpens?: string
}
