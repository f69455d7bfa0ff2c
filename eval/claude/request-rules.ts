/**
 * What the service refuses of a request's own fields, by model, beta and API version. Of its
 * messages: message-rules.ts.
 */
import { type Problem, problem } from './errors.ts'
import { canFallBackTo, type ModelRow } from './models.ts'
import { isForced, type MessagesBody } from './wire.ts'

/** path: whose rules hold. betas: of the header. body: as parsed, unknown fields still in it. */
export type Incoming = {
  readonly body: MessagesBody
  readonly row: ModelRow
  readonly betas: ReadonlySet<string>
  readonly version: string
  readonly path: 'messages' | 'count_tokens' | 'batches'
}

/** The first that fits; undefined where the request may be answered. */
export const requestProblem = (request: Incoming): Problem | undefined => {
  for (const rule of RULES) {
    const refused = rule(request)
    if (refused) return typeof refused === 'string' ? problem(refused) : refused
  }
  return undefined
}

export const BETAS = {
  binding: 'thinking-binding-controls-2026-08-01',
  threads: 'message-threads-2026-08-12',
  compaction: 'compact-2026-09-04',
  threshold: 'compact-2026-01-12',
  contextManagement: 'context-management-2025-06-27',
  clearAt: 'mid-conversation-system-clear-at-2026-08-21',
  messageOutput: 'mid-conversation-output-config-2026-07-01',
  /** What Claude Code names for the same. */
  perTurn: 'per-turn-control-2026-07-01',
  toolChanges: 'mid-conversation-tool-changes-2026-07-01',
  inlineTools: 'inline-tools-2026-09-15',
  fast: 'fast-mode-2026-02-01',
  thinkingTokens: 'thinking-token-count-2026-05-13',
} as const

const FALLBACKS = ['server-side-fallback-2026-06-01', 'server-side-fallback-2026-07-01']
const CREDIT = ['fallback-credit-2026-06-01', 'fallback-credit-2026-07-01']
export const hasCreditBeta = (betas: ReadonlySet<string>): boolean =>
  CREDIT.some((b) => betas.has(b))

/** Fields of every request, and those that one of some betas makes known. */
const FIELDS = [
  'model messages max_tokens cache_control container diagnostics inference_geo metadata',
  'output_config service_tier speed stop_sequences stream system thinking tool_choice tools',
].flatMap((line) => line.split(' '))
const SAMPLING = ['temperature', 'top_p', 'top_k'] as const
const COUNTED = new Set(
  'model messages cache_control output_config speed system thinking tool_choice tools'.split(' '),
)
const BETA_FIELDS: Readonly<Record<string, readonly string[]>> = {
  thread: [BETAS.threads],
  compaction: [BETAS.compaction],
  context_management: [BETAS.contextManagement, BETAS.threshold],
  fallbacks: FALLBACKS,
  fallback_credit_token: CREDIT,
  mcp_servers: ['mcp-client-2025-04-04', 'mcp-client-2025-11-20', 'mcp-client-2026-09-15'],
  output_format: ['structured-outputs-2025-11-13'],
  billing_policy: ['user-profiles-billing-2026-10-01'],
}
const COUNTED_BETA = [
  'compaction',
  'context_management',
  'mcp_servers',
  'output_format',
  'billing_policy',
]

export const STRICT_VERSION = '2026-10-21'

type Rule = (request: Incoming) => Problem | string | false | undefined

const isSet = (value: unknown): boolean => value !== undefined && value !== null

const extraField: Rule = ({ body, betas, version, path }) => {
  const isCount = path === 'count_tokens'
  const isKnown = (field: string) => {
    const needed = BETA_FIELDS[field]
    if (needed) {
      if (isCount && !COUNTED_BETA.includes(field)) return false
      return needed.some((beta) => betas.has(beta))
    }
    if (SAMPLING.some((s) => s === field)) return version !== STRICT_VERSION && !isCount
    return isCount ? COUNTED.has(field) : FIELDS.includes(field)
  }
  const extra = Object.keys(body).find((field) => body[field] !== undefined && !isKnown(field))
  return extra && `${extra}: Extra inputs are not permitted`
}

const thinkingRule: Rule = ({ body, row, betas }) => {
  const { thinking, output_config: output } = body
  if (!thinking) return undefined
  if (isSet(thinking.block_binding) && !betas.has(BETAS.binding))
    return 'thinking.block_binding: Extra inputs are not permitted'
  const { type } = thinking
  const types: readonly string[] = row.types
  if (!types.includes(type))
    return type === 'enabled'
      ? `thinking.type.enabled: \`budget_tokens\` is not supported on ${row.id}; use ` +
          '`adaptive` and `output_config.effort`.'
      : `thinking.type: \`${type}\` is not supported on ${row.id}. Supported: ${types.join(', ')}.`
  const effort = output?.effort ?? row.effort
  if ((type === 'disabled' || type === 'between_tools') && row.alwaysThinksAt?.includes(effort))
    return `thinking.type: \`${type}\` is not supported on ${row.id} at effort ${effort}.`
  if (type === 'enabled' && thinking.budget_tokens === undefined)
    return 'thinking.enabled.budget_tokens: Field required'
  const { budget_tokens: budget } = thinking
  if (budget !== undefined && isSet(body.max_tokens) && body.max_tokens <= budget)
    return '`max_tokens` must be greater than `thinking.budget_tokens`.'
  if (isForced(body) && (type === 'enabled' || type === 'adaptive'))
    return 'Thinking may not be enabled when tool_choice forces tool use.'
  return undefined
}

