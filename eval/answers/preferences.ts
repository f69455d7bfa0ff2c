/** Reads the preference block in `system`; its lines are English in every conversation. */
import { z } from 'zod'
import type { Rng } from '../../adapters/random.ts'
import { Pattern, readData } from '../data/read-data.ts'
import { DIMENSIONS, type Dimension, type Style, withLevels } from './style.ts'

const Dimensions = z.array(z.enum(DIMENSIONS))
const Rule = z.strictObject({
  about: Pattern,
  dimensions: Dimensions,
  /** Wording that asks for less although no negative word is near; the whole clause counts. */
  less: Pattern.optional(),
  more: Pattern.optional(),
  opposite: Dimensions.optional(),
  /** Says nothing when the clause asks for less. */
  onlyMore: z.boolean().optional(),
})
type Rule = z.infer<typeof Rule>

const WORDS = readData(
  'answers/preference-rules.json',
  z.strictObject({ negative: Pattern, mild: Pattern, strong: Pattern, rules: z.array(Rule) }),
)

export type Preference = {
  readonly dimension: Dimension
  readonly target: 0 | 1
  readonly strength: number
}

const BLOCK = /<reader_preferences[^>]*>([\s\S]*?)(?:<\/reader_preferences>|$)/g

/** The preferences that the last block in `system` states, one a line and dimension. */
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
  const strength = WORDS.strong.test(clause) ? 1 : WORDS.mild.test(clause) ? 0.5 : 0.8
  const found: Preference[] = []
  for (const rule of WORDS.rules) {
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

/** A negative word counts before the topic in the same part of a clause, or soon after it. */
const directionOf = (rule: Rule, clause: string, at: number): 0 | 1 => {
  const before =
    clause
      .slice(0, at)
      .split(/[,:]|\bbut\b/)
      .at(-1) ?? ''
  const after = clause.slice(at)
  const isNegated =
    WORDS.negative.test(before) ||
    /^[^,]{0,24}\b(none|off|unwanted|as few|as little|sparingly|rarely|down|fewer|less|low)\b/.test(
      after,
    )
  const isLess = rule.less?.test(clause) === true && !(rule.more?.test(before) ?? false)
  return isNegated !== isLess ? 0 : 1
}

/** How often a stated preference is followed at all. */
export const OBEDIENCE = 0.85

/** The style of a good but imperfect model: it follows each preference in 85 % of cases, mostly. */
export const applyPreferences = (style: Style, system: string, rng: Rng): Style => {
  const levels: Record<string, number> = {}
  for (const { dimension, target, strength } of readPreferences(system)) {
    const isFollowed = rng.uniform() < OBEDIENCE
    const share = Math.min(1, strength * (0.75 + 0.35 * rng.uniform()))
    if (isFollowed) levels[dimension] = style[dimension] + share * (target - style[dimension])
  }
  return withLevels(style, levels as Partial<Style>)
}
