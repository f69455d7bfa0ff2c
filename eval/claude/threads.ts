/**
 * Message threads: conversations kept under the id of their last answer, so that only what is new
 * is sent.
 */
import { stable, unmarked } from './canonical.ts'
import { type Problem, problem } from './errors.ts'
import type { Message } from './message.ts'
import type { Incoming } from './request-rules.ts'
import type { Block, MessagesBody, WireMessage } from './wire.ts'

const KEPT_MS = 5 * 60_000
const MOST_MARKS = 4

/** body: the whole conversation. settle: takes the answer, null if there was none. */
export type Opened = {
  readonly body: MessagesBody
  readonly settle: (message: Message | null) => void
}

export type Threads = {
  /** A request without `thread` is its own body. */
  open(request: Incoming): Opened | { readonly problem: Problem }
  counts(): { readonly threadsBegun: number; readonly threadsContinued: number }
}

type Kept = {
  readonly body: MessagesBody
  /** The fields of `create` that may not change. */
  readonly fixed: Readonly<Record<string, string>>
  readonly stop: string
  readonly at: number
  state: 'open' | 'in flight' | 'continued'
}

const FIXED = ['model', 'output_config', 'tool_choice', 'thinking'] as const

type ThreadStore = {
  readonly clock: () => number
  readonly kept: Map<string, Kept>
  begun: number
  continued: number
}

export const createThreads = (clock: () => number): Threads => {
  const store: ThreadStore = { clock, kept: new Map(), begun: 0, continued: 0 }
  return {
    open(request) {
      const { body, row } = request
      const { thread } = body
      if (thread == null) return { body, settle: () => {} }
      if (!row.canThread) return { problem: problem(`thread: is not supported on ${row.id}`) }
      const unsupported = unsupportedIn(body)
      if (unsupported.length > 0)
        return {
          problem: problem(
            `thread: cannot be combined with ${unsupported.join(', ')}`,
            'thread_unsupported_request',
            { unsupported },
          ),
        }
      return thread.type === 'continue'
        ? continueThread(store, body, thread.previous_message_id)
        : beginThread(store, body)
    },
    counts: () => ({ threadsBegun: store.begun, threadsContinued: store.continued }),
  }
}

const beginThread = (store: ThreadStore, body: MessagesBody): Opened => {
  const fixed = Object.fromEntries(FIXED.map((field) => [field, stable(body[field])]))
  return {
    body,
    settle(message) {
      if (!message) return
      store.begun++
      keep(store, message, body, fixed)
    },
  }
}

const continueThread = (
  store: ThreadStore,
  body: MessagesBody,
  id: string,
): Opened | { readonly problem: Problem } => {
  const before = store.kept.get(id)
  if (!before || store.clock() - before.at > KEPT_MS)
    return {
      problem: {
        status: 404,
        message: `thread.previous_message_id: no thread is kept for ${id}`,
        details: { error_code: 'thread_not_found' },
      },
    }
  const refused = continuationProblem(before, body, id)
  if (refused) return { problem: refused }
  before.state = 'in flight'
  const { system, tools } = before.body
  const messages = [...before.body.messages, ...body.messages]
  const whole = { ...body, system, tools, messages }
  return {
    body: whole,
    settle(message) {
      before.state = message ? 'continued' : 'open'
      if (!message) return
      store.continued++
      keep(store, message, whole, before.fixed)
    },
  }
}

/** Why the thread kept as `id` cannot go on with this body. */
const continuationProblem = (before: Kept, body: MessagesBody, id: string): Problem | undefined => {
  if (before.state === 'continued')
    return problem(`thread: ${id} was continued already`, 'thread_already_continued')
  if (before.state === 'in flight')
    return problem(`thread: ${id} is being continued`, 'thread_continue_in_flight')
  const differing = [
    ...(['system', 'tools'] as const).filter((field) => body[field] !== undefined),
    ...FIXED.filter((field) => stable(body[field]) !== before.fixed[field]),
  ]
  if (differing.length > 0)
    return problem(
      `thread: ${differing.join(', ')} must be as the thread was created with`,
      'thread_fingerprint_mismatch',
      { fields: differing },
    )
  if (body.messages.length === 0 && before.stop !== 'pause_turn' && before.stop !== 'compaction')
    return problem('messages: at least one message is required')
  return undefined
}

const keep = (
  { kept, clock }: ThreadStore,
  message: Message,
  body: MessagesBody,
  fixed: Kept['fixed'],
): void => {
  if (message.stop_reason === 'refusal' || isOfFallback(message)) return
  const answer = { role: 'assistant' as const, content: message.content.map((b) => ({ ...b })) }
  const stop = message.stop_reason
  // A summary on demand stands first, in place of what it is about.
  const before = body.compaction ? [] : body.messages.map(withoutMarks)
  const messages = [...before, ...(answer.content.length > 0 ? [answer] : [])]
  kept.set(message.id, { body: { ...body, messages }, fixed, stop, at: clock(), state: 'open' })
}

/** A thread caches nothing by itself. */
const withoutMarks = (message: WireMessage): WireMessage =>
  typeof message.content === 'string'
    ? message
    : { ...message, content: message.content.map((b) => unmarked(b) as Block) }

const isOfFallback = ({ usage }: Message): boolean =>
  usage.iterations?.some((it) => it.type === 'fallback_message') ?? false

const unsupportedIn = (body: MessagesBody): string[] => [
  ...(marksIn(body) > MOST_MARKS ? ['cache_control'] : []),
  ...(body.context_management?.edits?.length ? ['context_management'] : []),
  ...(Array.isArray(body.fallbacks) ? ['fallbacks'] : []),
  ...(body.thinking?.type === 'enabled' || body.thinking?.block_binding ? ['thinking'] : []),
]

/** Checks the request alone: what the thread holds has none. */
const marksIn = (body: MessagesBody): number =>
  (JSON.stringify([body.system, body.tools, body.messages]).match(/"cache_control":\{/g)?.length ??
    0) + (body.cache_control == null ? 0 : 1)
