/**
 * POST /v1/messages: an app that sets the SDK's base URL to this device is personalized. Whatever fails here, the request
 * still goes to Claude as the app wrote it, and Claude's answer comes back as Claude wrote it.
 */
import { z } from 'zod'
import { isFedError } from '../../adapters/errors.ts'
import { ChatMessage, SystemPrompt } from '../../adapters/wire/choice-log.ts'
import type { Answer, Conversation, Personalizer } from '../agent/types.ts'
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
type Status = 'personalized' | 'identity' | 'passed-through' | 'failed-open'

type Plan = {
  readonly status: Status
  readonly body: Uint8Array
  readonly count: number
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
  const untouched = { body, count: 1, decisionId: null, conversation: null }
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
    const count = parsed.stream || parsed.temperature === 0 ? 1 : deps.device.candidateCount()
    const isChanged = rewrite.block !== null
    return {
      status: isChanged || count > 1 ? 'personalized' : 'identity',
      body: isChanged ? withSystem(parsed, rewrite.system) : body,
      count,
      decisionId: rewrite.decisionId,
      conversation,
    }
  } catch (error) {
    reportFailure(deps, 'rewrite', error)
    return { ...untouched, status: 'failed-open' }
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
  if (answer) record(deps, plan, answer)
  return passOn(response, bytes, headersOf(plan))
}

/** So that feedback can name the answer; losing that must not lose the answer. */
const record = (deps: MessagesDeps, { decisionId, conversation }: Plan, answer: Answer): void => {
  if (!decisionId || !conversation) return
  try {
    deps.device.recordAnswer(decisionId, conversation, answer)
  } catch (error) {
    reportFailure(deps, 'record', error)
  }
}

type Candidate = {
  readonly response: Response
  readonly bytes: Uint8Array
  readonly answer: ReadAnswer | null
}

/** Asks for all candidates at once. The first answer decides what an error looks like; any readable ones can win. */
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
  const readable = candidates.filter((c) => c.answer !== null)
  const [only, second] = readable
  if (!only) return passOn(first.response, first.bytes, headersOf(plan))
  let winner = only
  let status = plan.status
  try {
    if (second) {
      const answers = readable.map((c) => c.answer!)
      const ranked = deps.device.rerank(conversation, answers, plan.decisionId ?? undefined)
      winner = readable[(await inTime(deps, ranked)).winner] ?? only
    } else record(deps, plan, only.answer!)
    deps.device.spendExtraTokens(sumTokens(readable) - (winner.answer?.tokens ?? 0))
  } catch (error) {
    reportFailure(deps, 'rerank', error)
    record(deps, plan, only.answer!)
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

type ReadAnswer = Answer & { readonly tokens: number }

/** Of Claude's message, the fields that the device reads; anything else is tolerated. */
const Message = z.object({
  id: z.string(),
  content: z.array(z.looseObject({ type: z.string(), text: z.string().optional() })),
  usage: z
    .object({ input_tokens: z.number().catch(0), output_tokens: z.number().catch(0) })
    .optional(),
})

/** null when the bytes are no message, or hold no text to judge. */
const readAnswer = (bytes: Uint8Array): ReadAnswer | null => {
  try {
    const { id, content, usage } = Message.parse(JSON.parse(new TextDecoder().decode(bytes)))
    const text = content.flatMap((b) => (b.type === 'text' ? [b.text ?? ''] : [])).join('\n')
    const tokens = usage ? usage.input_tokens + usage.output_tokens : 0
    return text.trim() === '' ? null : { text, messageId: id, tokens }
  } catch {
    return null
  }
}

const sumTokens = (candidates: readonly Candidate[]): number =>
  candidates.reduce((sum, c) => sum + (c.answer?.tokens ?? 0), 0)

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
