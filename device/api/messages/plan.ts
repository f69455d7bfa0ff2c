/** What is sent to Claude for a request, and how often. Whatever fails here, the request goes on as the app wrote it. */
import type { RequestMode } from '../../../adapters/wire/personalization.ts'
import type { Conversation } from '../../agent/types.ts'
import { decisionHeader } from '../forward.ts'
import { ONE_CANDIDATE, type ReadRequest, readRequest } from './body.ts'
import { type Control, readControl } from './control.ts'
import { type MessagesDeps, reportFailure, type Status, settingsOf, within } from './deps.ts'
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
  /** null where the request goes through untouched. */
  readonly conversation: Conversation | null
}

/** bytes: of the request's body. Fails with E_BODY where a header of the device's own is wrong. */
export const planRequest = async (
  deps: MessagesDeps,
  headers: Headers,
  bytes: Uint8Array,
): Promise<Plan> => {
  const control = readControl(headers, settingsOf(deps).compareStreams)
  const { isStream, model, read } = readRequest(bytes)
  const untouched = {
    status: 'passed-through' as const,
    body: bytes,
    count: 1,
    isStream,
    mode: control.mode,
    model,
    decisionId: null,
    conversation: null,
  }
  if (!read || control.mode === 'off') return untouched
  const { conversation } = read
  const { mode } = control
  try {
    const { decisionId, block } = await within(settingsOf(deps).deadlineMs, (signal) =>
      deps.device.rewrite(conversation, { mode, signal }),
    )
    const count = countFor(deps, read, control)
    return {
      ...untouched,
      status: block !== null || count > 1 ? 'personalized' : 'identity',
      body: block === null ? bytes : withBlock(read.place, block),
      count,
      decisionId,
      conversation,
    }
  } catch (error) {
    reportFailure(deps, 'rewrite', error)
    return { ...untouched, status: 'failed-open' }
  }
}

const countFor = (deps: MessagesDeps, { body, size }: ReadRequest, control: Control): number =>
  Object.values(ONE_CANDIDATE(control.isCompared)).some((is) => is(body))
    ? 1
    : Math.min(control.candidates, deps.device.planCandidates(size).count)

/** The body whose tokens are to be counted: as it would be sent, nothing being kept. */
export const previewBody = async (
  deps: MessagesDeps,
  headers: Headers,
  bytes: Uint8Array,
): Promise<Pick<Plan, 'status' | 'body' | 'mode'>> => {
  const { mode } = readControl(headers, false)
  const { read } = readRequest(bytes)
  if (!read || mode === 'off') return { status: 'passed-through', body: bytes, mode }
  try {
    const { block } = await within(settingsOf(deps).deadlineMs, (signal) =>
      deps.device.preview(read.conversation, { signal }),
    )
    return block === null
      ? { status: 'identity', body: bytes, mode }
      : { status: 'personalized', body: withBlock(read.place, block), mode }
  } catch (error) {
    reportFailure(deps, 'preview', error)
    return { status: 'failed-open', body: bytes, mode }
  }
}

export const headersOf = (
  { status, decisionId }: Pick<Plan, 'status' | 'decisionId'>,
  now: Status = status,
): Record<string, string> => ({ 'loreweave-status': now, ...decisionHeader(decisionId) })
