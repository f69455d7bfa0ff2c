/**
 * POST /v1/messages: an app that sets the SDK's base URL to this device is personalized. Whatever fails here, the request
 * still goes to Claude as the app wrote it, and Claude's answer comes back as Claude wrote it.
 */
import { z } from 'zod'
import { isFedError } from '../../adapters/errors.ts'
import { ChatMessage, SystemPrompt } from '../../adapters/wire/choice-log.ts'
import type { Answer, CandidateRequest, Conversation, Personalizer } from '../agent/types.ts'
import type { Usage } from '../personalize/prices.ts'
import { decisionHeader, passOn, type Upstream } from './forward.ts'
import { observeStream } from './stream-observer.ts'

export type MessagesDeps = {
  readonly device: Personalizer
  readonly upstream: Upstream
  /** Told what failed and with which code; never what was said. */
  readonly report: (event: { what: string; code: string }) => void
  /** Longest that personalization may hold a request up. */
  readonly patienceMs?: number
}

/** What became of a request, in the `loreweave-status` header. */
type Status = 'personalized' | 'identity' | 'shadow' | 'passed-through' | 'failed-open'

type Plan = {
  readonly status: Status
  readonly body: Uint8Array
  readonly count: number
  /** Of Claude, for prices. */
  readonly model: string
  readonly decisionId: string | null
  readonly conversation: Conversation | null
}

const PATIENCE_MS = 30_000

/** request: the caller's; body: its exact bytes. */
export const answerMessages = async (
  deps: MessagesDeps,
  request: Request,
  body: Uint8Array,
): Promise<Response> => {
  const parsed = readBody(body)
  const plan = await planRequest(deps, parsed, body)
  if (parsed?.stream) return streamAnswer(deps, request, plan)
  if (plan.count === 1 || !plan.conversation) return oneAnswer(deps, request, plan)
  return bestAnswer(deps, request, plan, plan.conversation)
}

/** The fields that the device reads of a Messages request; the rest is carried. */
const MessagesBody = z.looseObject({
  model: z.string().catch(''),
  messages: z.array(z.looseObject({ role: z.string(), content: z.unknown() })),
  system: z.unknown().optional(),
  stream: z.boolean().nullish(),
  temperature: z.number().nullish(),
  tools: z.array(z.unknown()).nullish(),
  mcp_servers: z.array(z.unknown()).nullish(),
  container: z.unknown().optional(),
  max_tokens: z.number().nullish(),
  output_config: z.looseObject({ format: z.unknown().optional() }).nullish(),
  output_format: z.unknown().optional(),
})
type MessagesBody = z.infer<typeof MessagesBody>

const Readable = z.object({
  messages: z.array(ChatMessage).min(1).max(1000),
  system: SystemPrompt.nullish(),
})

const readBody = (body: Uint8Array): MessagesBody | null => {
  try {
    return MessagesBody.parse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)))
  } catch {
    return null
  }
}

/** Tools are in play, offered or used: such a request is a program's, and goes through untouched. */
const usesTools = (body: MessagesBody): boolean =>
  [body.tools, body.mcp_servers].some((list) => (list?.length ?? 0) > 0) ||
  Boolean(body['container']) ||
  body.messages.some(
    ({ content }) =>
      Array.isArray(content) &&
      content.some((block) => /tool_(use|result)$/.test(String(block?.type))),
  )

/** A program reads the answer, or there is none to read: a schema, an answer begun by the caller, a cache being warmed. */
const isForProgram = (body: MessagesBody): boolean =>
  Boolean(body.output_config?.format || body['output_format']) ||
  body.messages.at(-1)?.role === 'assistant' ||
  body.max_tokens === 0

