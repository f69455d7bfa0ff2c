/** For tests of the mock: a Claude and an app that sends its answers back as they came. */
import { type ClaudeOptions, createClaude, type MockClaude } from '../../../eval/claude/claude.ts'

export type Block = { readonly type: string; readonly [key: string]: unknown }
export type Turn = { readonly role: string; readonly content?: string | readonly Block[] }
export type Reply = {
  readonly id: string
  readonly model: string
  readonly content: readonly Block[]
  readonly stop_reason: string
  readonly stop_details: { readonly fallback_credit_token?: string } | null
  readonly input_transformations?: readonly object[]
  readonly diagnostics?: { readonly cache_miss_reason: { readonly type: string } } | null
  // biome-ignore lint/suspicious/noExplicitAny: as it came
  readonly usage: any
}
export type Answered = {
  readonly status: number
  readonly reply: Reply
  readonly error: {
    readonly type: string
    readonly message: string
    readonly details?: { readonly error_code: string; readonly [key: string]: unknown }
  }
  readonly text: string
}

export const user = (content: Turn['content']): Turn => ({ role: 'user', content: content ?? '' })
export const said = ({ content }: Reply): Turn => ({ role: 'assistant', content })

export const MODEL = 'claude-sonnet-5-5'
export const QUESTIONS = [
  'Why do the tides rise and fall?',
  'And what has the moon to do with it?',
  'Is it the same at every coast?',
  'Can one make use of it?',
]

/** betas: of every request; body: over model and max_tokens. */
export const openMock = (options: Partial<ClaudeOptions> = {}) => {
  const claude = createClaude({ seed: 1, ...options })
  const ask = (body: object, betas: readonly string[] = [], path = '/v1/messages') =>
    askAt(claude, body, betas, path)
  return { claude, ask, counts: () => claude.counts() }
}

export const askAt = async (
  claude: MockClaude,
  body: object,
  betas: readonly string[] = [],
  path = '/v1/messages',
  version = '2023-06-01',
): Promise<Answered> => {
  const limit = path.endsWith('count_tokens') ? {} : { max_tokens: 1000 }
  const response = await claude.request(path, {
    method: 'POST',
    headers: {
      'x-api-key': 'k',
      'anthropic-version': version,
      ...(betas.length > 0 && { 'anthropic-beta': betas.join(',') }),
    },
    body: JSON.stringify({ model: MODEL, ...limit, ...body }),
  })
  const text = await response.text()
  const json = text.startsWith('{') ? JSON.parse(text) : {}
  return { status: response.status, reply: json, error: json.error, text }
}

/** A conversation of so many answered questions; each request has the given fields. */
export const converse = async (
  ask: (body: object) => Promise<Answered>,
  turns: number,
  fields: object = {},
): Promise<Turn[]> => {
  const messages: Turn[] = []
  for (let i = 0; i < turns; i++) {
    messages.push(user(QUESTIONS[i % QUESTIONS.length]))
    const { reply, error } = await ask({ ...fields, messages })
    if (error) throw new Error(error.message)
    messages.push(said(reply))
  }
  return messages
}
