/**
 * What the service refuses of a conversation: its blocks, the pairs of tool calls and results, and
 * where a system message may stand.
 */
import { type Problem, problem } from './errors.ts'
import { BETAS, type Incoming, STRICT_VERSION } from './request-rules.ts'
import { type Block, blocksOf, isThinking, type WireMessage } from './wire.ts'

/**
 * messages: the whole conversation, a thread's earlier ones included. mayPrefill: something else
 * allows an answer to be begun.
 */
export const conversationProblem = (
  { body, row, betas, version, path }: Incoming,
  mayPrefill: boolean,
): Problem | undefined => {
  const { messages } = body
  if (messages.length === 0) return problem('messages: at least one message is required')
  for (const [i, message] of messages.entries()) {
    const refused =
      keyProblem(message, i) ??
      blockProblem(message, i, version) ??
      (message.role === 'system' ? systemProblem(messages, i, { row, betas }) : undefined)
    if (refused) return problem(refused)
  }
  const unpaired = pairProblem(messages)
  if (unpaired) return problem(unpaired)
  const isBegun = endsInAnswer(messages)
  if (isBegun && !row.canPrefill && !mayPrefill && path !== 'count_tokens')
    return problem(
      'This model does not support assistant message prefill. The conversation must end ' +
        'with a user message.',
    )
  return undefined
}

/** The last message is the assistant's, and is not a turn that the server paused. */
const endsInAnswer = (messages: readonly WireMessage[]): boolean => {
  const last = messages.at(-1)
  if (last?.role !== 'assistant') return false
  const type = blocksOf(last.content).at(-1)?.type ?? ''
  return !isServerBlock(type) && type !== 'compaction'
}

const isServerBlock = (type: string): boolean =>
  type === 'server_tool_use' || (type.endsWith('_tool_result') && type !== 'tool_result')

const MESSAGE_KEYS = ['role', 'content']
const SYSTEM_KEYS = [...MESSAGE_KEYS, 'clear_at', 'output_config']

const keyProblem = (message: WireMessage, i: number): string | undefined => {
  const known = message.role === 'system' ? SYSTEM_KEYS : MESSAGE_KEYS
  const extra = Object.keys(message).find((key) => !known.includes(key))
  return extra && `messages.${i}.${extra}: Extra inputs are not permitted`
}

/** Keys of the blocks that apps build by hand; the others are taken as they come. */
const BLOCK_KEYS: Readonly<Record<string, readonly string[]>> = {
  text: ['type', 'text', 'cache_control', 'citations'],
  thinking: ['type', 'thinking', 'signature', 'cache_control'],
  redacted_thinking: ['type', 'data', 'cache_control'],
  image: ['type', 'source', 'cache_control', 'transformations'],
  document: ['type', 'source', 'cache_control', 'title', 'context', 'citations'],
  tool_use: ['type', 'id', 'name', 'input', 'cache_control', 'caller', 'toolset'],
  tool_result: ['type', 'tool_use_id', 'content', 'is_error', 'cache_control'],
  compaction: [
    'type',
    'content',
    'encrypted_content',
    'signature',
    'tool_changes',
    'cache_control',
  ],
  fallback: ['type', 'from', 'to', 'trigger'],
}
const OTHER_BLOCKS = [
  'search_result server_tool_use web_search_tool_result web_fetch_tool_result advisor_tool_result',
  'code_execution_tool_result bash_code_execution_tool_result container_upload mcp_tool_use',
  'text_editor_code_execution_tool_result tool_search_tool_result mcp_tool_result',
  'tool_addition tool_removal mcp_tool_listing browser_state connector_text',
].flatMap((line) => line.split(' '))
const KNOWN_BLOCKS = new Set([...Object.keys(BLOCK_KEYS), ...OTHER_BLOCKS])
const ASSISTANT_ONLY = new Set([
  'thinking',
  'redacted_thinking',
  'tool_use',
  'compaction',
  'fallback',
])

const blockProblem = (message: WireMessage, i: number, version: string): string | undefined => {
  if (typeof message.content === 'string') return undefined
  for (const [j, block] of message.content.entries()) {
    const at = `messages.${i}.content.${j}`
    const { type } = block
    if (!KNOWN_BLOCKS.has(type))
      return (
        `${at}: Input tag '${type}' found using 'type' does not match any of the expected ` +
        `tags: ${[...KNOWN_BLOCKS].join(', ')}`
      )
    const extra = BLOCK_KEYS[type] && Object.keys(block).find((k) => !BLOCK_KEYS[type]?.includes(k))
    if (extra) return `${at}.${type}.${extra}: Extra inputs are not permitted`
    if (message.role !== 'assistant' && ASSISTANT_ONLY.has(type))
      return `${at}: \`${type}\` blocks are only allowed in \`assistant\` messages`
    if (message.role === 'assistant' && type === 'tool_result')
      return `${at}: \`tool_result\` blocks can only be in \`user\` messages`
    const refused = markProblem(block, at) ?? fieldProblem(block, at)
    if (refused) return refused
    if (version !== STRICT_VERSION) continue
    if (message.role === 'assistant' && type === 'document')
      return `${at}: \`document\` blocks are not allowed in \`assistant\` messages`
    if (message.role === 'user' && type === 'text' && 'citations' in block)
      return `${at}.text.citations: Extra inputs are not permitted`
  }
  return undefined
}

