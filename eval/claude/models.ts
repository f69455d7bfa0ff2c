/**
 * Claude's models of November 2026 as data: what each accepts, how it thinks unless asked, what it
 * costs. Sources: README.md.
 */
import { z } from 'zod'
import { readData } from '../data/read-data.ts'

export const EFFORTS = ['low', 'medium', 'high', 'xhigh', 'max'] as const
const Effort = z.enum(EFFORTS)
export type Effort = z.infer<typeof Effort>

const THINKING_TYPES = ['adaptive', 'between_tools', 'disabled', 'enabled'] as const

/** US dollars a million tokens. */
const Price = z.strictObject({
  input: z.number(),
  output: z.number(),
  cacheRead: z.number(),
  /** Input and output with `speed: "fast"`. */
  fast: z.tuple([z.number(), z.number()]).optional(),
  /** Above so many tokens of a prompt everything costs `factor` times as much. */
  long: z.strictObject({ above: z.int(), factor: z.number() }).optional(),
})

const ModelRow = z.strictObject({
  id: z.string(),
  name: z.string(),
  /** always: cannot be turned off. on, off: unless the request says. */
  thinking: z.enum(['always', 'on', 'off']),
  effort: Effort,
  /** Accepted types of `thinking`. */
  types: z.array(z.enum(THINKING_TYPES)),
  /** Effort levels at which thinking cannot be turned off. */
  alwaysThinksAt: z.array(Effort).optional(),
  canForceTools: z.boolean(),
  canPrefill: z.boolean(),
  /** any: all. defaults: temperature, top_p 1, no top_k. haiku: temperature 1, top_p 0.99. */
  sampling: z.enum(['any', 'defaults', 'haiku']),
  hasSystemMessages: z.boolean(),
  canThread: z.boolean(),
  canChooseGeography: z.boolean(),
  /** Whose requests fail when a thinking block stands behind another prefix than at its making. */
  prefixCheck: z.enum(['every account', 'new accounts', 'none']),
  /** Unless the request says: is the text of thinking left out of answers? */
  display: z.enum(['omitted', 'summarized']),
  /** May name fallbacks; `default`: the one that it falls back to. */
  fallbacks: z.strictObject({ default: z.string() }).nullable(),
  leastCacheable: z.int(),
  maxOutput: z.int(),
  price: Price,
})
export type ModelRow = z.infer<typeof ModelRow>

/** What a row leaves out is as in the kind that it is like. */
const Partly = ModelRow.partial().extend({ like: z.string().optional() })
const FILE = readData(
  'claude-models.json',
  z.strictObject({
    kinds: z.record(z.string(), Partly),
    models: z.array(Partly),
    earlier: Partly,
  }),
)

const filledIn = ({ like, ...own }: z.infer<typeof Partly>): object => ({
  ...(like !== undefined && filledIn(FILE.kinds[like]!)),
  ...own,
})

/** Newest first, as the service lists them. */
export const MODELS: readonly ModelRow[] = FILE.models.map((row) => ModelRow.parse(filledIn(row)))

/** Any other id that begins with "claude-" is served as a model from before 4.5. */
const EARLIER = ModelRow.parse(filledIn(FILE.earlier))

/** By id, with or without a date at its end; undefined for what is no Claude. */
export const modelOf = (id: string): ModelRow | undefined =>
  MODELS.find((row) => row.id === id.replace(/-(20\d{6}|latest)$/, '')) ??
  (id.startsWith('claude-') ? EARLIER : undefined)

const supported = (isSupported: boolean) => ({ supported: isSupported })

/** The service's own stand-in for an unknown date of release. */
const RELEASED = '1970-01-01T00:00:00Z'

/** A row of GET /v1/models. */
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
        THINKING_TYPES.map((type) => [type, supported(row.types.includes(type))]),
      ),
    },
  },
})

export const MAX_INPUT_TOKENS = 1_000_000

/** Any other model that is not dearer. */
export const canFallBackTo = (from: ModelRow, id: string): boolean => {
  const to = MODELS.find((row) => row.id === id)
  return to !== undefined && to.id !== from.id && to.price.output <= 2 * from.price.output
}
