/**
 * Claude's models of November 2026 as data: what each accepts, how it thinks unless asked, what it
 * costs. Sources: README.md.
 */

/** always: cannot be turned off. on, off: unless the request says. */
export type ThinkingDefault = 'always' | 'on' | 'off'

export type Effort = 'low' | 'medium' | 'high' | 'xhigh' | 'max'

/** US dollars a million tokens. fast: input and output with `speed: "fast"`. */
export type Price = {
  readonly input: number
  readonly output: number
  readonly cacheRead: number
  readonly fast?: readonly [number, number]
  /** Above so many tokens of a prompt everything costs `factor` times as much. */
  readonly long?: { readonly above: number; readonly factor: number }
}

export type ModelRow = {
  readonly id: string
  readonly name: string
  readonly thinking: ThinkingDefault
  readonly effort: Effort
  /** Of `thinking`: which types are accepted. */
  readonly types: readonly ('adaptive' | 'enabled' | 'disabled' | 'between_tools')[]
  /** Effort levels at which thinking cannot be turned off. */
  readonly alwaysThinksAt?: readonly Effort[]
  readonly canForceTools: boolean
  readonly canPrefill: boolean
  /**
   * any: all values. defaults: temperature and top_p 1, no top_k. haiku: temperature 1 or top_p
   * 0.99.
   */
  readonly sampling: 'any' | 'defaults' | 'haiku'
  readonly hasSystemMessages: boolean
  readonly canThread: boolean
  readonly canChooseGeography: boolean
  /**
   * Whose requests fail when a thinking block stands behind another prefix than it was made behind.
   */
  readonly prefixCheck: 'every account' | 'new accounts' | 'none'
  /** Unless the request says: is the text of thinking left out of answers? */
  readonly display: 'omitted' | 'summarized'
  /** May name fallbacks; `default`: the one that it falls back to. */
  readonly fallbacks: { readonly default: string } | null
  readonly leastCacheable: number
  readonly maxOutput: number
  readonly price: Price
}

const BASE = {
  thinking: 'off',
  effort: 'high',
  types: ['adaptive', 'enabled', 'disabled'],
  canForceTools: true,
  canPrefill: false,
  sampling: 'any',
  hasSystemMessages: false,
  canThread: true,
  canChooseGeography: true,
  prefixCheck: 'none',
  display: 'summarized',
  fallbacks: null,
  leastCacheable: 1024,
  maxOutput: 64_000,
} as const

/** What all models from Opus 4.7 on have in common. */
const RECENT = {
  ...BASE,
  types: ['adaptive', 'disabled'],
  sampling: 'defaults',
  display: 'omitted',
  maxOutput: 128_000,
} as const

const CHECKING = {
  ...RECENT,
  hasSystemMessages: true,
  prefixCheck: 'new accounts',
  leastCacheable: 512,
} as const

const FABLE = {
  ...CHECKING,
  thinking: 'always',
  types: ['adaptive'],
  canForceTools: false,
  fallbacks: { default: 'claude-opus-5-5' },
} as const

const FABLE_52 = {
  ...FABLE,
  prefixCheck: 'every account',
  price: { input: 8, output: 40, cacheRead: 0.2 },
} as const
const FABLE_51 = { ...FABLE, price: { input: 10, output: 50, cacheRead: 0.25 } } as const
const FABLE_5 = {
  ...FABLE,
  prefixCheck: 'none',
  price: { input: 10, output: 50, cacheRead: 1 },
} as const
const OPUS = { input: 5, output: 25, cacheRead: 0.5 } as const
const SONNET = { input: 3, output: 15, cacheRead: 0.3 } as const
const OLD_PREFILL = { ...BASE, types: ['enabled', 'disabled'], canPrefill: true } as const

