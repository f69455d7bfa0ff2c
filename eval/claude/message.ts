/**
 * What the mock answers with: the Messages API's message, made from a text or a tool call, cut
 * where the request says so.
 */
import { countTokens } from '../answers/wording.ts'
import type { AnswerBlock, Asked } from './blocks.ts'
import type { CompactionBlock } from './compaction.ts'
import type { Clearing } from './context-management.ts'
import type { InputUsage } from './prompt-cache.ts'
import type { Transformation } from './signatures.ts'
import { type Thought, thoughtOf } from './thinking.ts'
import { toolInput, toolResultText, toolToCall, webSearch } from './tools.ts'
import { isForced, lastTurn, textOf } from './wire.ts'

type StopDetails = {
  readonly type: 'refusal'
  readonly category: string | null
  readonly explanation: string | null
  readonly recommended_model?: string | null
  readonly fallback_credit_token?: string | null
  readonly fallback_has_prefill_claim?: boolean | null
}

export type Iteration = InputUsage & {
  readonly type: 'message' | 'compaction' | 'fallback_message'
  readonly model?: string
  readonly output_tokens: number
}

export type Usage = InputUsage & {
  readonly output_tokens: number
  readonly output_tokens_details: { readonly thinking_tokens: number }
  readonly server_tool_use: {
    readonly web_search_requests: number
    readonly web_fetch_requests: number
  } | null
  readonly service_tier: 'standard' | 'batch'
  readonly inference_geo: string
  readonly speed: 'standard' | 'fast'
  readonly iterations?: readonly Iteration[]
  readonly fallback_credit?: object
}

export type Message = {
  readonly id: string
  readonly type: 'message'
  readonly role: 'assistant'
  readonly model: string
  readonly content: readonly AnswerBlock[]
  readonly stop_reason:
    | 'end_turn'
    | 'max_tokens'
    | 'stop_sequence'
    | 'tool_use'
    | 'pause_turn'
    | 'refusal'
    | 'compaction'
  readonly stop_sequence: string | null
  readonly stop_details: StopDetails | null
  readonly container: null
  readonly diagnostics?: object | null
  readonly context_management?: { readonly applied_edits: readonly Clearing[] }
  readonly input_transformations?: readonly Transformation[]
  readonly usage: Usage
}

type Ending = Pick<Message, 'stop_reason' | 'stop_sequence'>

/** The tool call that the request asks for; undefined for a text answer. */
export const toolMessage = (asked: Asked): Message | undefined => {
  const { body, id } = asked
  const tool = toolToCall(body)
  if (tool === undefined || toolResultText(body) !== undefined) return undefined
  const input = toolInput(tool, textOf(lastTurn(body.messages)?.content))
  const called: AnswerBlock = { type: 'tool_use', id: `toolu_${id}`, name: tool.name, input }
  const thought = thoughtOf(asked, isForced(body))
  const output = countTokens(JSON.stringify(input)) + 10
  return messageOf(asked, thought, [called], output, {
    stop_reason: 'tool_use',
    stop_sequence: null,
  })
}

/**
 * whole: the answer as it would be without stop sequences and max_tokens, which thinking counts
 * towards.
 */
export const textMessage = (asked: Asked, whole: string): Message => {
  const { body } = asked
  const stop = (body.stop_sequences ?? [])
    .map((sequence) => ({ sequence, at: whole.indexOf(sequence) }))
    .filter((s) => s.at >= 0)
    .sort((a, b) => a.at - b.at)[0]
  const cut = stop === undefined ? whole : whole.slice(0, stop.at)
  const thought = thoughtOf(asked)
  const searched = webSearch(body, asked.id)
  const room = body.max_tokens - thought.tokens
  // A small max_tokens ends in thinking.
  if (thought.tokens > 0 && room <= 0) {
    const short = { ...thought, tokens: body.max_tokens }
    return messageOf(asked, short, [], 0, { stop_reason: 'max_tokens', stop_sequence: null })
  }
  const text = firstTokens(cut, Math.max(1, room))
  const isCut = text.length < cut.length
  return messageOf(asked, thought, [...searched, { type: 'text', text }], countTokens(text), {
    stop_reason: isCut ? 'max_tokens' : stop === undefined ? 'end_turn' : 'stop_sequence',
    stop_sequence: isCut || stop === undefined ? null : stop.sequence,
  })
}

