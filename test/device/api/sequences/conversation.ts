/**
 * An app that keeps its conversation and sends Claude's answers back as they came, whole or
 * streamed.
 */

export type Block = { readonly type: string; readonly [key: string]: unknown }
export type Turn = { readonly role: string; readonly content: string | readonly Block[] }
export type Reply = {
  readonly id: string
  readonly model: string
  readonly content: readonly Block[]
  readonly stop_reason: string
  readonly stop_details?: { readonly fallback_credit_token?: string } | null
  readonly usage: { readonly iterations?: readonly { readonly type: string }[] }
}

export type Send = (
  path: string,
  body: object | string,
  headers?: Record<string, string>,
) => Promise<Response>

/** reply: undefined where Claude, or the device, said no. */
export type Told = {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly reply: Reply | undefined
  readonly decisionId: string
}

export const user = (content: Turn['content']): Turn => ({ role: 'user', content })
export const said = ({ content }: Pick<Reply, 'content'>): Turn => ({ role: 'assistant', content })

const MODEL = 'claude-sonnet-5-5'

/**
 * Of one request: what differs from the app's usual one. history: in place of what was said so far.
 */
export type Asked = {
  readonly fields?: object
  readonly headers?: Record<string, string>
  readonly history?: readonly Turn[]
  readonly betas?: readonly string[]
}

/** fields: of every request. */
export const openApp = (send: Send, fields: object = {}) => {
  const messages: Turn[] = []
  const request = async (body: object, { headers, betas = [] }: Asked = {}): Promise<Told> => {
    const whole = { model: MODEL, max_tokens: 1000, ...fields, ...body }
    const beta = betas.length > 0 ? { 'anthropic-beta': betas.join(',') } : {}
    return readTold(await send('/v1/messages', whole, { ...beta, ...headers }))
  }
  return {
    messages,
    request,
    /** Asks further; an answer becomes part of the conversation, an error does not. */
    async say(content: Turn['content'] | readonly Turn[], asked: Asked = {}): Promise<Told> {
      const next = isTurns(content) ? content : [user(content)]
      if (asked.history) messages.splice(0, messages.length, ...asked.history)
      const told = await request({ messages: [...messages, ...next], ...asked.fields }, asked)
      if (told.reply) {
        messages.push(...next)
        if (told.reply.content.length > 0) messages.push(said(told.reply))
      }
      return told
    },
    /** The tokens of the conversation as it stands. */
    async count(asked: Asked = {}): Promise<number> {
      const { max_tokens: _, ...known } = fields as { max_tokens?: number }
      const body = { model: MODEL, ...known, messages: asked.history ?? messages, ...asked.fields }
      const response = await send('/v1/messages/count_tokens', body, asked.headers)
      return response.status
    },
  }
}

const isTurns = (content: Turn['content'] | readonly Turn[]): content is readonly Turn[] =>
  typeof content !== 'string' && content.every((part) => 'role' in part)

export const readTold = async (response: Response): Promise<Told> => {
  const text = await response.text()
  const isStream = response.headers.get('content-type')?.includes('event-stream') ?? false
  const reply = !response.ok
    ? undefined
    : isStream
      ? replyOfStream(text)
      : (JSON.parse(text) as Reply)
  const { status, headers } = response
  return { status, headers, text, reply, decisionId: headers.get('loreweave-decision') ?? '' }
}

type Event = {
  readonly type: string
  readonly index?: number
  readonly message?: object
  readonly content_block?: Block
  readonly delta?: Readonly<Record<string, unknown>>
  readonly usage?: object
}

/** As the SDK puts a stream together. */
const replyOfStream = (text: string): Reply => {
  let message: Record<string, unknown> = {}
  const blocks: Record<string, unknown>[] = []
  const json: string[] = []
  for (const [, data] of text.matchAll(/^data: (.*)$/gm)) {
    const { type, index = 0, delta = {}, ...event } = JSON.parse(data ?? '') as Event
    if (type === 'message_start') message = { ...event.message }
    if (type === 'content_block_start') blocks[index] = { ...event.content_block }
    if (type === 'message_delta') message = { ...message, ...delta, usage: event.usage }
    const block = blocks[index]
    if (type !== 'content_block_delta' || !block) continue
    if (delta['type'] === 'input_json_delta')
      json[index] = (json[index] ?? '') + String(delta['partial_json'])
    else if (delta['type'] === 'signature_delta') block['signature'] = delta['signature']
    else if (delta['type'] === 'compaction_delta') block['content'] = delta['content']
    else
      for (const key of ['text', 'thinking'])
        if (typeof delta[key] === 'string') block[key] = String(block[key] ?? '') + delta[key]
  }
  for (const [index, text] of json.entries())
    if (text !== undefined) blocks[index] = { ...blocks[index], input: JSON.parse(text) }
  return { ...message, content: blocks } as unknown as Reply
}
