/** One of the two ways that a drawn conversation is held: what was said, and how it goes on. */
import type { MockClaude } from '../../../../../eval/claude/claude.ts'
import { readTold, type Send, said, type Told, type Turn } from '../conversation.ts'
import type { Setting } from './setting.ts'

export type Side = {
  readonly claude: MockClaude
  send: Send
  messages: Turn[]
  /** Of the thread that can be continued. */
  thread: string | null
  decision: string
}

export const sideOf = (claude: MockClaude, send: Send): Side => ({
  claude,
  send,
  messages: [],
  thread: null,
  decision: '',
})

/** Of one request: what it has beside the conversation's own. */
export type More = { readonly fields?: object; readonly headers?: Record<string, string> }

/** A question, not the results of tools. */
export const isPlain = ({ role, content }: Turn): boolean =>
  role === 'user' && (typeof content === 'string' || content.every((b) => b.type !== 'tool_result'))

/** A request of the conversation. next: what is new; fields: over those of the conversation. */
export const ask = async (
  side: Side,
  setting: Setting,
  next: readonly Turn[],
  { fields = {}, headers = {} }: More = {},
): Promise<Told> => {
  const post = async (body: object) => {
    const sent = { 'anthropic-beta': setting.betas.join(','), ...setting.headers, ...headers }
    return readTold(await side.send('/v1/messages', body, sent))
  }
  const body = { ...setting.fields, ...fields }
  const whole = { ...body, messages: [...side.messages, ...next] }
  if (!setting.isThread) return post(whole)
  const create = () => post({ ...whole, thread: { type: 'create' } })
  if (side.thread === null) return create()
  const { system: _, tools: __, ...rest } = body as { system?: unknown; tools?: unknown }
  const thread = { type: 'continue', previous_message_id: side.thread }
  const told = await post({ ...rest, messages: next, thread })
  return /thread_(not_found|already_continued|continue_in_flight)/.test(told.text) ? create() : told
}

/** The answer becomes part of the conversation; an error and a refusal do not. */
export const keep = (side: Side, setting: Setting, next: readonly Turn[], told: Told): number => {
  const { reply } = told
  if (told.decisionId) side.decision = told.decisionId
  if (!reply || reply.stop_reason === 'refusal') {
    side.thread = null
    return told.status
  }
  side.messages = [...side.messages, ...next, ...(reply.content.length > 0 ? [said(reply)] : [])]
  side.thread = setting.isThread ? reply.id : null
  return told.status
}

export const say = async (
  side: Side,
  setting: Setting,
  next: readonly Turn[],
  more: More = {},
): Promise<number> => {
  // A call that is still open is answered first.
  const results = openCalls(side)
  const [first, ...rest] = next
  const turns = results.length === 0 || !first ? next : [withResults(first, results), ...rest]
  return keep(side, setting, turns, await ask(side, setting, turns, more))
}

export const openCalls = (side: Side): string[] => {
  const last = side.messages.at(-1)
  if (last?.role !== 'assistant' || typeof last.content === 'string') return []
  return last.content.flatMap((b) => (b.type === 'tool_use' ? [String(b['id'])] : []))
}

export const withResults = ({ content, ...turn }: Turn, ids: readonly string[]): Turn => ({
  ...turn,
  content: [
    ...ids.map((id) => ({ type: 'tool_result', tool_use_id: id, content: 'Nichts gefunden.' })),
    ...(typeof content === 'string' ? [{ type: 'text', text: content }] : content),
  ],
})