const planRequest = async (
  deps: MessagesDeps,
  parsed: MessagesBody | null,
  body: Uint8Array,
): Promise<Plan> => {
  const model = parsed?.model ?? ''
  const untouched = { body, count: 1, model, decisionId: null, conversation: null }
  if (!parsed || usesTools(parsed) || isForProgram(parsed))
    return { ...untouched, status: 'passed-through' }
  const readable = Readable.safeParse(parsed)
  if (!readable.success) return { ...untouched, status: 'passed-through' }
  const conversation = {
    messages: readable.data.messages,
    system: readable.data.system ?? undefined,
  }
  try {
    const rewrite = await inTime(deps, deps.device.rewrite(conversation))
    // At temperature 0 every candidate would be the same answer.
    const isOne = parsed.stream || parsed.temperature === 0
    const count = isOne ? 1 : deps.device.planCandidates(sizeOf(parsed)).count
    const isChanged = rewrite.block !== null
    return {
      status: isChanged || count > 1 ? 'personalized' : 'identity',
      body: isChanged ? withSystem(parsed, rewrite.system) : body,
      count,
      model,
      decisionId: rewrite.decisionId,
      conversation,
    }
  } catch (error) {
    reportFailure(deps, 'rewrite', error)
    return { ...untouched, status: 'failed-open' }
  }
}

/** Characters of a token, a little low so that the estimate is a little high; tokens that an image takes at most. */
const TOKEN_CHARACTERS = 3.5
const IMAGE_TOKENS = 1600

/** What planning needs to know of a request; the tokens are an estimate. */
const sizeOf = (body: MessagesBody): CandidateRequest => {
  const tokensIn = (content: unknown): number => {
    if (typeof content === 'string') return content.length / TOKEN_CHARACTERS
    if (!Array.isArray(content)) return 0
    return content.reduce((sum: number, block) => {
      if (block?.type === 'image') return sum + IMAGE_TOKENS
      if (typeof block?.text === 'string') return sum + block.text.length / TOKEN_CHARACTERS
      return sum + (JSON.stringify(block)?.length ?? 0) / TOKEN_CHARACTERS
    }, 0)
  }
  const tokens = body.messages.reduce((sum, m) => sum + tokensIn(m.content), tokensIn(body.system))
  return {
    model: body.model,
    maxTokens: body.max_tokens ?? Number.MAX_SAFE_INTEGER,
    inputTokens: Math.ceil(tokens),
  }
}

/** The same JSON with another `system`, in its place where it had one. */
const withSystem = (body: MessagesBody, system: unknown): Uint8Array =>
  new TextEncoder().encode(JSON.stringify({ ...body, system: system ?? undefined }))

const headersOf = (plan: Plan, status: Status = plan.status): Record<string, string> => ({
  'loreweave-status': status,
  ...(plan.decisionId && decisionHeader(plan.decisionId)),
})

const streamAnswer = async (
  deps: MessagesDeps,
  request: Request,
  plan: Plan,
): Promise<Response> => {
  const response = await deps.upstream.send(request, plan.body)
  const stream =
    response.body && response.ok
      ? observeStream(response.body, (answer) => record(deps, plan, answer))
      : response.body
  return passOn(response, stream, headersOf(plan))
}

const oneAnswer = async (deps: MessagesDeps, request: Request, plan: Plan): Promise<Response> => {
  const response = await deps.upstream.send(request, plan.body)
  const bytes = new Uint8Array(await response.arrayBuffer())
  const answer = response.ok ? readAnswer(bytes) : null
  if (answer?.text.trim()) record(deps, plan, answer)
  return passOn(response, bytes, headersOf(plan))
}

/** So that feedback can name the answer; losing that must not lose the answer. */
const record = (deps: MessagesDeps, { decisionId, conversation }: Plan, answer: Answer): void => {
  if (!decisionId || !conversation) return
  try {
    const { text, messageId } = answer
    deps.device.recordAnswer(decisionId, conversation, { text, messageId })
  } catch (error) {
    reportFailure(deps, 'record', error)
  }
}

type Candidate = {
  readonly response: Response
  readonly bytes: Uint8Array
  readonly answer: ReadAnswer | null
}

/**
 * Asks for all candidates at once. Only whole answers compete: one that was cut, refused or is empty never takes the place of a whole
 * first one. A first answer that was cut or failed gives way to a whole one; a refusal stands.
 */
