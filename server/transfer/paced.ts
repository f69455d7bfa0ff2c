/** Bodies as they arrive, up to a length, from senders that keep up a pace. */
import { FedError } from '../../adapters/errors.ts'

export type Body = ReadableStream<Uint8Array> | null

/** A sender brings this many bytes in this time, or the rest, or it is cut off. */
export type SenderPace = { readonly bytes: number; readonly withinMs: number }

export type BodyLimits = {
  readonly maxBytes: number
  readonly pace: SenderPace
  /** Ends the reading with its reason. */
  readonly signal?: AbortSignal
}

/** Fails with E_TOO_LARGE, E_TOO_SLOW. */
export const readBody = async (body: Body, limits: BodyLimits): Promise<Uint8Array> => {
  const chunks: Uint8Array[] = []
  for await (const chunk of bodyChunks(body, limits)) chunks.push(chunk)
  return new Uint8Array(Buffer.concat(chunks))
}

/** A whole body in the time of one step of the pace. Fails with E_TOO_SLOW. */
export const inTime = async <T>(body: Promise<T>, pace: SenderPace): Promise<T> => {
  const clock = stopwatch(pace, undefined)
  try {
    return await Promise.race([body, clock.ended])
  } finally {
    clock.stop()
  }
}

/** Fails with E_TOO_LARGE, E_TOO_SLOW. The body is given up when the reader stops early. */
export async function* bodyChunks(
  body: Body,
  { maxBytes, pace, signal }: BodyLimits,
): AsyncGenerator<Uint8Array> {
  const reader = body?.getReader()
  if (!reader) return
  const clock = stopwatch(pace, signal)
  try {
    for (let seen = 0; ; ) {
      const next = await Promise.race([reader.read(), clock.ended])
      if (next.done) return
      seen += next.value.length
      if (seen > maxBytes) throw tooLarge(maxBytes)
      clock.seen(seen)
      yield next.value
    }
  } finally {
    clock.stop()
    await reader.cancel().catch(() => {})
  }
}

export const tooLarge = (maxBytes: number): FedError =>
  new FedError('E_TOO_LARGE', `expected a body of at most ${maxBytes} bytes, got more`)

/** ended: rejects when the pace is not kept, or when the signal says so. */
const stopwatch = ({ bytes, withinMs }: SenderPace, signal: AbortSignal | undefined) => {
  let fail = (_: unknown): void => {}
  const ended = new Promise<never>((_, reject) => {
    fail = reject
  })
  // Nobody waits for it once the body has come.
  ended.catch(() => {})
  const onAbort = () => fail(signal?.reason)
  signal?.addEventListener('abort', onAbort)
  if (signal?.aborted) onAbort()
  const isSlow = () =>
    fail(
      new FedError('E_TOO_SLOW', `expected ${bytes} bytes within ${withinMs / 1000} s, got fewer`),
    )
  let timer = setTimeout(isSlow, withinMs)
  let paid = 0
  return {
    ended,
    seen(total: number) {
      if (total - paid < bytes) return
      paid = total
      clearTimeout(timer)
      timer = setTimeout(isSlow, withinMs)
    },
    stop() {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
    },
  }
}
