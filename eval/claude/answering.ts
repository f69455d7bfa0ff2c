/**
 * From a request to Claude's message: what is refused, which model answers, what it says, and what
 * that used. No HTTP.
 */

import { replyTo } from '../answers/reply.ts'
import { withoutAttribution } from './attribution.ts'
import type { BadDay } from './bad-days.ts'
import type { AnswerBlock, Asked } from './blocks.ts'
import { digest } from './canonical.ts'
import type { Cassette } from './cassette.ts'
import { compactionProblem, createCompactions } from './compaction.ts'
import { compactionDue, type Managed, manage } from './context-management.ts'
import { createCounter } from './counts.ts'
import { type Credit, createCredits, usageOf } from './credits.ts'
import { createDiagnostics } from './diagnostics.ts'
import { type Problem, problem } from './errors.ts'
import { createFallbacks, type Refuses } from './fallbacks.ts'
import {
  costOf,
  emptyMessage,
  iterationOf,
  type Message,
  summaryMessage,
  textMessage,
  toolMessage,
} from './message.ts'
import { conversationProblem } from './message-rules.ts'
import { type ModelRow, modelOf } from './models.ts'
import {
  type CacheLook,
  countInput,
  createPromptCache,
  type InputUsage,
  markProblem,
} from './prompt-cache.ts'
import { BETAS, type Incoming, requestProblem } from './request-rules.ts'
import { type Account, checkThinking, signatureFor, type Transformation } from './signatures.ts'
import { createThreads, type Opened } from './threads.ts'
import { toolInput, toolResultText } from './tools.ts'
import { type Block, lastTurn, type MessagesBody, textOf } from './wire.ts'

export type AnsweringOptions = {
  readonly seed: number | string
  readonly account: Account
  readonly clock: () => number
  readonly refuses: Refuses
  readonly minCacheTokens?: number | undefined
  readonly cassette?: Cassette | undefined
}

/** A request that may be answered. request: with a thread's earlier messages. */
export type Prepared = {
  readonly request: Incoming
  readonly managed: Managed
  readonly transformations: readonly Transformation[]
  readonly credit: Credit
  readonly settle: Opened['settle']
}

/**
 * begin: the answer begins, and what it writes to the cache can be read. end: it is on the wire.
 */
export type Answer = {
  readonly message: Message
  readonly begin: () => void
  readonly end: () => void
}

const openState = (options: AnsweringOptions) => ({
  options,
  cache: createPromptCache(options.clock),
  threads: createThreads(options.clock),
  credits: createCredits(options.clock),
  compactions: createCompactions(),
  diagnostics: createDiagnostics(),
  fallbacks: createFallbacks(options.clock, options.refuses),
  counter: createCounter(),
  /** How often a request was answered, by its digest. */
  served: new Map<string, number>(),
  /** Hidden traits by the text of the answer. */
  traits: new Map<string, Float64Array>(),
})

/** What the service remembers between requests. */
type State = ReturnType<typeof openState>

export const createAnswering = (options: AnsweringOptions) => {
  const state = openState(options)
  return {
    prepare: (incoming: Incoming) => prepare(state, incoming),
    answer: (prepared: Prepared, day: BadDay) => answer(state, prepared, day),
    count: ({ managed }: Prepared): number => countInput(managed.shown),
    counts: () => ({ ...state.counter.counts(), ...state.threads.counts() }),
    traitsOf: (text: string) => state.traits.get(text),
  }
}

const prepare = (state: State, incoming: Incoming): Prepared | { readonly problem: Problem } => {
  const own = { ...incoming, body: withoutAttribution(incoming.body) }
  const refused = requestProblem(own) ?? textProblem(markProblem(own.body))
  if (refused) return { problem: refused }
  const opened = state.threads.open(own)
  if ('problem' in opened) return opened
  const request = { ...own, body: opened.body }
  const checked = check(state, request)
  if ('problem' in checked) opened.settle(null)
  return 'problem' in checked ? checked : { ...checked, request, settle: opened.settle }
}

const check = ({ options, credits, compactions, counter }: State, request: Incoming) => {
  const { body, row, path } = request
  const credit = path === 'messages' ? credits.take(request) : ({ type: 'none' } as const)
  if ('problem' in credit) return credit
  const mayPrefill = Boolean(body.compaction) || (credit.type === 'redeemed' && credit.isBegun)
  const refused = conversationProblem(request, mayPrefill) ?? compactionProblem(request)
  if (refused) return { problem: refused }
  const behavior = path === 'batches' ? ('drop_block' as const) : undefined
  const { account } = options
  const { vouches } = compactions
  const checked = checkThinking(body, { row, account, behavior, vouches })
  if (checked.problem) {
    if (checked.isPrefix) counter.refusedPrefix()
    return { problem: checked.problem }
  }
  const { transformations } = checked
  if (path !== 'count_tokens') counter.transformed(transformations)
  const managed = manage({ ...body, messages: [...checked.messages] })
  return { credit, transformations, managed }
}

/** undefined where the cassette does not hold the request. */
const answer = (state: State, prepared: Prepared, day: BadDay): Answer | undefined => {
  const { request, settle } = prepared
  const { cassette } = state.options
  const recorded = cassette?.next(request.body)
  if (cassette && !recorded) return undefined
  const made = recorded ? { message: recorded, looks: [] } : compose(state, prepared, day)
  let message = day.message?.(made.message) ?? made.message
  if (!recorded) message = finish(state, prepared, message)
  state.counter.answered(message, made.looks)
  return {
    message,
    begin: () => {
      for (const look of made.looks) look.begin()
    },
    end: () => settle(message),
  }
}

