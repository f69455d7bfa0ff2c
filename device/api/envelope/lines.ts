/** NDJSON: progress and result of long work, and bodies of many parts. */

import { z } from 'zod'
import { LINES_TYPE } from '../../../adapters/api-reference/route.ts'
import { ERROR_CODES, FedError } from '../../../adapters/errors.ts'
import { parseAs } from '../../../adapters/parse.ts'
import type { Progress } from '../../home/progress.ts'

/** The last line is the result or the error. */
export const Line = z.union([
  z.strictObject({
    progress: z.strictObject({
      step: z.string().max(200),
      done: z.number().optional(),
      of: z.number().optional(),
      note: z.string().max(10_000).optional(),
    }),
  }),
  z.strictObject({ result: z.looseObject({}) }),
  z.strictObject({ error: z.strictObject({ code: z.enum(ERROR_CODES), message: z.string() }) }),
])
type Line = z.infer<typeof Line>

export type LongWork = {
  readonly onProgress: (progress: Progress) => void
  /** Aborts when the caller goes away. */
  readonly signal: AbortSignal
}

/** Beyond it, progress is dropped until the caller reads on. */
const MAX_UNREAD_LINES = 1000
/** Interval of empty lines, which show that paused work is still alive. */
const ALIVE_MS = 10_000

export const answerInLines = (
  request: Request,
  work: (long: LongWork) => Promise<object>,
  refusal: (error: unknown) => FedError,
): Response => {
  const abort = new AbortController()
  const stop = () => abort.abort()
  request.signal.addEventListener('abort', stop, { once: true })
  if (request.signal.aborted) stop()
  const encoder = new TextEncoder()
  const body = new ReadableStream<Uint8Array>(
    {
      async start(controller) {
        const say = (text: string) => {
          try {
            controller.enqueue(encoder.encode(`${text}\n`))
          } catch {
            // The caller is gone.
          }
        }
        const tell = (line: Line) => say(JSON.stringify(line))
        const alive = setInterval(() => say(''), ALIVE_MS)
        const onProgress = (progress: Progress) => {
          if ((controller.desiredSize ?? 0) > 0) tell({ progress })
        }
        try {
          tell({ result: { ...(await work({ onProgress, signal: abort.signal })) } })
        } catch (error) {
          const { code, message } = refusal(error)
          tell({ error: { code, message } })
        } finally {
          clearInterval(alive)
          request.signal.removeEventListener('abort', stop)
          if (!abort.signal.aborted) controller.close()
          else closeQuietly(controller)
        }
      },
      cancel: stop,
    },
    { highWaterMark: MAX_UNREAD_LINES },
  )
  return new Response(body, {
    headers: { 'content-type': LINES_TYPE, 'cache-control': 'no-store' },
  })
}

const closeQuietly = (controller: ReadableStreamDefaultController): void => {
  try {
    controller.close()
  } catch {
    // It was cancelled.
  }
}

/** Yields lines as they arrive, and skips empty ones. Fails with E_TOO_LARGE. */
export async function* linesOf(
  body: ReadableStream<Uint8Array> | null,
  maxBytes = MAX_LINE_BYTES,
): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let parts: string[] = []
  let size = 0
  for await (const chunk of body ?? []) {
    const pieces = decoder.decode(chunk, { stream: true }).split('\n')
    for (const [i, piece] of pieces.entries()) {
      if (i > 0) {
        const line = parts.join('')
        if (line.trim() !== '') yield line
        parts = []
        size = 0
      }
      size += piece.length
      if (size > maxBytes)
        throw new FedError('E_TOO_LARGE', `a line must be at most ${maxBytes} bytes`)
      parts.push(piece)
    }
  }
  const last = parts.join('') + decoder.decode()
  if (last.trim() !== '') yield last
}
const MAX_LINE_BYTES = 64 * 2 ** 20

/** Fails with E_BODY, naming the line and the field. */
export const readBodyLines = async <S extends z.ZodType>(
  request: Request,
  schema: S,
): Promise<z.output<S>[]> => {
  const read: z.output<S>[] = []
  for await (const line of linesOf(request.body)) {
    const number = `line ${read.length + 1}: `
    read.push(parseAs(schema, parseLine(line), 'E_BODY', number, 'line', 'code'))
  }
  return read
}

const parseLine = (line: string): unknown => {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
