/**
 * The safety net under suffixes.ts. If Claude says that thinking belongs to another conversation,
 * the request went out with the wrong suffix. Such refusals come before any output, so trying
 * another suffix is free.
 */
import type { Bound } from '../../preferences/suffixes.ts'
import type { ReadRequest } from './body.ts'
import { type MessagesDeps, reportFailure, settingsOf, within } from './deps.ts'
import type { Plan } from './plan.ts'
import { withBlock } from './system-edit.ts'

const BOUND_ELSEWHERE = 'bound to a different conversation'

/**
 * The response, or one to the same request under another suffix. send: sends a body as the first
 * one was sent. If no suffix helps, the first refusal stands.
 */
export const underOtherSuffix = async (
  deps: MessagesDeps,
  plan: Plan,
  response: Response,
  send: (body: Uint8Array) => Promise<Response>,
): Promise<Response> => {
  const { request } = plan
  if (response.status !== 400 || !request?.trace.history.isBound) return response
  const refusal = await response.text()
  const first = new Response(refusal, response)
  if (!refusal.includes(BOUND_ELSEWHERE)) return first
  deps.report({ what: 'suffix_mismatch', code: 'E_CONFLICT' })
  for await (const suffix of otherSuffixes(deps, plan, request)) {
    const body = suffix ? withBlock(request.place, suffix.block) : plan.original
    const again = await send(body).catch(() => null)
    if (again?.ok) {
      correct(deps, plan, request, suffix)
      return again
    }
    again?.body?.cancel().catch(() => {})
  }
  return first
}

type Suffix = Pick<Bound, 'block' | 'preferences'>

/** How many blocks of past decisions are tried: a refusal costs only time. */
const MAX_DECIDED = 3

/**
 * null means no suffix, the only alternative if the request went out with one. Otherwise a block is
 * missing: that of a decision with the same first words, the last one under this system prompt, or
 * what the conversation would get today, which another device of the same user may have given it.
 */
async function* otherSuffixes(
  deps: MessagesDeps,
  { bound }: Plan,
  { body, conversation }: ReadRequest,
): AsyncGenerator<Suffix | null> {
  if (bound) {
    yield null
    return
  }
  const { suffixes } = deps.device
  const decided = conversation ? suffixes.decided(conversation).slice(0, MAX_DECIDED) : []
  yield* decided
  const last = suffixes.lastUnder(body.system)
  const tried = new Set(decided.map(({ block }) => block))
  if (last && !tried.has(last.block)) yield last
  const answered = conversation?.messages.findIndex((m) => m.role === 'assistant') ?? 0
  if (!conversation || answered < 1) return
  const opening = { ...conversation, messages: conversation.messages.slice(0, answered) }
  try {
    const { block, preferences } = await within(settingsOf(deps).deadlineMs, (signal) =>
      deps.device.rewrite(opening, { keeps: 'nothing', signal }),
    )
    if (block !== null && block !== last?.block && !tried.has(block)) yield { block, preferences }
  } catch (error) {
    reportFailure(deps, 'rewrite', error)
  }
}

const correct = (
  deps: MessagesDeps,
  { mode }: Plan,
  { trace }: ReadRequest,
  suffix: Suffix | null,
): void => {
  try {
    deps.device.suffixes.correct(trace, suffix, mode !== 'incognito')
  } catch (error) {
    reportFailure(deps, 'suffix', error)
  }
}
