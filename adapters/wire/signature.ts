/**
 * HTTP message signatures (RFC 9421) with Ed25519 and content digests (RFC 9530): the strict subset
 * that devices use.
 */
import { ed25519 } from '@noble/curves/ed25519.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import { FedError } from '../errors.ts'
import { sha256 } from '../node/sha256.ts'

/** publicKey, secretKey: raw Ed25519 keys (32 bytes), base64url without padding. */
export type KeyPair = { readonly publicKey: string; readonly secretKey: string }

/**
 * What is signed of a request. header looks a name up in lower case; body is the exact bytes,
 * absent when there are none.
 */
export type SignableRequest = {
  readonly method: string
  readonly url: string
  readonly header: (name: string) => string | null | undefined
  readonly body?: Uint8Array | undefined
}

export type SignatureParams = {
  readonly components: readonly string[]
  readonly createdMs: number
  readonly nonce: string
  readonly keyId: string
  /**
   * The parameters exactly as sent: they are the last line of the signature base (RFC 9421 section
   * 2.5).
   */
  readonly raw: string
}

const LABEL = 'loreweave'

export const newKeyPair = (): KeyPair => {
  const { publicKey, secretKey } = ed25519.keygen()
  return { publicKey: toBase64Url(publicKey), secretKey: toBase64Url(secretKey) }
}

/**
 * The pseudonym a device is known by: the first 32 hexadecimal digits of SHA-256 over its raw
 * public key.
 */
export const deviceIdOf = (publicKey: string): string =>
  bytesToHex(sha256(fromBase64(publicKey))).slice(0, 32)

/**
 * Headers to add to a request: content-digest (with a body), signature-input, signature. nonce: 16
 * to 64 URL-safe characters.
 */
export const signRequest = (
  request: SignableRequest,
  key: { readonly keyId: string; readonly secretKey: string },
  { nowMs, nonce }: { readonly nowMs: number; readonly nonce: string },
): Record<string, string> => {
  const digest = request.body && { 'content-digest': contentDigest(request.body) }
  const header = (name: string) =>
    name === 'content-digest' ? digest?.[name] : request.header(name)
  const components = requiredComponents({ ...request, header })
  const list = components.map((c) => `"${c}"`).join(' ')
  const raw =
    `(${list});created=${Math.floor(nowMs / 1000)};nonce="${nonce}";` +
    `keyid="${key.keyId}";alg="ed25519";tag="${LABEL}"`
  const base = signatureBase(components, raw, { ...request, header })
  const signature = ed25519.sign(new TextEncoder().encode(base), fromBase64(key.secretKey))
  return {
    ...digest,
    'signature-input': `${LABEL}=${raw}`,
    signature: `${LABEL}=:${toBase64(signature)}:`,
  }
}

/**
 * Reads who claims to have signed, before the key is looked up. Fails with E_UNSIGNED or
 * E_SIGNATURE.
 */
export const readSignatureInput = (request: SignableRequest): SignatureParams => {
  const input = request.header('signature-input')
  if (!input || !request.header('signature'))
    throw new FedError(
      'E_UNSIGNED',
      'the request needs signature-input and signature headers (RFC 9421)',
    )
  const match = INPUT.exec(input)
  if (!match)
    throw new FedError(
      'E_SIGNATURE',
      'signature-input is not of the form that this service accepts',
    )
  const [, raw, list, created, nonce, keyId] = match
  const components = [...list!.matchAll(/"([^"]+)"/g)].map((m) => m[1]!)
  return { components, createdMs: Number(created) * 1000, nonce: nonce!, keyId: keyId!, raw: raw! }
}

/**
 * Checks digest and signature over the exact bytes. Time and nonce are the caller's to judge. Fails
 * with E_SIGNATURE when a required component is not covered, the digest differs or the signature is
 * wrong.
 */
export const verifySignature = (
  request: SignableRequest,
  params: SignatureParams,
  publicKey: string,
): void => {
  const missing = requiredComponents(request).filter((c) => !params.components.includes(c))
  if (missing.length > 0)
    throw new FedError('E_SIGNATURE', `the signature does not cover ${missing.join(', ')}`)
  if (request.body && request.header('content-digest') !== contentDigest(request.body))
    throw new FedError('E_SIGNATURE', 'content-digest does not match the body')
  const signature = new RegExp(`^${LABEL}=:([A-Za-z0-9+/]{86}==):$`).exec(
    request.header('signature') ?? '',
  )
  const base = signatureBase(params.components, params.raw, request)
  const isValid =
    signature !== null &&
    verifyEd25519(fromBase64(signature[1]!), new TextEncoder().encode(base), publicKey)
  if (!isValid)
    throw new FedError('E_SIGNATURE', 'the signature does not match the request and the key')
}

/** RFC 9530: `sha-256=:…:` over the bytes. */
export const contentDigest = (body: Uint8Array): string => `sha-256=:${toBase64(sha256(body))}:`

/**
 * RFC 9421 section 2.5: one line a component, the parameters last. Fails with E_SIGNATURE where a
 * component has no value.
 */
export const signatureBase = (
  components: readonly string[],
  rawParams: string,
  request: SignableRequest,
): string => {
  const lines = components.map((name) => `"${name}": ${componentValue(name, request)}`)
  return [...lines, `"@signature-params": ${rawParams}`].join('\n')
}

const INPUT = new RegExp(
  String.raw`^loreweave=(\(("[a-z@-]+"(?: "[a-z@-]+"){2,15})\);created=(\d{1,12})` +
    ';nonce="([A-Za-z0-9_-]{16,64})";keyid="([A-Za-z0-9_-]{1,64})"' +
    ';alg="ed25519";tag="loreweave")$',
)

const OPTIONAL_HEADERS = ['content-type', 'upload-token']

/**
 * Everything that could change a request's meaning: derived parts always, digest with a body, these
 * headers where present.
 */
const requiredComponents = (request: SignableRequest): string[] => [
  '@method',
  '@authority',
  '@path',
  '@query',
  ...(request.body ? ['content-digest'] : []),
  ...OPTIONAL_HEADERS.filter((name) => request.header(name)),
]

/** RFC 9421 section 2.2 for derived components, section 2.1 for fields. */
const componentValue = (name: string, request: SignableRequest): string => {
  const url = new URL(request.url)
  switch (name) {
    case '@method':
      return request.method.toUpperCase()
    case '@authority':
      return url.host
    case '@path':
      return url.pathname
    case '@query':
      return url.search || '?'
  }
  const value = request.header(name)
  if (value === null || value === undefined)
    throw new FedError('E_SIGNATURE', `the signature covers ${name}, which the request lacks`)
  return value.trim()
}

const verifyEd25519 = (signature: Uint8Array, message: Uint8Array, publicKey: string): boolean => {
  try {
    return ed25519.verify(signature, message, fromBase64(publicKey))
  } catch {
    return false
  }
}

const toBase64 = (bytes: Uint8Array): string => btoa(String.fromCharCode(...bytes))
const toBase64Url = (bytes: Uint8Array): string =>
  toBase64(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
const fromBase64 = (text: string): Uint8Array =>
  Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0))
