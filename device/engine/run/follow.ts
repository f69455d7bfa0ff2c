/** Feeds of a graph with open sizes (buildTrunk): new tokens, and keys and values before them. */
import type { ModelConfig } from '../model/config.ts'
import { fillRotary, MASKED, tokenIds } from './rows.ts'
import type { Feed } from './sessions.ts'

/** Layers from … to − 1. */
export type LayerRange = { readonly from: number; readonly to: number }

/** keys, values: per layer of a range, the first count · kvHeads · headDim numbers are those of the
 *  tokens before, in order. */
export type Past = {
  readonly count: number
  readonly keys: readonly Float32Array[]
  readonly values: readonly Float32Array[]
}

/** Feeds of the layers from … to − 1 for tokens that follow a past of the same text; each attends
 *  to all before it.
 *  Without a past there is one cached token that nothing attends to, since no size may be zero. */
export const followFeeds = (
  config: ModelConfig,
  ids: readonly number[],
  past: Past | undefined,
  { from, to }: LayerRange,
): Record<string, Feed> => {
  const { kvHeads, headDim } = config.shape
  const tokens = ids.length
  const width = kvHeads * headDim
  const position = past?.count ?? 0
  const cached = past?.count ? past : nothing(to - from, width)
  const table = () => new Float32Array((tokens * headDim) / 2)
  const [cos, sin] = [table(), table()]
  fillRotary({ cos, sin }, 0, position, tokens, config)
  const feeds: Record<string, Feed> = {
    ids: { data: tokenIds(ids, config), shape: [tokens] },
    cos: { data: cos, shape: [1, tokens, headDim / 2] },
    sin: { data: sin, shape: [1, tokens, headDim / 2] },
    mask: {
      data: causalMask(tokens, cached.count, position),
      shape: [tokens, cached.count + tokens],
    },
    cached: { data: BigInt64Array.of(BigInt(cached.count)), shape: [1] },
  }
  for (let layer = from; layer < to; layer++)
    for (const [part, rows] of [
      ['k', cached.keys],
      ['v', cached.values],
    ] as const)
      feeds[`past.${layer}.${part}`] = {
        data: rows[layer - from]!.subarray(0, cached.count * width),
        shape: [cached.count, width],
      }
  return feeds
}

const nothing = (layers: number, width: number): Past => {
  const rows = Array.from({ length: layers }, () => new Float32Array(width))
  return { count: 1, keys: rows, values: rows }
}

/** [tokens, cached + tokens]; seen: how many of the cached tokens are attended to. */
const causalMask = (tokens: number, cached: number, seen: number): Float32Array => {
  const all = cached + tokens
  const mask = new Float32Array(tokens * all).fill(MASKED)
  for (let t = 0; t < tokens; t++) {
    mask.fill(0, t * all, t * all + seen)
    mask.fill(0, t * all + cached, t * all + cached + t + 1)
  }
  return mask
}
