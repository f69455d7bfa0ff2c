/** What the mock answers with: the Messages API's message, made from a text or a tool call, cut where the request says so. */
import { toolInput, toolResultText, toolToCall } from './claude-tools.ts'
import { type MessagesBody, textOf } from './claude-wire.ts'
import type { InputUsage } from './prompt-cache.ts'
import { countTokens } from './wording.ts'

export type TextBlock = { readonly type: 'text'; readonly text: string }
export type ThinkingBlock = {
  readonly type: 'thinking'
  readonly thinking: string
  readonly signature: string
}
export type ToolUseBlock = {
  readonly type: 'tool_use'
  readonly id: string
  readonly name: string
  readonly input: Readonly<Record<string, unknown>>
}
export type AnswerBlock = TextBlock | ThinkingBlock | ToolUseBlock

export type Message = {
  readonly id: string
  readonly type: 'message'
  readonly role: 'assistant'
  readonly model: string
  readonly content: readonly AnswerBlock[]
  readonly stop_reason: 'end_turn' | 'max_tokens' | 'stop_sequence' | 'tool_use' | 'refusal'
  readonly stop_sequence: string | null
  readonly stop_details?: {
    readonly type: 'refusal'
    readonly category: string | null
    readonly explanation: string | null
  }
  readonly usage: InputUsage & { readonly output_tokens: number }
}

/** The tool call that the request asks for; undefined for a text answer. id: of the message, without its prefix. */
export const toolMessage = (
  body: MessagesBody,
  id: string,
  usage: InputUsage,
): Message | undefined => {
  const tool = toolToCall(body)
  if (tool === undefined || toolResultText(body) !== undefined) return undefined
  const input = toolInput(tool, textOf(body.messages.at(-1)?.content))
  return {
    ...shell(body, id),
    content: [
      ...thinkingOf(body, id),
      { type: 'tool_use', id: `toolu_${id}`, name: tool.name, input },
    ],
    stop_reason: 'tool_use',
    stop_sequence: null,
    usage: { ...usage, output_tokens: countTokens(JSON.stringify(input)) + 10 },
  }
}

/** whole: the answer as it would be without stop sequences and max_tokens, which thinking counts towards. */
export const textMessage = (
  body: MessagesBody,
  id: string,
  usage: InputUsage,
  whole: string,
): Message => {
  const stops = (body.stop_sequences ?? [])
    .map((stop) => ({ stop, at: whole.indexOf(stop) }))
    .filter((s) => s.at >= 0)
    .sort((a, b) => a.at - b.at)
  const stop = stops[0]
  const cut = stop === undefined ? whole : whole.slice(0, stop.at)
  const thinking = thinkingOf(body, id)
  const thought = thinking.reduce((sum, b) => sum + countTokens(b.thinking), 0)
  const text = firstTokens(cut, Math.max(1, body.max_tokens - thought))
  const isCut = text.length < cut.length
  return {
    ...shell(body, id),
    content: [...thinking, { type: 'text', text }],
    stop_reason: isCut ? 'max_tokens' : stop === undefined ? 'end_turn' : 'stop_sequence',
    stop_sequence: isCut || stop === undefined ? null : stop.stop,
    usage: { ...usage, output_tokens: thought + countTokens(text) },
  }
}

/** The message with its text cut after at most the given tokens. */
export const cutMessage = (message: Message, tokens: number): Message => {
  const content = message.content.map((block) =>
    block.type === 'text' ? { ...block, text: firstTokens(block.text, tokens) } : block,
  )
  return { ...message, content, usage: { ...message.usage, output_tokens: outputTokens(content) } }
}

const outputTokens = (content: readonly AnswerBlock[]): number =>
  content.reduce(
    (sum, b) =>
      sum +
      countTokens(
        b.type === 'text' ? b.text : b.type === 'thinking' ? b.thinking : JSON.stringify(b.input),
      ),
    0,
  )

const shell = (body: MessagesBody, id: string) =>
  ({ id: `msg_${id}`, type: 'message', role: 'assistant', model: body.model }) as const

/** One signed block where the request enables thinking. */
const thinkingOf = (body: MessagesBody, id: string): ThinkingBlock[] => {
  if (body.thinking == null || body.thinking.type === 'disabled') return []
  const asked = textOf(body.messages.at(-1)?.content).slice(0, 80)
  const thinking = `The last message says: ${asked} … I shall say first what matters most, then why.`
  return [{ type: 'thinking', thinking, signature: Buffer.from(`signed/${id}`).toString('base64') }]
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