/** Adds the fields beside the answer itself: diagnostics, edits, transformations, credits. */
const finish = (state: State, prepared: Prepared, message: Message): Message => {
  const { diagnostics, counter, credits } = state
  const { request, managed, transformations, credit } = prepared
  const { body, betas } = request
  const diagnosed = diagnostics.of(body)
  const { usage } = message
  const cached = usage.cache_read_input_tokens + usage.cache_creation_input_tokens
  diagnostics.keep(message.id, body, cached)
  const spent = usageOf(credit)
  if (credit.type === 'redeemed') counter.creditTaken()
  return credits.give(request, {
    ...message,
    ...(diagnosed !== undefined && { diagnostics: diagnosed }),
    ...(body.context_management && { context_management: { applied_edits: managed.applied } }),
    ...(betas.has(BETAS.binding) && { input_transformations: transformations }),
    ...(spent && { usage: { ...usage, fallback_credit: spent } }),
  })
}

const compose = (state: State, prepared: Prepared, day: BadDay) => {
  const { options, cache, served, fallbacks } = state
  const { request, managed, credit } = prepared
  const { body, row } = request
  const key = digest(
    JSON.stringify([body.model, body.system, body.messages, body.tools, body.tool_choice]),
  )
  const variant = served.get(key) ?? 0
  served.set(key, variant + 1)
  const id = digest(`${options.seed}/${key}/${variant}`).slice(0, 24)
  const looks: CacheLook[] = []
  /** model: another one than the request's where it falls back. */
  const attempt = (model: string, begun: readonly AnswerBlock[]): Message => {
    const by = modelOf(model) ?? row
    const shown = { ...managed.shown, model }
    const look = cache.look(shown, options.minCacheTokens ?? by.leastCacheable)
    looks.push(look)
    const input = credit.type === 'redeemed' ? asRead(look.usage) : look.usage
    const asked = askedOf(request, { shown, id, row: by, input, begun })
    return messageFor(state, asked, prepared, { variant, day })
  }
  if (body.compaction) return { message: attempt(body.model, []), looks }
  return { message: fallbacks.answer(body, row, attempt), looks }
}

type Variation = { readonly variant: number; readonly day: BadDay }

/** An empty message, a summary, an answer, or an answer after a summary. */
const messageFor = (
  state: State,
  asked: Asked,
  { managed, request }: Prepared,
  variation: Variation,
): Message => {
  const { body, row, id } = asked
  const { compactions } = state
  if (body.max_tokens === 0) return emptyMessage(asked)
  if (body.compaction)
    return summaryMessage(asked, compactions.summarize(request.body, id, row.id, 'on demand'))
  const due = compactionDue(managed)
  if (!due) return toolOrTextMessage(state, asked, variation)
  const block = compactions.summarize(request.body, id, row.id, 'by threshold')
  if (due.pause_after_compaction) return summaryMessage(asked, block)
  const rest = toolOrTextMessage(state, { ...asked, begun: [...asked.begun, block] }, variation)
  const iterations = [costOf(asked, block), iterationOf('message', rest.usage, rest.model)]
  return { ...rest, usage: { ...rest.usage, iterations } }
}

const toolOrTextMessage = (state: State, asked: Asked, { variant, day }: Variation): Message => {
  const called = toolMessage(asked)
  if (called !== undefined) return called
  const text = composeText(state, asked.body, variant)
  return textMessage(asked, day.text?.(text) ?? text)
}

const composeText = ({ options, traits }: State, body: MessagesBody, variant: number): string => {
  const schema = body.output_config?.format?.schema
  if (schema)
    return JSON.stringify(
      toolInput({ input_schema: schema }, textOf(lastTurn(body.messages)?.content)),
    )
  const result = toolResultText(body)
  if (result !== undefined) return `Here is what the tool returned: ${result}`
  const said = body.messages.filter((m) => m.role === 'system').map((m) => textOf(m.content))
  const messages = body.messages
    .filter((m) => m.role !== 'system')
    .map((m) => ({ role: m.role, text: textOf(m.content) }))
  const system = [textOf(body.system), ...said].join('\n').trimEnd()
  const reply = replyTo(options.seed, { system, messages }, variant)
  traits.set(reply.text, reply.traits)
  return reply.text
}

const textProblem = (message: string | undefined): Problem | undefined =>
  message === undefined ? undefined : problem(message)

/** What a credit changes: the prefix was warm at the model that refused. */
const asRead = (usage: InputUsage): InputUsage => ({
  ...usage,
  cache_read_input_tokens: usage.cache_read_input_tokens + usage.cache_creation_input_tokens,
  cache_creation_input_tokens: 0,
  cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
})

type Attempt = {
  readonly shown: MessagesBody
  readonly id: string
  readonly row: ModelRow
  readonly input: InputUsage
  readonly begun: readonly AnswerBlock[]
}

const askedOf = (request: Incoming, { shown, id, row, input, begun }: Attempt): Asked => ({
  body: shown,
  row,
  id,
  input,
  isBatch: request.path === 'batches',
  betas: request.betas,
  begun,
  // What the app has sent counts, not what the model was shown of it.
  sign: (before, of) =>
    signatureFor(request.body, before as unknown as readonly Block[], of, row.id),
})
