/** Requests with the preferences that matter for them: what the relevance head learns from first. Written for this project. */
import type { Wish } from './dimensions.ts'
import { OPEN_KINDS } from './relevance-seeds-open.ts'
import { PLAIN_KINDS } from './relevance-seeds-plain.ts'

/** kind: number of the row that it is from; left-out validation leaves whole kinds out. */
export type RelevanceSeed = {
  readonly request: string
  readonly kind: number
  readonly wishes: ReadonlySet<Wish>
}

/** "lists" is both ends, "lists-" less only. */
const wishesOf = (text: string): ReadonlySet<Wish> =>
  new Set(
    text
      .split(' ')
      .flatMap((name) => (/[+-]$/.test(name) ? [name] : [`${name}-`, `${name}+`]) as Wish[]),
  )

const NONE: ReadonlySet<Wish> = new Set()
const requestsOf = (text: string): string[] => text.split(/[|\n]/).map((r) => r.trim())

export const RELEVANCE_SEEDS: readonly RelevanceSeed[] = [
  ...OPEN_KINDS.map(([wishes, requests]) => ({ wishes: wishesOf(wishes), requests })),
  ...PLAIN_KINDS.map((requests) => ({ wishes: NONE, requests })),
].flatMap(({ wishes, requests }, kind) =>
  requestsOf(requests).map((request) => ({ request, kind, wishes })),
)
