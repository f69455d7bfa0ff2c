/** An app that talks to Claude through the device all day and knows nothing of Loreweave. */
import { randomBytes } from 'node:crypto'
import type { Ask } from './plan.ts'

type Message = { readonly role: 'user' | 'assistant'; readonly content: unknown }

/** decisionId: of the device's header; null where it made none. */
export type Answered = {
  readonly status: number | null
  readonly isWhole: boolean
  readonly ms: number
  readonly decisionId: string | null
  readonly text: string
}

export type Thread = { readonly word: string; messages: Message[] }

const LIMIT_MS = 5000
/** Long enough for the request to have reached Claude. */
const LEFT_AFTER_MS = 20
const IMAGE_BYTES = 2_000_000

const SUBJECTS = (
  'a small balcony garden|mending an old bicycle|baking bread with little time|' +
  'learning to read maps|keeping a diary|choosing a first telescope|' +
  'teaching a child to swim|a walk along the coast'
).split('|')

/** n: the conversation's number; its word is found in no other text. */
export const beginThread = (n: number): Thread => ({
  word: `quorvex${n.toString(36)}zin`,
  messages: [],
})

/** The thread grows by the question, and by the answer where one came. */
export const ask = async (url: string, thread: Thread, how: Ask): Promise<Answered> => {
  const { word } = thread
  const turn = thread.messages.filter(({ role }) => role === 'user').length
  const subject = SUBJECTS[(word.length + turn + word.charCodeAt(7)) % SUBJECTS.length]
  const question =
    turn === 0
      ? `What should I know about ${subject}? My note on it is called ${word}.`
      : `And what about ${subject}, with ${word} in mind?`
  const content =
    how === 'image'
      ? [
          {
            type: 'image',
            source: {
              type: 'base64',
              media_type: 'image/png',
              data: randomBytes(IMAGE_BYTES).toString('base64'),
            },
          },
          { type: 'text', text: question },
        ]
      : question
  const messages: Message[] = [...thread.messages, { role: 'user', content }]
  const isStream = how === 'stream' || how === 'compare'
  const body = {
    model: 'claude-sonnet-5-5',
    max_tokens: 400,
    messages,
    ...(isStream && { stream: true }),
    ...(how === 'tools' && { tools: [TOOL] }),
  }
  const headers = {
    'x-api-key': 'soak',
    'anthropic-version': '2023-06-01',
    'content-type': 'application/json',
    'x-stainless-timeout': `${LIMIT_MS / 1000}`,
    ...(how === 'compare' && { 'loreweave-stream': 'compare' }),
  }
  const begun = performance.now()
  const signal = AbortSignal.timeout(how === 'left' ? LEFT_AFTER_MS : LIMIT_MS)
  let status: number | null = null
  let decisionId: string | null = null
  let text = ''
  let isWhole = false
  try {
    const response = await fetch(`${url}/v1/messages`, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
      signal,
    })
    status = response.status
    decisionId = response.headers.get('loreweave-decision')
    const bytes = await response.text()
    isWhole = response.ok && (isStream ? bytes.includes('"message_stop"') : isMessage(bytes))
    text = isStream ? streamText(bytes) : messageText(bytes)
  } catch {
    // Seen by what is missing.
  }
  if (isWhole && how !== 'tools')
    thread.messages = [...messages, { role: 'assistant', content: text || '…' }]
  return { status, isWhole, ms: performance.now() - begun, decisionId, text }
}

const TOOL = {
  name: 'look_up_tide',
  description: 'The times of high and low water at a place.',
  input_schema: { type: 'object', properties: { place: { type: 'string' } }, required: ['place'] },
}

type Block = { readonly type: string; readonly text?: string }

const parse = (text: string): { type?: string; content?: Block[]; delta?: Block } => {
  try {
    return JSON.parse(text)
  } catch {
    return {}
  }
}

const isMessage = (text: string): boolean => parse(text).type === 'message'

const messageText = (text: string): string =>
  (parse(text).content ?? []).map((block) => block.text ?? '').join('')

const streamText = (text: string): string =>
  text
    .split('\n')
    .filter((line) => line.startsWith('data: '))
    .map((line) => parse(line.slice(6)).delta?.text ?? '')
    .join('')