/** Only fills the cache. */
export const emptyMessage = (asked: Asked): Message =>
  messageOf(asked, { blocks: [], tokens: 0 }, [], 0, {
    stop_reason: 'max_tokens',
    stop_sequence: null,
  })

/** The summary alone; what it cost stands in the iterations. */
export const summaryMessage = (asked: Asked, block: CompactionBlock): Message => {
  const message = messageOf(asked, { blocks: [], tokens: 0 }, [block], 0, {
    stop_reason: 'compaction',
    stop_sequence: null,
  })
  return { ...message, usage: { ...message.usage, ...NOTHING, iterations: [costOf(asked, block)] } }
}

export const costOf = ({ input }: Pick<Asked, 'input'>, block: CompactionBlock): Iteration => ({
  type: 'compaction',
  ...input,
  output_tokens: countTokens(block.content),
})

export const iterationOf = (
  type: 'message' | 'fallback_message',
  usage: Usage,
  model: string,
): Iteration => ({
  type,
  model,
  input_tokens: usage.input_tokens,
  cache_read_input_tokens: usage.cache_read_input_tokens,
  cache_creation_input_tokens: usage.cache_creation_input_tokens,
  cache_creation: usage.cache_creation,
  output_tokens: usage.output_tokens,
})

const NOTHING: InputUsage = {
  input_tokens: 0,
  cache_read_input_tokens: 0,
  cache_creation_input_tokens: 0,
  cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
}

/** The message with its text cut after at most the given tokens. */
export const cutMessage = (message: Message, tokens: number): Message => {
  const content = message.content.map((block) =>
    block.type === 'text' ? { ...block, text: firstTokens(block.text, tokens) } : block,
  )
  const said = content.reduce(
    (sum, b) =>
      sum +
      (b.type === 'text'
        ? countTokens(b.text)
        : b.type === 'tool_use'
          ? countTokens(JSON.stringify(b.input))
          : 0),
    0,
  )
  const { output_tokens_details: details } = message.usage
  const thought = details?.thinking_tokens ?? 0
  return { ...message, content, usage: { ...message.usage, output_tokens: thought + said } }
}

export const withoutOutput = (message: Message): Message => ({
  ...message,
  content: [],
  usage: {
    ...message.usage,
    output_tokens: 0,
    output_tokens_details: { thinking_tokens: 0 },
  },
})

const messageOf = (
  asked: Asked,
  thought: Thought,
  rest: readonly AnswerBlock[],
  output: number,
  ending: Ending,
): Message => {
  const { body, row, id, input, begun } = asked
  const searches = rest.filter((b) => b.type === 'server_tool_use').length
  return {
    id: `msg_${id}`,
    type: 'message',
    role: 'assistant',
    model: body.model,
    content: [...begun, ...thought.blocks, ...rest],
    ...ending,
    stop_details: null,
    container: null,
    usage: {
      ...input,
      output_tokens: thought.tokens + output,
      output_tokens_details: { thinking_tokens: thought.tokens },
      server_tool_use:
        searches > 0 ? { web_search_requests: searches, web_fetch_requests: 0 } : null,
      service_tier: asked.isBatch ? 'batch' : 'standard',
      inference_geo: row.canChooseGeography ? (body.inference_geo ?? 'global') : 'not_available',
      speed: body.speed ?? 'standard',
    },
  }
}

const firstTokens = (text: string, most: number): string => {
  if (countTokens(text) <= most) return text
  const ends = [...text.matchAll(/\s*\S+/g)].map((m) => m.index + m[0].length)
  let [low, high] = [0, ends.length]
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (countTokens(text.slice(0, ends[middle - 1])) <= most) low = middle
    else high = middle - 1
  }
  return low === 0 ? '' : text.slice(0, ends[low - 1])
}
