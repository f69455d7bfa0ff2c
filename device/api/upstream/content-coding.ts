/** Content codings (RFC 9110 section 8.4), undone where the device reads an answer or a request. */
import { Duplex } from 'node:stream'
import {
  brotliCompressSync,
  brotliDecompressSync,
  constants,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  deflateSync,
  gunzipSync,
  gzipSync,
  inflateSync,
} from 'node:zlib'

/** Flushes every chunk, so that a stream stays a stream. */
const ZLIB = { flush: constants.Z_SYNC_FLUSH, finishFlush: constants.Z_SYNC_FLUSH }
const BROTLI = {
  flush: constants.BROTLI_OPERATION_FLUSH,
  finishFlush: constants.BROTLI_OPERATION_FLUSH,
}
const DECODERS: Readonly<Record<string, () => Duplex>> = {
  gzip: () => createGunzip(ZLIB),
  'x-gzip': () => createGunzip(ZLIB),
  deflate: () => createInflate(ZLIB),
  br: () => createBrotliDecompress(BROTLI),
}

/** Outermost first. */
const codingsOf = (headers: Headers): string[] =>
  (headers.get('content-encoding') ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '' && name !== 'identity')
    .reverse()

/** Undoes the codings of the body; one with an unknown coding stays as it is. */
export const decoded = (response: Response): Response => {
  const codings = codingsOf(response.headers)
  const decoders = codings.flatMap((name) => DECODERS[name] ?? [])
  if (!response.body || codings.length === 0 || decoders.length < codings.length) return response
  const body = decoders.reduce(
    (stream, open) => stream.pipeThrough(Duplex.toWeb(open()) as TransformStream),
    response.body,
  )
  const { status, statusText } = response
  const headers = new Headers(response.headers)
  headers.delete('content-encoding')
  headers.delete('content-length')
  return new Response(body, { status, statusText, headers })
}

type Codec = {
  readonly decode: (bytes: Uint8Array, options: { maxOutputLength: number }) => Uint8Array
  readonly encode: (bytes: Uint8Array) => Uint8Array
}
const GZIP: Codec = { decode: gunzipSync, encode: gzipSync }
const CODECS: Readonly<Record<string, Codec>> = {
  gzip: GZIP,
  'x-gzip': GZIP,
  deflate: { decode: inflateSync, encode: deflateSync },
  br: { decode: brotliDecompressSync, encode: brotliCompressSync },
}

/**
 * The plain body, and a function that applies the same coding. null if the body has no coding or an
 * unknown one, or would exceed maxBytes.
 */
export const withoutCoding = (
  headers: Headers,
  bytes: Uint8Array,
  maxBytes: number,
): { readonly plain: Uint8Array; readonly encode: Codec['encode'] } | null => {
  const [coding = '', ...more] = codingsOf(headers)
  const codec = CODECS[coding]
  if (!codec || more.length > 0) return null
  try {
    return { plain: codec.decode(bytes, { maxOutputLength: maxBytes }), encode: codec.encode }
  } catch {
    return null
  }
}