/** Newest first, as the service lists them. */
export const MODELS: readonly ModelRow[] = [
  { ...FABLE_52, id: 'claude-fable-5-2', name: 'Claude Fable 5.2' },
  { ...FABLE_52, id: 'claude-mythos-5-2', name: 'Claude Mythos 5.2' },
  {
    ...CHECKING,
    id: 'claude-haiku-5-5',
    name: 'Claude Haiku 5.5',
    thinking: 'on',
    effort: 'medium',
    sampling: 'haiku',
    price: { input: 0.1, output: 0.5, cacheRead: 0.01, long: { above: 100_000, factor: 5 } },
  },
  {
    ...CHECKING,
    id: 'claude-sonnet-5-5',
    name: 'Claude Sonnet 5.5',
    thinking: 'on',
    types: ['adaptive', 'between_tools'],
    canForceTools: false,
    fallbacks: { default: 'claude-sonnet-5' },
    price: { input: 2, output: 10, cacheRead: 0.1 },
  },
  {
    ...CHECKING,
    id: 'claude-opus-5-5',
    name: 'Claude Opus 5.5',
    thinking: 'always',
    effort: 'medium',
    types: ['adaptive'],
    canForceTools: false,
    fallbacks: { default: 'claude-opus-5' },
    price: { input: 4, output: 20, cacheRead: 0.2, fast: [8, 40] },
  },
  { ...FABLE_51, id: 'claude-fable-5-1', name: 'Claude Fable 5.1' },
  { ...FABLE_51, id: 'claude-mythos-5-1', name: 'Claude Mythos 5.1' },
  { ...FABLE_5, id: 'claude-fable-5', name: 'Claude Fable 5' },
  { ...FABLE_5, id: 'claude-mythos-5', name: 'Claude Mythos 5' },
  {
    ...RECENT,
    id: 'claude-opus-5',
    name: 'Claude Opus 5',
    thinking: 'on',
    alwaysThinksAt: ['xhigh', 'max'],
    hasSystemMessages: true,
    fallbacks: { default: 'claude-opus-4-8' },
    leastCacheable: 512,
    price: { ...OPUS, fast: [10, 50] },
  },
  {
    ...RECENT,
    id: 'claude-sonnet-5',
    name: 'Claude Sonnet 5',
    thinking: 'on',
    fallbacks: { default: 'claude-sonnet-4-6' },
    price: { input: 2, output: 10, cacheRead: 0.2 },
  },
  {
    ...RECENT,
    id: 'claude-opus-4-8',
    name: 'Claude Opus 4.8',
    hasSystemMessages: true,
    price: { ...OPUS, fast: [10, 50] },
  },
  { ...RECENT, id: 'claude-opus-4-7', name: 'Claude Opus 4.7', leastCacheable: 2048, price: OPUS },
  {
    ...BASE,
    id: 'claude-opus-4-6',
    name: 'Claude Opus 4.6',
    leastCacheable: 4096,
    maxOutput: 128_000,
    price: OPUS,
  },
  { ...BASE, id: 'claude-sonnet-4-6', name: 'Claude Sonnet 4.6', price: SONNET },
  {
    ...OLD_PREFILL,
    id: 'claude-opus-4-5',
    name: 'Claude Opus 4.5',
    canChooseGeography: false,
    leastCacheable: 4096,
    price: OPUS,
  },
  {
    ...OLD_PREFILL,
    id: 'claude-haiku-4-5',
    name: 'Claude Haiku 4.5',
    canChooseGeography: false,
    leastCacheable: 4096,
    price: { input: 1, output: 5, cacheRead: 0.1 },
  },
  {
    ...OLD_PREFILL,
    id: 'claude-sonnet-4-5',
    name: 'Claude Sonnet 4.5',
    canChooseGeography: false,
    price: SONNET,
  },
]

/** Any other id that begins with "claude-" is served as a model from before 4.5. */
const EARLIER: ModelRow = {
  ...OLD_PREFILL,
  id: 'claude',
  name: 'an earlier Claude',
  canThread: false,
  canChooseGeography: false,
  price: SONNET,
}

/** By id, with or without a date at its end; undefined for what is no Claude. */
export const modelOf = (id: string): ModelRow | undefined =>
  MODELS.find((row) => row.id === id.replace(/-(20\d{6}|latest)$/, '')) ??
  (id.startsWith('claude-') ? EARLIER : undefined)

const supported = (isSupported: boolean) => ({ supported: isSupported })

/** The service's own stand-in for an unknown date of release. */
const RELEASED = '1970-01-01T00:00:00Z'

/** Of GET /v1/models. */
export const modelInfo = (row: ModelRow) => ({
  type: 'model',
  id: row.id,
  display_name: row.name,
  created_at: RELEASED,
  deprecated_at: null,
  retires_at: null,
  lifecycle: 'active',
  line: row.id.split('-')[1],
  max_input_tokens: MAX_INPUT_TOKENS,
  max_tokens: row.maxOutput,
  allowed_fallback_models: row.fallbacks
    ? MODELS.filter((m) => canFallBackTo(row, m.id)).map((m) => m.id)
    : [],
  capabilities: {
    batch: supported(true),
    citations: supported(true),
    code_execution: supported(true),
    compaction: { supported: row.canThread, summarize: supported(row.canThread) },
    context_management: {
      supported: true,
      clear_thinking_20251015: supported(true),
      clear_tool_uses_20250919: supported(true),
      compact_20260112: supported(true),
    },
    effort: {
      supported: true,
      ...Object.fromEntries(EFFORTS.map((level) => [level, supported(true)])),
    },
    image_input: supported(true),
    pdf_input: supported(true),
    server_tools: {
      supported: true,
      code_execution: supported(true),
      web_search: supported(true),
    },
    structured_outputs: supported(true),
    thinking: {
      supported: true,
      types: Object.fromEntries(
        (['adaptive', 'between_tools', 'disabled', 'enabled'] as const).map((type) => [
          type,
          supported(row.types.includes(type)),
        ]),
      ),
    },
  },
})

export const EFFORTS = ['low', 'medium', 'high', 'xhigh', 'max'] as const
export const MAX_INPUT_TOKENS = 1_000_000

/** Any other model that is not dearer. */
export const canFallBackTo = (from: ModelRow, id: string): boolean => {
  const to = MODELS.find((row) => row.id === id)
  return to !== undefined && to.id !== from.id && to.price.output <= 2 * from.price.output
}