const forcedTool: Rule = ({ body, row }) =>
  isForced(body) &&
  !row.canForceTools &&
  `tool_choice: forced tool use is not supported on ${row.id}.`

const sampling: Rule = ({ body, row }) => {
  if (row.sampling === 'any') return undefined
  const { temperature, top_p: topP, top_k: topK } = body
  if (isSet(topK)) return `top_k: is not supported on ${row.id}.`
  if (row.sampling === 'haiku' && isSet(temperature) && isSet(topP))
    return `\`temperature\` and \`top_p\` cannot both be specified for ${row.id}.`
  if (isSet(temperature) && temperature !== 1)
    return `temperature: only the default of 1 is supported on ${row.id}.`
  const usual = row.sampling === 'haiku' ? 0.99 : 1
  if (isSet(topP) && topP !== usual)
    return `top_p: only the default of ${usual} is supported on ${row.id}.`
  return undefined
}

const speedAndGeography: Rule = ({ body, row, betas }) => {
  if (body.speed === 'fast' && !row.price.fast)
    return `speed: fast mode is not supported on ${row.id}.`
  if (isSet(body.speed) && row.price.fast && !betas.has(BETAS.fast))
    return `speed: Extra inputs are not permitted`
  const geo = body.inference_geo
  if (!isSet(geo)) return undefined
  if (!row.canChooseGeography) return `inference_geo: is not supported on ${row.id}.`
  if (geo !== 'us' && geo !== 'global') return 'inference_geo: must be one of global, us.'
  return undefined
}

const warming: Rule = ({ body, path }) => {
  if (body.max_tokens !== 0 || path === 'count_tokens') return undefined
  if (path === 'batches') return 'max_tokens: 0 is not supported in batches.'
  if (body.stream) return 'max_tokens: 0 cannot be combined with `stream`.'
  if (body.output_config?.format || isForced(body))
    return 'max_tokens: 0 cannot be combined with `output_config.format` or a forced `tool_choice`.'
  return undefined
}

const longest: Rule = ({ body, row, path }) =>
  path !== 'count_tokens' &&
  body.max_tokens > row.maxOutput &&
  row.id !== 'claude' &&
  `max_tokens: ${body.max_tokens} > ${row.maxOutput}, which is the maximum allowed number ` +
    `of output tokens for ${row.id}`

const batchOnly: Rule = ({ body, path }) => {
  if (path !== 'batches') return undefined
  const field = (['stream', 'thread', 'fallbacks'] as const).find((name) => Boolean(body[name]))
  return field && `${field}: is not supported in batches.`
}

const editBetas: Rule = ({ body, betas }) => {
  for (const { type } of body.context_management?.edits ?? []) {
    const beta = EDIT_BETAS[type]
    if (!beta)
      return `context_management.edits: Input tag '${type}' does not match any of the expected tags`
    if (!betas.has(beta)) return `context_management.edits: '${type}' needs the beta ${beta}`
  }
  return undefined
}
const EDIT_BETAS: Readonly<Record<string, string>> = {
  compact_20260112: BETAS.threshold,
  clear_tool_uses_20250919: BETAS.contextManagement,
  clear_thinking_20251015: BETAS.contextManagement,
}

const onDemandCompaction: Rule = ({ body, row }) => {
  if (!body.compaction) return undefined
  const clash = (
    [
      ['context_management', isSet(body.context_management)],
      ['stop_sequences', (body.stop_sequences?.length ?? 0) > 0],
      ['output_config.format', isSet(body.output_config?.format)],
      ['a forced tool_choice', isForced(body)],
    ] as const
  ).find(([, is]) => is)
  if (clash) return `compaction: cannot be combined with ${clash[0]}.`
  return row.canThread ? undefined : `compaction: is not supported on ${row.id}.`
}

const fallbackRule: Rule = ({ body, row }) => {
  const { fallbacks } = body
  if (!isSet(fallbacks)) return undefined
  if (isSet(body.fallback_credit_token))
    return 'fallback_credit_token: cannot be combined with `fallbacks`.'
  if (fallbacks === 'default') return undefined
  if (!row.fallbacks) return `fallbacks: is not supported on ${row.id}.`
  const strange = fallbacks?.find(({ model }) => !canFallBackTo(row, model))
  return strange && `fallbacks: ${strange.model} is not allowed for ${row.id}.`
}

const RULES: readonly Rule[] = [
  extraField,
  thinkingRule,
  forcedTool,
  sampling,
  speedAndGeography,
  warming,
  longest,
  batchOnly,
  editBetas,
  onDemandCompaction,
  fallbackRule,
]
