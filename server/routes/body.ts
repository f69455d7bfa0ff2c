/** Reads a request's body under a limit, and JSON through its schema; every refusal is a FedError. */
import type { z } from 'zod'
import { FedError } from '../../adapters/errors.ts'
import { PROTOCOL_VERSION } from '../../adapters/wire/primitives.ts'

/** Counts what comes, so a missing or false Content-Length makes no difference. Fails with E_TOO_LARGE. */
export const readBody = async (request: Request, limitBytes: number): Promise<Uint8Array> => {
  if (Number(request.headers.get('content-length') ?? 0) > limitBytes) throw tooLarge(limitBytes)
  if (!request.body) return new Uint8Array()
  const chunks: Uint8Array[] = []
  let size = 0
  const reader = request.body.getReader()
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    size += next.value.length
    if (size > limitBytes) {
      await reader.cancel().catch(() => {})
      throw tooLarge(limitBytes)
    }
    chunks.push(next.value)
  }
  const bytes = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return bytes
}

/**
 * Fails with E_BODY (not JSON, or not the schema; names the field, never its value), and with E_PROTOCOL for another
 * version even where other fields would fail: they may have changed their meaning.
 */
export const parseBody = <Schema extends z.ZodType>(
  bytes: Uint8Array,
  schema: Schema,
): z.output<Schema> => {
  let json: unknown
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw new FedError('E_BODY', 'expected JSON in UTF-8', { cause })
  }
  const protocol = (json as { protocol?: unknown } | null)?.protocol
  if (typeof protocol === 'number' && protocol !== PROTOCOL_VERSION)
    throw new FedError('E_PROTOCOL', `expected protocol ${PROTOCOL_VERSION}, got ${protocol}`)
  const result = schema.safeParse(json)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  const path = issue?.path.join('.').slice(0, 100) || 'body'
  throw new FedError('E_BODY', `${path}: ${(issue?.message ?? 'is not valid').slice(0, 300)}`)
}

const tooLarge = (limitBytes: number) =>
  new FedError('E_TOO_LARGE', `expected a body of at most ${limitBytes} bytes, got more`)