const markProblem = (block: Block, at: string): string | undefined => {
  if (block.cache_control == null) return undefined
  if (isThinking(block)) return `${at}.${block.type}.cache_control: Extra inputs are not permitted`
  if (block.type === 'text' && block.text === '')
    return `${at}.text: cache_control cannot be set for empty text blocks`
  return undefined
}

/** Checks the blocks that an app sends back as they came. */
const fieldProblem = (block: Block, at: string): string | undefined => {
  const needed: Readonly<Record<string, string>> = {
    text: 'text',
    thinking: 'signature',
    redacted_thinking: 'data',
    tool_use: 'id',
    tool_result: 'tool_use_id',
  }
  const field = needed[block.type]
  return field && typeof block[field] !== 'string'
    ? `${at}.${block.type}.${field}: Field required`
    : undefined
}

const idsOf = (message: WireMessage | undefined, type: string, key: string): string[] =>
  message === undefined || typeof message.content === 'string'
    ? []
    : message.content.flatMap((b) => (b.type === type ? [String(b[key])] : []))

/** Each call is answered in the very next message, and nothing else is. */
const pairProblem = (messages: readonly WireMessage[]): string | undefined => {
  for (const [i, message] of messages.entries()) {
    const before = messages[i - 1]
    const called = before?.role === 'assistant' ? idsOf(before, 'tool_use', 'id') : []
    const told = idsOf(message, 'tool_result', 'tool_use_id')
    const stray = told.find((id) => !called.includes(id))
    if (stray)
      return (
        `messages.${i}.content.0: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ` +
        `${stray}. Each \`tool_result\` block must have a corresponding \`tool_use\` block in ` +
        'the previous message.'
      )
    const open = called.find((id) => !told.includes(id))
    if (open && message.role !== 'assistant')
      return (
        `messages.${i}: \`tool_use\` ids were found without \`tool_result\` blocks ` +
        `immediately after: ${open}. Each \`tool_use\` block must have a corresponding ` +
        '`tool_result` block in the next message.'
      )
  }
  return undefined
}

/**
 * Behind a user's turn or one that ends in a server tool's result; last, or before an assistant's.
 * Two in a row are refused (in doubt).
 */
const systemProblem = (
  messages: readonly WireMessage[],
  i: number,
  { row, betas }: Pick<Incoming, 'row' | 'betas'>,
): string | undefined => {
  const message = messages[i] as WireMessage & { readonly role: 'system' }
  const at = `messages.${i}`
  if (!row.hasSystemMessages) return `${at}: role 'system' is not supported on this model`
  const [before, after] = [messages[i - 1], messages[i + 1]]
  const follows =
    before?.role === 'user' ||
    (before?.role === 'assistant' && isServerResult(blocksOf(before.content).at(-1)?.type ?? ''))
  if (!follows || (after && after.role !== 'assistant'))
    return (
      `${at}: a \`system\` message must follow a \`user\` turn or a server tool result, and ` +
      'be last or precede an `assistant` turn'
    )
  const blocks = blocksOf(message.content)
  const output = message['output_config'] as { effort?: unknown } | null | undefined
  if (output != null && !betas.has(BETAS.messageOutput) && !betas.has(BETAS.perTurn))
    return `${at}.output_config: Extra inputs are not permitted`
  if (blocks.every((b) => b.type === 'text' && !b.text) && output?.effort == null)
    return `${at}.content: a \`system\` message must have content or \`output_config\``
  const changes = blocks.filter((b) => b.type !== 'text')
  const odd = changes.find((b) => b.type !== 'tool_addition' && b.type !== 'tool_removal')
  if (odd) return `${at}.content: \`${odd.type}\` blocks are not allowed in \`system\` messages`
  if (changes.length > 0 && !betas.has(BETAS.toolChanges) && !betas.has(BETAS.inlineTools))
    return `${at}.content: \`${changes[0]?.type}\` needs the beta ${BETAS.toolChanges}`
  return clearProblem(message, blocks, betas, at)
}

const isServerResult = (type: string): boolean => isServerBlock(type) && type !== 'server_tool_use'

const clearProblem = (
  message: WireMessage & { readonly role: 'system' },
  blocks: readonly Block[],
  betas: ReadonlySet<string>,
  at: string,
): string | undefined => {
  const clearAt = message['clear_at']
  if (clearAt == null) return undefined
  if (!betas.has(BETAS.clearAt)) return `${at}.clear_at: Extra inputs are not permitted`
  if (clearAt === 'never') return undefined
  if (clearAt !== 'next_user_message')
    return `${at}.clear_at: Input should be 'next_user_message' or 'never'`
  if (blocks.some((b) => b.type !== 'text' || b.cache_control != null))
    return `${at}: with \`clear_at\` only text without \`cache_control\` is allowed`
  return undefined
}

/** Cleared: it stays in the array, and is no longer shown. */
export const isCleared = (messages: readonly WireMessage[], i: number): boolean =>
  messages[i]?.role === 'system' &&
  messages[i]['clear_at'] === 'next_user_message' &&
  messages.slice(i + 1).some((m) => m.role === 'user')
