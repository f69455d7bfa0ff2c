/**
 * Prompt caching as the hosted service does it: a prefix in the order tools, system, messages, up
 * to a cache_control mark, for 5 minutes or an hour. An entry can be read once the answer that
 * writes it has begun.
 */
import { createHash } from 'node:crypto'
import { countTokens } from '../answers/wording.ts'
import { type Block, blocksOf, type CountTokensBody, isThinking } from './wire.ts'

export type InputUsage = {
  readonly input_tokens: number
  readonly cache_read_input_tokens: number
  readonly cache_creation_input_tokens: number
  readonly cache_creation: {
    readonly ephemeral_5m_input_tokens: number
    readonly ephemeral_1h_input_tokens: number
  }
}

/** entries: how many the answer writes. begin: makes them readable. */
export type CacheLook = {
  readonly usage: InputUsage
  readonly entries: number
  readonly begin: () => void
}

type Lifetime = '5m' | '1h'
/** key: what must be the same for a prefix to match. */
type Part = { readonly key: string; readonly tokens: number; readonly mark: Lifetime | null }
type Prefix = { readonly key: string; readonly tokens: number; readonly mark: Lifetime | null }

/**
 * The service's own limits: marks in a request, and blocks that a hit may end before a mark, the
 * marked one included.
 */
const MOST_MARKS = 4
const LOOK_BACK = 20
const LIFETIME_MS: Readonly<Record<Lifetime, number>> = { '5m': 300_000, '1h': 3_600_000 }

export type PromptCache = {
  /** minTokens: shorter prefixes are not written. */
  look(body: CountTokensBody, minTokens: number): CacheLook
}

/**
 * Only what ends at a mark is written. A read may end where an earlier request's mark was, and
 * keeps what it reads alive.
 */
export const createPromptCache = (clock: () => number = Date.now): PromptCache => {
  const known = new Map<string, { readonly lifetime: Lifetime; until: number }>()
  const isKnown = (key: string): boolean => (known.get(key)?.until ?? 0) > clock()

  const look = (body: CountTokensBody, minTokens: number): CacheLook => {
    const prefixes = prefixesOf(body)
    const total = prefixes.at(-1)?.tokens ?? 0
    const marks = prefixes.flatMap((p, i) => (p.mark && p.tokens >= minTokens ? [i] : []))
    const isReachable = (i: number) => marks.some((m) => i <= m && i > m - LOOK_BACK)
    const hit = prefixes.findLast((p, i) => isReachable(i) && isKnown(p.key))
    const entry = hit && known.get(hit.key)
    if (entry) entry.until = clock() + LIFETIME_MS[entry.lifetime]
    const read = hit?.tokens ?? 0
    const written: Record<Lifetime, number> = { '5m': 0, '1h': 0 }
    const writes: Prefix[] = []
    let from = read
    for (const prefix of marks.map((i) => prefixes[i]!)) {
      if (prefix.tokens <= from) continue
      written[prefix.mark!] += prefix.tokens - from
      from = prefix.tokens
      writes.push(prefix)
    }
    return {
      usage: {
        input_tokens: total - from,
        cache_read_input_tokens: read,
        cache_creation_input_tokens: written['5m'] + written['1h'],
        cache_creation: {
          ephemeral_5m_input_tokens: written['5m'],
          ephemeral_1h_input_tokens: written['1h'],
        },
      },
      entries: writes.length,
      begin() {
        for (const { key, mark } of writes)
          known.set(key, { lifetime: mark!, until: clock() + LIFETIME_MS[mark!] })
      },
    }
  }
  return { look }
}

const prefixesOf = (body: CountTokensBody): Prefix[] => {
  const hash = createHash('sha256').update(`${body.model}/${body.speed ?? 'standard'}`)
  let tokens = 0
  return partsOf(body).map((part) => {
    hash.update(`\0${part.key}`)
    tokens += part.tokens
    return { key: hash.copy().digest('hex'), tokens, mark: part.mark }
  })
}

export const countInput = (body: CountTokensBody): number =>
  partsOf(body).reduce((sum, p) => sum + p.tokens, 0)

/** What the service refuses of a request's marks; undefined when nothing. */
export const markProblem = (body: CountTokensBody): string | undefined => {
  const own = partsOf({ ...body, cache_control: undefined })
  const marks = own.flatMap((p) => (p.mark ? [p.mark] : []))
  const top = body.cache_control
  const found = marks.length + (top == null ? 0 : 1)
  if (found > MOST_MARKS)
    return `A maximum of ${MOST_MARKS} blocks with cache_control may be provided. Found ${found}.`
  const all = top == null ? marks : [...marks, lifetimeOf(top)]
  const last = own.at(-1)?.mark
  if (top != null && last && last !== lifetimeOf(top))
    return 'cache_control: its ttl differs from that of the last block, which it stands for.'
  return all.some((mark, i) => mark === '1h' && all.slice(0, i).includes('5m'))
    ? "cache_control.ttl: a ttl='1h' cache_control block must not come after a ttl='5m' " +
        'cache_control block.'
    : undefined
}

type Mark = CountTokensBody['cache_control']

const lifetimeOf = (mark: NonNullable<Mark>): Lifetime => mark.ttl ?? '5m'

const partsOf = (body: CountTokensBody): Part[] => {
  const messages = body.messages.flatMap((m) => blocksOf(m.content).map((b) => partOf(b, m.role)))
  const parts = [
    ...(body.tools ?? []).map((tool) => partOf(tool)),
    ...(body.system === undefined ? [] : blocksOf(body.system).map((b) => partOf(b))),
    ...messages,
  ]
  // A changed way of thinking or of choosing tools is another prompt from the messages on.
  const first = parts.length - messages.length
  const begun = parts[first]
  if (begun !== undefined) parts[first] = { ...begun, key: `${modeOf(body)}\0${begun.key}` }
  // A mark on the request itself stands for one on its last block that can have one.
  const at = parts.findLastIndex((p) => !/"type":"(redacted_)?thinking"/.test(p.key))
  const last = parts[at]
  if (body.cache_control != null && last !== undefined)
    parts[at] = { ...last, mark: last.mark ?? lifetimeOf(body.cache_control) }
  return parts
}

const modeOf = ({ thinking, tool_choice: choice }: CountTokensBody): string => {
  const { display: _, block_binding: __, ...way } = thinking ?? { type: null }
  return JSON.stringify([way, choice ?? null])
}

const partOf = (value: Readonly<Record<string, unknown>>, role?: string): Part => {
  const { cache_control: mark, ...rest } = value
  const own = role === undefined ? rest : { role, ...rest }
  return {
    key: JSON.stringify(own),
    tokens: tokensOf(own),
    mark: mark == null ? null : lifetimeOf(mark as NonNullable<Mark>),
  }
}

/**
 * About what the service counts for an image of the largest useful size, for one page of a
 * document, and for thinking that is kept.
 */
const IMAGE_TOKENS = 1600
const PAGE_TOKENS = 2000
const THOUGHT_TOKENS = 20

const tokensOf = (block: Readonly<Record<string, unknown>>): number => {
  const { source, content, ...rest } = block
  if (block['type'] === 'image') return IMAGE_TOKENS
  if (block['type'] === 'document') return documentTokens((source ?? {}) as Source)
  if (isThinking({ type: String(block['type']) }))
    return THOUGHT_TOKENS + countTokens(String(block['thinking'] ?? ''))
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
