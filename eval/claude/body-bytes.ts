/**
 * The bytes of a request's body: counted, undone from their content coding, and refused where they
 * are too many.
 */
import { createHash } from 'node:crypto'
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib'
import type { Problem } from './errors.ts'

const MIB = 2 ** 20
/** The service's limits by path, in bytes. */
export const limitOf = (path: string): number =>
  path.startsWith('/v1/files') ? 500 * MIB : path === '/v1/messages/batches' ? 256 * MIB : 32 * MIB

/** bytes: as they came; null above what is kept (files). */
export type Arrived = {
  readonly bytes: Uint8Array | null
  readonly size: number
  readonly sha256: string
  readonly problem: Problem | undefined
}

const KEPT_BYTES = 256 * MIB

export const readBytes = async (request: Request): Promise<Arrived> => {
  const limit = limitOf(new URL(request.url).pathname)
  const hash = createHash('sha256')
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of request.body ?? []) {
    size += chunk.length
    hash.update(chunk)
    if (size <= Math.min(limit, KEPT_BYTES)) chunks.push(chunk)
    else chunks.length = 0
  }
  const isKept = size <= Math.min(limit, KEPT_BYTES)
  return {
    bytes: isKept ? Buffer.concat(chunks) : null,
    size,
    sha256: hash.digest('hex'),
    problem: size > limit ? TOO_LARGE : undefined,
  }
}

const TOO_LARGE: Problem = { status: 413, message: 'Request exceeds the maximum size' }

const CODINGS: Readonly<Record<string, (bytes: Uint8Array, limit: number) => Uint8Array>> = {
  identity: (bytes) => bytes,
  gzip: (bytes, maxOutputLength) => gunzipSync(bytes, { maxOutputLength }),
  deflate: (bytes, maxOutputLength) => inflateSync(bytes, { maxOutputLength }),
  br: (bytes, maxOutputLength) => brotliDecompressSync(bytes, { maxOutputLength }),
}

/** The JSON of a body, or why there is none. */
export const jsonOf = (
  bytes: Uint8Array,
  coding: string,
  limit: number,
): { readonly json: unknown; readonly problem?: never } | { readonly problem: Problem } => {
  const decode = CODINGS[coding.trim().toLowerCase()]
  if (!decode)
    return { problem: { status: 400, message: `content-encoding: ${coding} is not supported` } }
  try {
    return { json: JSON.parse(new TextDecoder().decode(decode(bytes, limit))) }
  } catch (error) {
    const isLong = (error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE'
    return {
      problem: isLong ? TOO_LARGE : { status: 400, message: 'The request body is not valid JSON' },
    }
  }
}
