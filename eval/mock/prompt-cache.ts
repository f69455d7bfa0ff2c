/** Prompt caching as the hosted service does it: a prefix in the order tools, system, messages, up to a cache_control mark. No expiry. */
import { createHash } from 'node:crypto'
import { type Block, blocksOf, type CountTokensBody } from './claude-wire.ts'
import { countTokens } from './wording.ts'

export type InputUsage = {
  readonly input_tokens: number
  readonly cache_read_input_tokens: number
  readonly cache_creation_input_tokens: number
}

/** key: what must be the same for a prefix to match. */
type Part = { readonly key: string; readonly tokens: number; readonly isMarked: boolean }

/** The service's own limits: marks in a request, and blocks that a hit may end before a mark, the marked one included. */
const MOST_MARKS = 4
const LOOK_BACK = 20

/** Only what ends at a mark is written; prefixes shorter than minTokens are not. A read may end where an earlier request's mark was. */
export const createPromptCache = (minTokens: number) => {
  const known = new Set<string>()

  const read = (body: CountTokensBody): InputUsage => {
    const hash = createHash('sha256').update(body.model)
    let total = 0
    const prefixes = partsOf(body).map(({ key, tokens, isMarked }) => {
      hash.update(`\0${key}`)
      total += tokens
      return { key: hash.copy().digest('hex'), tokens: total, isMarked }
    })
    const marks = prefixes.flatMap((p, i) => (p.isMarked && p.tokens >= minTokens ? [i] : []))
    const last = marks.at(-1)
    if (last === undefined)
      return { input_tokens: total, cache_read_input_tokens: 0, cache_creation_input_tokens: 0 }
    const isReachable = (i: number) => marks.some((m) => i <= m && i > m - LOOK_BACK)
    const hit = prefixes.findLast((p, i) => isReachable(i) && known.has(p.key))?.tokens ?? 0
    for (const mark of marks) known.add(prefixes[mark]!.key)
    const cached = prefixes[last]!.tokens
    return {
      input_tokens: total - cached,
      cache_read_input_tokens: hit,
      cache_creation_input_tokens: cached - hit,
    }
  }
  return { read }
}

export const countInput = (body: CountTokensBody): number =>
  partsOf(body).reduce((sum, p) => sum + p.tokens, 0)

/** What the service refuses although its fields are well formed; undefined when nothing. */
export const requestProblem = (body: CountTokensBody): string | undefined => {
  const marks = partsOf(body).filter((p) => p.isMarked).length
  if (marks > MOST_MARKS)
    return `A maximum of ${MOST_MARKS} blocks with cache_control may be provided. Found ${marks}.`
  const budget = body.thinking?.budget_tokens
  const most = body['max_tokens']
  if (budget !== undefined && typeof most === 'number' && most <= budget)
    return '`max_tokens` must be greater than `thinking.budget_tokens`.'
  return undefined
}

const partsOf = (body: CountTokensBody): Part[] => {
  const parts = [
    ...(body.tools ?? []).map((tool) => partOf(tool)),
    ...(body.system === undefined ? [] : blocksOf(body.system).map((b) => partOf(b))),
    ...body.messages.flatMap((m) => blocksOf(m.content).map((b) => partOf(b, m.role))),
  ]
  // A changed way of thinking or of choosing tools is another prompt from the messages on.
  const first = parts.length - body.messages.reduce((n, m) => n + blocksOf(m.content).length, 0)
  const mode = JSON.stringify([body.thinking ?? null, body['tool_choice'] ?? null])
  const begun = parts[first]
  if (begun !== undefined) parts[first] = { ...begun, key: `${mode}\0${begun.key}` }
  // A mark on the request itself stands for one on its last block.
  const last = parts.at(-1)
  if (body.cache_control != null && last !== undefined)
    parts[parts.length - 1] = { ...last, isMarked: true }
  return parts
}

const partOf = (value: Readonly<Record<string, unknown>>, role?: string): Part => {
  const { cache_control: mark, ...rest } = value
  const own = role === undefined ? rest : { role, ...rest }
  return { key: JSON.stringify(own), tokens: tokensOf(own), isMarked: mark != null }
}

/** About what the service counts for an image of the largest useful size, and for one page of a document. */
const IMAGE_TOKENS = 1600
const PAGE_TOKENS = 2000

const tokensOf = (block: Readonly<Record<string, unknown>>): number => {
  const { source, content, ...rest } = block
  if (block['type'] === 'image') return IMAGE_TOKENS
  if (block['type'] === 'document') return documentTokens((source ?? {}) as Source)
  if (!Array.isArray(content)) return countTokens(JSON.stringify(block)) + 3
  return (content as Block[]).reduce(
    (sum, inner) => sum + tokensOf(inner),
    countTokens(JSON.stringify(rest)) + 3,
  )
}

type Source = { type?: string; data?: string; content?: string | readonly Block[] }

const documentTokens = (source: Source): number => {
  if (source.type === 'text') return countTokens(source.data ?? '') + 3
  if (source.type === 'content')
    return blocksOf(source.content ?? '').reduce((sum, b) => sum + tokensOf(b), 0)
  if (source.type !== 'base64') return PAGE_TOKENS
  const pages = Buffer.from(source.data ?? '', 'base64')
    .toString('latin1')
    .match(/\/Type\s*\/Page\b/g)
  return PAGE_TOKENS * Math.max(1, pages?.length ?? 0)
}
