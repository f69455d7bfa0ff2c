/**
 * The safety net under suffixes.ts: where Claude says that thinking belongs to another conversation, the request went out under a
 * suffix that it was not written under. It is refused before any output, so that sending it once more costs nothing.
 */
import type { Bound } from '../../agent/suffixes.ts'
import { type MessagesDeps, reportFailure } from './deps.ts'
import type { Plan } from './plan.ts'
import { withBlock } from './system-edit.ts'

const BOUND_ELSEWHERE = 'bound to a different conversation'

/**
 * The same response, or that of the same request under the other suffix: none, where it went out under one; else the last one under
 * this system prompt. send: sends a body as the first one was sent. Where that does not help either, the first refusal stands.
 */
export const underOtherSuffix = async (
  deps: MessagesDeps,
  plan: Pick<Plan, 'request' | 'bound' | 'original' | 'mode'>,
  response: Response,
  send: (body: Uint8Array) => Promise<Response>,
): Promise<Response> => {
  const { request } = plan
  if (response.status !== 400 || !request?.trace.history.isBound) return response
  const refusal = await response.text()
  const first = new Response(refusal, response)
  if (!refusal.includes(BOUND_ELSEWHERE)) return first
  const other = otherOf(deps, plan)
  if (!other) return first
  deps.report({ what: 'suffix_mismatch', code: 'E_CONFLICT' })
  const second = await send(other.body).catch(() => null)
  if (!second?.ok) {
    second?.body?.cancel().catch(() => {})
    return first
  }
  try {
    deps.device.suffixes.correct(request.trace, other.bound, plan.mode !== 'incognito')
  } catch (error) {
    reportFailure(deps, 'suffix', error)
  }
  return second
}

const otherOf = (
  { device }: MessagesDeps,
  { request, bound, original }: Pick<Plan, 'request' | 'bound' | 'original'>,
): { body: Uint8Array; bound: Bound | null } | null => {
  if (bound) return { body: original, bound: null }
  const last = request && device.suffixes.lastUnder(request.body.system)
  return last ? { body: withBlock(request.place, last.block), bound: last } : null
}
