/** Reads what a reader wants: the preference block in `system`, whose lines are English whatever the language of the request. */
import type { Rng } from '../../adapters/random.ts'
import { type Dimension, type Style, withLevels } from './style.ts'

type Rule = {
  readonly about: RegExp
  readonly dimensions: readonly Dimension[]
  /** Wording that asks for less although no negative word is near; the whole clause counts. */
  readonly less?: RegExp
  readonly more?: RegExp
  /** Dimensions that go the other way. */
  readonly opposite?: readonly Dimension[]
  /** Says nothing when the clause asks for less. */
  readonly onlyMore?: boolean
}

export type Preference = {
  readonly dimension: Dimension
  readonly target: 0 | 1
  readonly strength: number
}

const BLOCK = /<reader_preferences[^>]*>([\s\S]*?)(?:<\/reader_preferences>|$)/g
const NEGATIVE =
  /\b(avoid|no|not|never|without|(?<!a )few|fewer|less|skip|don't|omit|drop|leave out|leave off|rarely|sparing(ly)?|minimal|little|dislikes?|hates?|instead of|rather than|stop|seldom|low)\b/
const MILD =
  /\b(slightly|a bit|somewhat|a little|mildly|where it helps|when it helps|occasional(ly)?)\b/
const STRONG = /\b(always|strongly|much|very|never|only|must|definitely)\b/

const RULES: readonly Rule[] = [
  {
    about:
      /\b(short(er)?|brief|concise|terse|compact|succinct|long(er)?|length|detail(ed|s)?|thorough|verbose|wordy|words|in[- ]depth|complete)\b/,
    dimensions: ['length'],
    less: /\b(short(er)?|brief(ly)?|concise|terse|compact|succinct|a few words|to the point)\b/,
    more: /\b(long(er)?|detail(ed|s)?|thorough|in[- ]depth|complete|elaborate|verbose)\b/,
  },
  {
    about: /\b(lists?|bullets?|bulleted|bullet points?|prose|paragraphs?|running text)\b/,
    dimensions: ['lists'],
    less: /\b(in|as|use|write|prefers?|plain|flowing|running)\b[^,;]*\b(prose|paragraphs?|running text)\b/,
  },
  { about: /\bnumbered (steps|lists?)\b/, dimensions: ['lists'], onlyMore: true },
  { about: /\b(headings?|headers?|sections?|section titles?)\b/, dimensions: ['headings'] },
  { about: /\b(bold|emphasis|emphasi[sz]e|highlight(ed)?|key terms)\b/, dimensions: ['bold'] },
  {
    about: /\b(markdown|formatting)\b/,
    dimensions: ['lists', 'headings', 'bold'],
    less: /\bplain\b/,
  },
  {
    about: /\b(formal(ity)?|informal|casual|professional|conversational|register)\b/,
    dimensions: ['formality'],
    opposite: ['contractions'],
    less: /\b(informal|casual|conversational|relaxed)\b/,
  },
  {
    about: /\b(tone|friendly(?! (?:intro|open))|warm|neutral|matter[- ]of[- ]fact)\b/,
    dimensions: ['exclamation', 'secondPerson'],
    less: /\b(neutral|sober|matter[- ]of[- ]fact|formal|professional|impersonal|calm)\b/,
  },
  { about: /\bcontractions?\b/, dimensions: ['contractions'] },
  {
    about:
      /\b(hedg(e|es|ing)|tentative|uncertain(ty)?|confiden(t|ce)|qualifiers?|definite|maybe|assertive|plainly)\b/,
    dimensions: ['hedging'],
    less: /\b(confident(ly)?|definite(ly)?|assertive(ly)?|plainly)\b/,
  },
  { about: /\bemojis?\b/, dimensions: ['emoji'] },
  {
    about:
      /\b(preambles?|openings?|introduct(ion|ory)s?|intro|straight|at once|directly|directness|direct|pleasantr(y|ies)|warm[- ]?up|greeting)\b/,
    dimensions: ['preamble'],
    less: /\b(straight|at once|directly|directness|direct|immediately|right away)\b/,
  },
  {
    about: /\b(closing|offers?|sign[- ]?off|let me know|further help|end(ing)? with an? offer)\b/,
    dimensions: ['closing'],
  },
  { about: /\b(questions?|follow[- ]?ups?)\b/, dimensions: ['question'] },
  {
    about: /\b(you|your|second person|address(es|ing)? (me|the reader)|personal)\b/,
    dimensions: ['secondPerson'],
    less: /\bimpersonal(ly)?\b/,
  },
  {
    about: /\b(exclamations?|exclamation marks?|enthusias(m|tic)|excited|energetic)\b/,
    dimensions: ['exclamation'],
  },
  {
    about: /\b(numbers?|figures?|data|statistics|quantit(y|ies)|quantitative|measurements?)\b/,
    dimensions: ['numbers'],
  },
  {
    about:
      /\b(steps?|step[- ]by[- ]step|instructions?|practical|how[- ]to|actionable|advice|tips?)\b/,
    dimensions: ['steps'],
  },
  { about: /\b(examples?|concrete|illustrations?|instances?)\b/, dimensions: ['example'] },
  {
    about: /\b(analog(y|ies)|metaphors?|comparison to everyday|images?)\b/,
    dimensions: ['analogy'],
  },
  { about: /\b(background|histor(y|ical)|origins?|context)\b/, dimensions: ['background'] },
  {
    about:
      /\b(mechanisms?|theory|why it works|how it works|reasons? behind|underlying|explain why|reasoning)\b/,
    dimensions: ['mechanism'],
  },
  { about: /\b(anecdotes?|stor(y|ies)|human touch|personal stories)\b/, dimensions: ['anecdote'] },
  {
    about: /\b(caveats?|warnings?|pitfalls?|limitations?|disclaimers?|common mistakes?)\b/,
    dimensions: ['caveats'],
  },
  { about: /\b(compar(e|es|ison|isons|ing)|alternatives?|contrast)\b/, dimensions: ['comparison'] },
]

/** The preferences that the last block in the system prompt states, one for each line and dimension; none without a block. */
export const readPreferences = (system: string): Preference[] => {
  const blocks = [...system.matchAll(BLOCK)]
  const text = blocks.at(-1)?.[1] ?? ''
  return text.split(/\n|(?<=[.;])\s/).flatMap(readClause)
}

const readClause = (line: string): Preference[] => {
  const clause = line.toLowerCase().trim()
  // A sentence about the block itself states no taste.
  if (
    clause === '' ||
    /preferences|outrank|take precedence|overrides?\b|unless the (message|request|user)/.test(
      clause,
    )
  )
    return []
  const strength = STRONG.test(clause) ? 1 : MILD.test(clause) ? 0.5 : 0.8
  const found: Preference[] = []
  for (const rule of RULES) {
    const match = rule.about.exec(clause)
    if (match === null) continue
    const target = directionOf(rule, clause, match.index)
    if (target === 0 && rule.onlyMore === true) continue
    const stated = [
      ...rule.dimensions.map((dimension) => ({ dimension, target, strength })),
      ...(rule.opposite ?? []).map((dimension) => ({
        dimension,
        target: (1 - target) as 0 | 1,
        strength,
      })),
    ]
    found.push(...stated.filter((s) => !found.some((f) => f.dimension === s.dimension)))
  }
  return found
}

/** A negative word counts when it stands before the topic, within the same part of the clause, or soon after it ("emoji: none"). */
const directionOf = (rule: Rule, clause: string, at: number): 0 | 1 => {
  const before =
    clause
      .slice(0, at)
      .split(/[,:]|\bbut\b/)
      .at(-1) ?? ''
  const after = clause.slice(at)
  const isNegated =
    NEGATIVE.test(before) ||
    /^[^,]{0,24}\b(none|off|unwanted|as few|as little|sparingly|rarely|down|fewer|less|low)\b/.test(
      after,
    )
  const isLess = rule.less?.test(clause) === true && !(rule.more?.test(before) ?? false)
  return isNegated !== isLess ? 0 : 1
}

/** How often a stated preference is followed at all. */
export const OBEDIENCE = 0.85

/** The style after a good but imperfect model has read the block: each preference is followed in 85 % of cases, and then mostly. */
export const applyPreferences = (style: Style, system: string, rng: Rng): Style => {
  const levels: Record<string, number> = {}
  for (const { dimension, target, strength } of readPreferences(system)) {
    const isFollowed = rng.uniform() < OBEDIENCE
    const share = Math.min(1, strength * (0.75 + 0.35 * rng.uniform()))
    if (isFollowed) levels[dimension] = style[dimension] + share * (target - style[dimension])
  }
  return withLevels(style, levels as Partial<Style>)
}
