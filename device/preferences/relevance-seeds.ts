/**
 * The first training data of the relevance head: requests with the preferences that matter for
 * them, from relevance-seeds.json. Written for this project.
 */
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { DIMENSIONS } from '../records/preference.ts'
import { POLES, type Pole } from './dimensions.ts'

/** kind: index of its kind. Validation leaves out whole kinds. */
export type RelevanceSeed = {
  readonly request: string
  readonly kind: number
  readonly poles: ReadonlySet<Pole>
}

/** "lists" is both poles of the dimension, "lists-" one of them. */
const Matters = z.enum([...DIMENSIONS, ...POLES])
const Groups = z.strictObject({
  /** Claude answers a person in prose. */
  prose: z.array(Matters),
  /** Claude writes a text that goes to somebody else. */
  draft: z.array(Matters),
})
const Seeds = z.strictObject({
  groups: Groups,
  kinds: z.array(
    z.strictObject({
      kind: z.string().min(1),
      matters: z.array(z.union([Matters, Groups.keyof()])),
      requests: z.array(z.string().min(1)).min(1),
    }),
  ),
})

const { groups, kinds } = Seeds.parse(
  JSON.parse(readFileSync(new URL('./relevance-seeds.json', import.meta.url), 'utf8')),
)

const polesOf = (name: string): readonly Pole[] =>
  name === 'prose' || name === 'draft'
    ? groups[name].flatMap(polesOf)
    : POLES.filter((pole) => pole === name || pole.slice(0, -1) === name)

export const RELEVANCE_SEEDS: readonly RelevanceSeed[] = kinds.flatMap(
  ({ matters, requests }, kind) => {
    const poles = new Set(matters.flatMap(polesOf))
    return requests.map((request) => ({ request, kind, poles }))
  },
)
