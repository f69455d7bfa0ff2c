/**
 * Plans what is sent to Claude for a request, and how many answers are asked for. If anything fails
 * here, the request keeps its conversation's suffix.
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
  /** Claude's model, for prices. */
  readonly model: string
  /** null if nothing is kept. */
  readonly decisionId: string | null
  /** null if nothing is learned. */
  readonly conversation: Conversation | null
  /** Why there is a block or none; null if the device was not asked. */
  readonly reason: RewriteReason | null
  readonly silenced: readonly Silenced[]
  /** null if the body cannot be read. */
  readonly request: ReadRequest | null
  /** The suffix that the request goes out with. */
  readonly bound: Bound | null
  /** The body as the app sent it. */
  readonly original: Uint8Array
}

/** isCounted: for count_tokens. Fails with E_BODY if a `loreweave-…` header is wrong. */
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
  // The thread holds its own `system`, but its answers are still signed over the suffix.
  if (request.trace.continues !== undefined)
    return { ...untouched, reason: 'frozen', bound: knownSuffix(deps, request) }
  try {
    return await withSuffix(deps, request, control, untouched, isCounted)
  } catch (error) {
    reportFailure(deps, 'rewrite', error)
    return {
      ...under(untouched, request, knownSuffix(deps, request), 'late'),
      status: 'failed-open',
    }
  }
}

/** The request under this suffix. */
const under = (
  untouched: Plan,
  { place }: ReadRequest,
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

/**
 * A compressed body passes as it came, unless its conversation has a suffix: an app that compresses
 * only long bodies began the conversation with a plain one.
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
  const { conversation, trace } = request
  const { mode } = control
  const { isOnce, isLearned: mayLearn, barrier } = limitsOf(request, control.isCompared)
  const isLearned = mayLearn && mode !== 'off' && !isCounted
  if (!conversation || mode === 'off') {
    const bound = knownSuffix(deps, request)
    const why = bound ? 'frozen' : mode === 'off' ? 'off' : (barrier ?? 'unknown_history')
    return under(untouched, request, bound, why)
  }
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
  const plan: Plan = { ...under(untouched, request, bound, reason, block), silenced }
  if (!mayLearn) return plan
  const isOne = isOnce || isCounted || control.candidates === 1
  const count = isOne ? 1 : countFor(deps, request, control)
  const status = block !== null || count > 1 ? 'personalized' : 'identity'
  return { ...plan, status, count, decisionId, conversation: isCounted ? null : conversation }
}

/** The suffix that the conversation already has. Needs no model. */
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

/** now: the status if not the planned one. If there is no block, the header says why. */
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
