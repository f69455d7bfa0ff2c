/** Prompt caching as the hosted service does it: a prefix in the order tools, system, messages, up to a cache_control mark. No expiry. */
import { createHash } from 'node:crypto'
import { blocksOf, type CountTokensBody } from './claude-wire.ts'
import { countTokens } from './wording.ts'

export type InputUsage = {
  readonly input_tokens: number
  readonly cache_read_input_tokens: number
  readonly cache_creation_input_tokens: number
}

type Part = { readonly text: string; readonly isMarked: boolean }

/** Prefixes shorter than minTokens are not cached; a hit may end at most 20 blocks before a mark. */
export const createPromptCache = (minTokens: number) => {
  const known = new Set<string>()

  const read = (body: CountTokensBody): InputUsage => {
    const parts = partsOf(body)
    const hash = createHash('sha256').update(body.model)
    let total = 0
    const prefixes = parts.map(({ text, isMarked }) => {
      hash.update(`\0${text}`)
      total += countTokens(text) + 3
      return { key: hash.copy().digest('hex'), tokens: total, isMarked }
    })
    const marks = prefixes.flatMap((p, i) => (p.isMarked && p.tokens >= minTokens ? [i] : []))
    const last = marks.at(-1)
    if (last === undefined)
      return { input_tokens: total, cache_read_input_tokens: 0, cache_creation_input_tokens: 0 }
    const isReachable = (i: number) => marks.some((m) => i <= m && i > m - 20)
    const hit = prefixes.findLast((p, i) => isReachable(i) && known.has(p.key))?.tokens ?? 0
    for (const mark of marks) known.add(prefixes[mark]!.key)
    const cached = prefixes[last]!.tokens
    return {
      input_tokens: total - cached,
      cache_read_input_tokens: Math.min(hit, cached),
      cache_creation_input_tokens: Math.max(0, cached - hit),
    }
  }
  return { read }
}

export const countInput = (body: CountTokensBody): number =>
  partsOf(body).reduce((sum, p) => sum + countTokens(p.text) + 3, 0)

const partsOf = (body: CountTokensBody): Part[] => {
  const part = (value: Record<string, unknown>): Part => {
    const { cache_control: mark, ...rest } = value
    return { text: JSON.stringify(rest), isMarked: mark !== undefined && mark !== null }
  }
  const text = (value: { type: string; text?: string | undefined }) => ({ ...value })
  const parts = [
    ...(body.tools ?? []).map(part),
    ...(body.system === undefined ? [] : blocksOf(body.system).map((b) => part(text(b)))),
    ...body.messages.flatMap((m) => blocksOf(m.content).map((b) => part({ role: m.role, ...b }))),
  ]
  // A mark on the request itself stands for one on its last block.
  const last = parts.at(-1)
  if (body.cache_control != null && last !== undefined)
    parts[parts.length - 1] = { ...last, isMarked: true }
  return parts
}
