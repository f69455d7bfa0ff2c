/**
 * What is sent to Claude for a request, and how often. Whatever fails here, the request goes on
 * under its conversation's own suffix.
 */

import { whyOf } from '../../preferences/reasons.ts'
import type { Bound } from '../../preferences/suffixes.ts'
import type { RequestMode, RewriteReason, Silenced } from '../../records/rewrite-decision.ts'
import type { Conversation } from '../../text/conversation.ts'
import { withoutCoding } from '../upstream/content-coding.ts'
import { decisionHeader } from '../upstream/forward.ts'
import { MAX_MESSAGES_BYTES, type ReadRequest, readRequest } from './body.ts'
import { type Control, readControl } from './control.ts'
import { type MessagesDeps, reportFailure, type Status, settingsOf, within } from './deps.ts'
import { hasAttribution, limitsOf } from './limits.ts'
import { withBlock } from './system-edit.ts'

export type Plan = {
  readonly status: Status
  readonly body: Uint8Array
  readonly count: number
  readonly isStream: boolean
  readonly mode: RequestMode | undefined
  /** Of Claude, for prices. */
  readonly model: string
  /** null where nothing is kept of the request. */
  readonly decisionId: string | null
  /** null where nothing is learned from the request. */
  readonly conversation: Conversation | null
  /** Why there is a block, or none; null where nothing was asked. */
  readonly reason: RewriteReason | null
  readonly silenced: readonly Silenced[]
  /** What the request shows of its conversation; null where it cannot be read. */
  readonly request: ReadRequest | null
  /** The suffix that it goes out under; null: none. */
  readonly bound: Bound | null
  /** The body as the app sent it. */
  readonly original: Uint8Array
}

/**
 * bytes: of the request's body. isCounted: only its tokens are wanted. Fails with E_BODY where a
 * header of the device's own is wrong.
 */
export const planRequest = async (
  deps: MessagesDeps,
  headers: Headers,
  bytes: Uint8Array,
  { isCounted = false } = {},
): Promise<Plan> => {
  const control = readControl(headers, !isCounted && settingsOf(deps).compareStreams)
  const request = readRequest(bytes)
  const untouched: Plan = {
    status: 'passed-through',
    body: bytes,
    count: 1,
    isStream: request?.body.stream === true,
    mode: control.mode,
    model: request?.body.model ?? '',
    decisionId: null,
    conversation: null,
    reason: null,
    silenced: [],
    request,
    bound: null,
    original: bytes,
  }
  if (!request) return compressedPlan(deps, headers, untouched)
  if (hasAttribution(request.body)) return { ...untouched, reason: 'attribution' }
  // The thread holds its own system; what its answers are signed over is worth remembering.
  if (request.trace.continues !== undefined)
    return { ...untouched, reason: 'frozen', bound: knownSuffix(deps, request) }
  return withSuffix(deps, request, control, untouched, isCounted)
}

/**
 * A compressed body passes as it came, but in a conversation that has a suffix: an app that
 * compresses only what is long has begun it with a plain one.
 */
const compressedPlan = (deps: MessagesDeps, headers: Headers, untouched: Plan): Plan => {
  const asItCame: Plan = { ...untouched, reason: 'unreadable' }
  const coded = withoutCoding(headers, untouched.original, MAX_MESSAGES_BYTES)
  const request = coded && readRequest(coded.plain)
  if (!request || hasAttribution(request.body) || request.trace.continues !== undefined)
    return asItCame
  const bound = knownSuffix(deps, request)
  if (!bound) return asItCame
  return {
    ...untouched,
    status: 'personalized',
    reason: 'frozen',
    body: coded.encode(withBlock(request.place, bound.block)),
    isStream: request.body.stream === true,
    model: request.body.model,
    request,
    bound,
  }
}

const withSuffix = async (
  deps: MessagesDeps,
  request: ReadRequest,
  control: Control,
  untouched: Plan,
  isCounted: boolean,
): Promise<Plan> => {
  const { conversation, trace, place } = request
  const { mode } = control
  const { isOnce, isLearned: mayLearn, barrier } = limitsOf(request, control.isCompared)
  const isLearned = mayLearn && mode !== 'off' && !isCounted
  const under = (
    bound: Bound | null,
    reason: RewriteReason,
    block = bound?.block ?? null,
  ): Plan => ({
    ...untouched,
    reason,
    bound,
    body: block === null ? untouched.body : withBlock(place, block),
    status: block === null ? 'passed-through' : 'personalized',
  })
  if (!conversation || mode === 'off') {
    const bound = knownSuffix(deps, request)
    return under(bound, bound ? 'frozen' : mode === 'off' ? 'off' : (barrier ?? 'unknown_history'))
  }
  try {
    const {
      decisionId,
      bound = null,
      block,
      reason,
      silenced = [],
    } = await within(settingsOf(deps).deadlineMs, (signal) =>
      deps.device.rewrite(conversation, {
        mode,
        signal,
        trace,
        app: control.app,
        ...(barrier && { barrier }),
        keeps: isCounted ? 'nothing' : isLearned ? 'decision' : 'suffix',
      }),
    )
    const plan: Plan = { ...under(bound, reason, block), silenced }
    if (!mayLearn) return plan
    const isOne = isOnce || isCounted || control.candidates === 1
    const count = isOne ? 1 : countFor(deps, request, control)
    const status = block !== null || count > 1 ? 'personalized' : 'identity'
    return { ...plan, status, count, decisionId, conversation: isCounted ? null : conversation }
  } catch (error) {
    reportFailure(deps, 'rewrite', error)
    const bound = knownSuffix(deps, request)
    return { ...under(bound, 'late'), status: 'failed-open' }
  }
}

/** The suffix that the conversation has so far, which needs no model; null for none. */
export const knownSuffix = (deps: MessagesDeps, { trace }: ReadRequest): Bound | null => {
  try {
    const found = deps.device.suffixes.find({ ...trace, profile: '', isShared: false })
    return found.kind === 'bound' ? found.bound : null
  } catch (error) {
    reportFailure(deps, 'suffix', error)
    return null
  }
}

const countFor = (deps: MessagesDeps, { size }: ReadRequest, control: Control): number =>
  Math.min(control.candidates, deps.device.planCandidates(size).count)

/**
 * now: where it came out otherwise than planned. Where a block stayed away, the status says why in
 * words.
 */
export const headersOf = (
  {
    status,
    decisionId,
    reason,
    silenced,
  }: Pick<Plan, 'status' | 'decisionId' | 'reason' | 'silenced'>,
  now: Status = status,
): Record<string, string> => {
  const isPlain = now !== status || now === 'personalized' || now === 'shadow' || !reason
  return {
    'loreweave-status': isPlain ? now : `${now}; why="${whyOf(reason, silenced)}"`,
    ...decisionHeader(decisionId),
  }
}
