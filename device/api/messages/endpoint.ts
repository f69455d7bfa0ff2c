/**
 * POST /v1/messages and count_tokens: personalizes an app whose SDK has this device as its base
 * URL. If anything fails here, the request still goes to Claude as the app wrote it, and the answer
 * comes back as Claude wrote it.
 */
import { passOn } from '../upstream/forward.ts'
import { chooseAnswer, noteAnswer, recordAnswer } from './choose.ts'
import { compareStreams } from './compared.ts'
import { gatherAnswers } from './copies.ts'
import { type LogAnswer, type MessagesDeps, reportFailure, settingsOf } from './deps.ts'
import { openAnswer, openFurther, readable, readWhole, replay } from './fetching.ts'
import { headersOf, type Plan, planRequest } from './plan.ts'
import { rememberAnswer, rememberStream } from './remember.ts'
import { observeStream } from './stream-observer.ts'
import { totalUsage } from './usage.ts'

/** body: the exact bytes of the caller's request. */
export const answerMessages = async (
  deps: MessagesDeps,
  request: Request,
  body: Uint8Array,
): Promise<Response> => {
  const begun = deps.clock()
  const plan = await planRequest(deps, request.headers, body)
  noticePerson(deps, plan)
  const answered: LogAnswer = (event) =>
    deps.log?.({ what: 'answered', ms: deps.clock() - begun, ...event })
  if (plan.isStream && plan.count > 1) return compareStreams(deps, request, plan, answered)
  if (plan.isStream || !plan.request) return passAnswer(deps, request, plan, answered)
  return bestAnswer(deps, request, plan, answered)
}

/** Ignores requests that are off or incognito, and those of Claude Code. */
const noticePerson = (deps: MessagesDeps, { request, mode, reason }: Plan): void => {
  const { user_id: userId } = Object(request?.body['metadata']) as { user_id?: unknown }
  if (typeof userId !== 'string' || mode === 'off' || mode === 'incognito') return
  if (reason === 'attribution') return
  try {
    deps.people?.notice(userId)
  } catch (error) {
    reportFailure(deps, 'people', error)
  }
}

/** Counts the request as it would be sent, with its block. */
export const countTokens = async (
  deps: MessagesDeps,
  request: Request,
  body: Uint8Array,
): Promise<Response> => {
  const plan = await planRequest(deps, request.headers, body, { isCounted: true })
  const response = await openAnswer(deps, request, plan)
  return passOn(response, response.body, headersOf(plan))
}

/** Reads a stream as it passes; the answer to an unreadable request passes unread. */
const passAnswer = async (
  deps: MessagesDeps,
  request: Request,
  plan: Plan,
  answered: LogAnswer,
): Promise<Response> => {
  const response = await openAnswer(deps, request, plan)
  const { status, isStream } = plan
  const http = response.status
  if (!isStream || !response.body || !response.ok) {
    answered({ status, http })
    return passOn(response, response.body, headersOf(plan))
  }
  const stream = observeStream(rememberStream(deps, plan, response.body), (answer) => {
    recordAnswer(deps, plan, answer)
    noteAnswer(deps, plan, answer)
    answered({ status, http, ...totalUsage(plan.model, [answer.usage], settingsOf(deps).prices) })
  })
  return passOn(response, stream, headersOf(plan))
}

const bestAnswer = async (
  deps: MessagesDeps,
  request: Request,
  plan: Plan,
  answered: LogAnswer,
): Promise<Response> => {
  const gathered = await gatherAnswers(deps, request, plan, {
    first: async (begin, giveUp) => {
      const signal = AbortSignal.any([request.signal, giveUp])
      return readWhole(await openAnswer(deps, request, plan, signal), begin)
    },
    further: async (signal) => {
      const response = await openFurther(deps, request, plan, signal)
      return response && readable(await readWhole(response))
    },
  })
  const { winner, status, usage } = await chooseAnswer(deps, plan, gathered)
  const { response, recorded } = winner
  if (response.ok) rememberAnswer(deps, plan, recorded.chunks)
  answered({ status, http: response.status, ...usage })
  return passOn(response, replay(recorded), {
    ...headersOf(plan, status),
    ...(usage.candidates > 0 && { 'loreweave-usage': JSON.stringify(usage) }),
  })
}
