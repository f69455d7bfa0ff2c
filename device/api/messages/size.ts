/** Estimates the size of a request from its body. Pure. */

import { charactersPerToken, leastCached, thinksByItself } from '../../spending/claude-models.ts'
import type { CandidateRequest } from '../../spending/spend.ts'

/** The fields that count; a value of an unexpected type counts as nothing. */
export type SizedBody = {
  readonly model: string
  readonly messages: readonly { readonly content?: unknown }[]
  readonly system?: unknown
  readonly tools?: unknown
  readonly max_tokens?: number | null | undefined
  readonly thinking?: unknown
  readonly [field: string]: unknown
}

/** The most that an image takes. */
const IMAGE_TOKENS = 1600

/** cachedTokens: up to the last cache mark; 0 if they are too few for Claude to cache. */
export const sizeOf = (body: SizedBody): CandidateRequest => {
  const perToken = charactersPerToken(body.model)
  let tokens = 0
  let marked = 0
  for (const block of blocksIn(body)) {
    tokens += characters(block, perToken) / perToken
    if (isMarked(block)) marked = tokens
  }
  if (isObject(body['cache_control'])) marked = tokens
  return {
    model: body.model,
    maxTokens: body.max_tokens ?? Number.MAX_SAFE_INTEGER,
    inputTokens: Math.ceil(tokens),
    cachedTokens: marked >= leastCached(body.model) ? Math.ceil(marked) : 0,
    thinks: thinks(body),
    effort: effortOf(body),
    terms: {
      isFast: body['speed'] === 'fast',
      isUs: body['inference_geo'] === 'us',
      isBatch: false,
    },
  }
}

const thinks = ({ model, thinking }: SizedBody): boolean => {
  const type = fieldOf(thinking, 'type')
  return type === undefined ? thinksByItself(model) : type !== 'disabled'
}

const effortOf = (body: SizedBody): string | undefined => {
  const effort = fieldOf(body['output_config'], 'effort')
  return typeof effort === 'string' ? effort.slice(0, 20) : undefined
}

/** In the order in which Claude caches them. */
const blocksIn = ({ tools, system, messages }: SizedBody): unknown[] => [
  ...(Array.isArray(tools) ? tools : []),
  ...partsOf(system),
  ...messages.flatMap(({ content }) => partsOf(content)),
]

const partsOf = (content: unknown): unknown[] => {
  if (typeof content === 'string') return [{ type: 'text', text: content }]
  return Array.isArray(content) ? content : []
}

const characters = (block: unknown, perToken: number): number => {
  const type = fieldOf(block, 'type')
  if (type === 'image') return IMAGE_TOKENS * perToken
  const text = fieldOf(block, 'text')
  if (typeof text === 'string') return text.length
  const inner = fieldOf(block, 'content')
  if (Array.isArray(inner) && type !== 'document')
    return inner.reduce((sum: number, one) => sum + characters(one, perToken), 0)
  return JSON.stringify(block)?.length ?? 0
}

const isMarked = (block: unknown): boolean => {
  if (isObject(fieldOf(block, 'cache_control'))) return true
  const inner = fieldOf(block, 'content')
  return Array.isArray(inner) && inner.some(isMarked)
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null

const fieldOf = (value: unknown, name: string): unknown =>
  isObject(value) ? value[name] : undefined
