/** Opens, records and reads Claude's answers. */
import { FedError } from '../../../adapters/errors.ts'
import { cryptoRng } from '../../../adapters/random.ts'
import { timerSleep } from '../../http/sleep.ts'
import { NOT_AGAIN } from '../envelope/errors.ts'
import { retryBudget, sendWithRetries, wasNeverSent } from '../upstream/retry.ts'
import { type ReadAnswer, readMessage } from './answer.ts'
import { type MessagesDeps, settingsOf } from './deps.ts'
import { underOtherSuffix } from './mismatch.ts'
import type { Plan } from './plan.ts'

/** The bytes of an answer's body. lost: why the body is incomplete; null if it is complete. */
export type Recorded = {
  readonly chunks: readonly Uint8Array[]
  readonly lost: { readonly cause: unknown } | null
}

/**
 * If the device has used up its own retries, the response tells the SDK not to retry. Fails as the
 * last attempt does.
 */
export const openAnswer = async (
  deps: MessagesDeps,
  request: Request,
  plan: Plan,
  signal: AbortSignal = request.signal,
): Promise<Response> => {
  const first = await openOnce(deps, request, plan, signal)
  return underOtherSuffix(deps, plan, first, (body) =>
    openOnce(deps, request, { ...plan, body }, signal),
  )
}

const openOnce = async (
  deps: MessagesDeps,
  request: Request,
  plan: Plan,
  signal: AbortSignal,
): Promise<Response> => {
  const { clock, sleep = timerSleep, random = cryptoRng().uniform } = deps
  const budget = retryBudget(request.headers, settingsOf(deps).retries, clock())
  const { response, isGivenUp } = await sendWithRetries(
    { clock, sleep, random },
    budget,
    signal,
    () => sendOnce(deps, request, plan, signal),
  )
  if (!isGivenUp) return response
  const headers = new Headers({ ...Object.fromEntries(response.headers), ...NOT_AGAIN })
  const { status, statusText, body } = response
  return new Response(body, { status, statusText, headers })
}

const sendOnce = (
  deps: MessagesDeps,
  request: Request,
  { body, mode }: Plan,
  signal: AbortSignal,
): Promise<Response> =>
  deps.upstream.send(request, body, { signal, isIncognito: mode === 'incognito' })

/** Asks for a further answer, once. null if none was made; fails if one may have been made. */
export const openFurther = async (
  deps: MessagesDeps,
  request: Request,
  plan: Plan,
  signal: AbortSignal,
): Promise<Response | null> => {
  const response = await sendOnce(deps, request, plan, signal).catch((error: unknown) => {
    if (wasNeverSent(error)) return null
    throw error
  })
  if (response?.ok) return response
  response?.body?.cancel().catch(() => {})
  return null
}

export const recordBody = async (
  response: Response,
  onChunk: (chunk: Uint8Array) => void = () => {},
): Promise<Recorded> => {
  const chunks: Uint8Array[] = []
  try {
    for await (const chunk of response.body ?? []) {
      chunks.push(chunk)
      onChunk(chunk)
    }
    return { chunks, lost: null }
  } catch (cause) {
    return { chunks, lost: { cause } }
  }
}

/** The recorded body; it breaks off where the original did. */
export const replay = ({ chunks, lost }: Recorded): ReadableStream<Uint8Array> | Uint8Array => {
  if (!lost) return Buffer.concat(chunks)
  async function* again() {
    yield* chunks
    throw lost?.cause
  }
  return streamOf(again())
}

/** An error surfaces after all bytes before it have been read. */
export const streamOf = (
  bytes: AsyncIterator<Uint8Array>,
  onCancel: () => void = () => {},
): ReadableStream<Uint8Array> =>
  new ReadableStream({
    async pull(controller) {
      const { done, value } = await bytes.next()
      if (done) controller.close()
      else controller.enqueue(value)
    },
    cancel: onCancel,
  })

export type WholeAnswer = {
  readonly response: Response
  readonly recorded: Recorded
  readonly answer: ReadAnswer | null
}

/** begin: called at the first bytes of a successful answer. */
export const readWhole = async (
  response: Response,
  begin: () => void = () => {},
): Promise<WholeAnswer> => {
  const recorded = await recordBody(response, response.ok ? begin : undefined)
  const isRead = response.ok && !recorded.lost
  return { response, recorded, answer: isRead ? readMessage(Buffer.concat(recorded.chunks)) : null }
}

/** Returns the answer. Fails if it cannot be read, because its cost is then unknown. */
export const readable = <T extends { readonly answer: ReadAnswer | null }>(one: T): T => {
  if (one.answer) return one
  throw new FedError('E_UPSTREAM', 'a further answer cannot be read')
}