const bestAnswer = async (
  deps: MessagesDeps,
  request: Request,
  plan: Plan,
  conversation: Conversation,
): Promise<Response> => {
  const settled = await Promise.allSettled(
    Array.from({ length: plan.count }, () => fetchCandidate(deps, request, plan.body)),
  )
  const candidates = settled.flatMap((s) => (s.status === 'fulfilled' ? [s.value] : []))
  const first = candidates[0]
  if (!first) throw (settled[0] as PromiseRejectedResult).reason
  const whole = first.answer?.stop === 'refusal' ? [] : candidates.filter((c) => c.answer?.isWhole)
  const kept = whole[0] ?? first
  const keep = () => {
    if (kept.answer?.text.trim()) record(deps, plan, kept.answer)
    return kept
  }
  let winner = kept
  let status = plan.status
  try {
    if (whole.length > 1) {
      const answers = whole.map(({ answer }) => ({
        text: answer!.text,
        messageId: answer!.messageId,
      }))
      const ranked = deps.device.rerank(conversation, answers, {
        decisionId: plan.decisionId ?? undefined,
      })
      const result = await inTime(deps, ranked)
      winner = whole[result.winner] ?? kept
      if (result.shadow) status = 'shadow'
    } else winner = keep()
    const extra = candidates.filter((c) => c !== winner)
    deps.device.spend(
      plan.model,
      extra.flatMap((c) => c.answer?.usage ?? []),
    )
  } catch (error) {
    reportFailure(deps, 'rerank', error)
    winner = keep()
    status = 'failed-open'
  }
  return passOn(winner.response, winner.bytes, headersOf(plan, status))
}

const fetchCandidate = async (
  deps: MessagesDeps,
  request: Request,
  body: Uint8Array,
): Promise<Candidate> => {
  const response = await deps.upstream.send(request, body)
  const bytes = new Uint8Array(await response.arrayBuffer())
  return { response, bytes, answer: response.ok ? readAnswer(bytes) : null }
}

/** isWhole: Claude ended it itself, and it has text. */
type ReadAnswer = Answer & {
  readonly usage: Usage
  readonly stop: string | null
  readonly isWhole: boolean
}

const Tokens = z.number().catch(0)
/** Of Claude's message, the fields that the device reads; anything else is tolerated. */
const Message = z.object({
  id: z.string(),
  content: z.array(z.looseObject({ type: z.string(), text: z.string().optional() })),
  stop_reason: z.string().nullable().catch(null),
  usage: z
    .object({
      input_tokens: Tokens,
      output_tokens: Tokens,
      cache_creation_input_tokens: Tokens,
      cache_read_input_tokens: Tokens,
    })
    .optional(),
})

/** null when the bytes are no message. */
const readAnswer = (bytes: Uint8Array): ReadAnswer | null => {
  try {
    const message = Message.parse(JSON.parse(new TextDecoder().decode(bytes)))
    const { id, content, stop_reason: stop, usage } = message
    const text = content.flatMap((b) => (b.type === 'text' ? [b.text ?? ''] : [])).join('\n')
    return {
      text,
      messageId: id,
      stop,
      isWhole: stop === 'end_turn' && text.trim() !== '',
      usage: {
        input: usage?.input_tokens ?? 0,
        output: usage?.output_tokens ?? 0,
        cacheWrite: usage?.cache_creation_input_tokens ?? 0,
        cacheRead: usage?.cache_read_input_tokens ?? 0,
      },
    }
  } catch {
    return null
  }
}

const reportFailure = (deps: MessagesDeps, what: string, error: unknown): void =>
  deps.report({ what, code: isFedError(error) ? error.code : 'E_INTERNAL' })

/** Rejects when the work takes longer than the device's patience; the work itself goes on. */
const inTime = async <T>(deps: MessagesDeps, work: Promise<T>): Promise<T> => {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error('personalization took too long')),
      deps.patienceMs ?? PATIENCE_MS,
    )
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
