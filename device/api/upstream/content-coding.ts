/**
 * RFC 9110 section 8.4: content codings, undone where the device has to read an answer or a request.
 */
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

/** Each hands on what it has as soon as it has it, so that a stream stays a stream. */
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

/** The codings of a body, the outermost first. */
const codingsOf = (headers: Headers): string[] =>
  (headers.get('content-encoding') ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '' && name !== 'identity')
    .reverse()

/** Without its coding, or as it is where there is none or one that is not known. */
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
  readonly decode: (bytes: Uint8Array, most: { maxOutputLength: number }) => Uint8Array
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
 * A body as it was before its coding, and how another one is put under the same. null where it has
 * none, or not one that is known, or would be larger than maxBytes.
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
