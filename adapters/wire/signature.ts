/**
 * HTTP message signatures (RFC 9421) with Ed25519 and content digests (RFC 9530): the strict subset
 * that devices use.
 */
import { FedError } from '../errors.ts'
import { publicKeyOf, sign, verify } from '../node/ed25519.ts'
import { sha256, sha256Hex } from '../node/sha256.ts'
import { randomBytes } from '../random.ts'
import {
  readDigestField,
  readSignatureFields,
  type SignatureParams,
  TAG,
} from './signature-input.ts'

/** publicKey, secretKey: raw Ed25519 keys (32 bytes), base64url without padding. */
export type KeyPair = { readonly publicKey: string; readonly secretKey: string }

/**
 * What is signed of a request. header looks a name up in lower case. body: the exact bytes; or
 * whether there is one, for a check before it is read; absent when there is none.
 */
export type SignableRequest = {
  readonly method: string
  readonly url: string
  readonly header: (name: string) => string | null | undefined
  readonly body?: Uint8Array | true | undefined
}

export const newKeyPair = (): KeyPair => keyPairOf(randomBytes(32))

/** seed: 32 bytes, which are the secret key (RFC 8032 section 5.1.5). */
export const keyPairOf = (seed: Uint8Array): KeyPair => ({
  publicKey: toBase64Url(publicKeyOf(seed)),
  secretKey: toBase64Url(seed),
})

/**
 * The pseudonym a device is known by: the first 32 hexadecimal digits of SHA-256 over its raw
 * public key.
 */
export const deviceIdOf = (publicKey: string): string =>
  sha256Hex(fromBase64(publicKey)).slice(0, 32)

/**
 * Headers to add to a request: content-digest (with a body), signature-input, signature. nonce: 16
 * to 64 URL-safe characters.
 */
export const signRequest = (
  request: SignableRequest & { readonly body?: Uint8Array | undefined },
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
    `keyid="${key.keyId}";alg="ed25519";tag="${TAG}"`
  const base = signatureBase(components, raw, { ...request, header })
  const signature = sign(new TextEncoder().encode(base), fromBase64(key.secretKey))
  return {
    ...digest,
    'signature-input': `${TAG}=${raw}`,
    signature: `${TAG}=:${toBase64(signature)}:`,
  }
}

/**
 * Reads who claims to have signed, before the key is looked up. Fails with E_UNSIGNED or
 * E_SIGNATURE.
 */
export const readSignatureInput = ({ header }: SignableRequest): SignatureParams => {
  const [input, signature] = [header('signature-input'), header('signature')]
  if (!input || !signature)
    throw new FedError(
      'E_UNSIGNED',
      'the request needs signature-input and signature headers (RFC 9421)',
    )
  return readSignatureFields(input, signature)
}

/**
 * Checks the signature, and the digest where the body is known. Time and nonce are the caller's to
 * judge. Fails with E_SIGNATURE when a required component is not covered, the digest differs or the
 * signature is wrong.
 */
export const verifySignature = (
  request: SignableRequest,
  params: SignatureParams,
  publicKey: string,
): void => {
  const covered = new Set(params.components.flatMap((name) => [name, ...(MEANS[name] ?? [])]))
  const missing = requiredComponents(request).filter((name) => !covered.has(name))
  if (missing.length > 0)
    throw new FedError('E_SIGNATURE', `the signature does not cover ${missing.join(', ')}`)
  if (request.body instanceof Uint8Array)
    checkDigest('content-digest', request, sha256(request.body))
  const base = signatureBase(params.components, params.raw, request)
  if (!verify(params.bytes, new TextEncoder().encode(base), fromBase64(publicKey)))
    throw new FedError(
      'E_SIGNATURE',
      'the signature does not match the request and the key; does a proxy in between change the ' +
        'Host header or the path?',
    )
}

/** digest: SHA-256 of the bytes that came. Fails with E_SIGNATURE when the field names another. */
export const checkDigest = (
  name: 'content-digest' | 'repr-digest',
  { header }: Pick<SignableRequest, 'header'>,
  digest: Uint8Array,
): void => {
  const named = readDigestField(name, header(name) ?? '')
  if (!named.every((byte, i) => byte === digest[i]))
    throw new FedError('E_SIGNATURE', `${name} does not match the body`)
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
  const url = new URL(request.url)
  const lines = components.map((name) => `"${name}": ${componentValue(name, request, url)}`)
  return [...lines, `"@signature-params": ${rawParams}`].join('\n')
}

/** Derived components that say what others say too (RFC 9421 section 2.2). */
const MEANS: Readonly<Record<string, readonly string[]>> = {
  '@target-uri': ['@authority', '@path', '@query'],
  '@request-target': ['@path', '@query'],
}

const OPTIONAL_HEADERS = [
  'content-type',
  'upload-token',
  'upload-offset',
  'upload-complete',
  'repr-digest',
]

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

/** RFC 9421 section 2.2. */
const DERIVED: Readonly<Record<string, (url: URL, method: string) => string>> = {
  '@method': (_, method) => method.toUpperCase(),
  '@authority': (url) => url.host,
  '@path': (url) => url.pathname,
  '@query': (url) => url.search || '?',
  '@target-uri': (url) => url.href,
  '@scheme': (url) => url.protocol.slice(0, -1),
  '@request-target': (url) => url.pathname + url.search,
}

/** Section 2.2 for derived components, section 2.1 for fields. */
const componentValue = (name: string, { method, header }: SignableRequest, url: URL): string => {
  const derived = Object.hasOwn(DERIVED, name) ? DERIVED[name] : undefined
  if (derived) return derived(url, method)
  const value = name.startsWith('@') ? undefined : header(name)
  if (value === null || value === undefined)
    throw new FedError('E_SIGNATURE', `the signature covers ${name}, which the request lacks`)
  return value.trim()
}

const toBase64 = (bytes: Uint8Array): string => btoa(String.fromCharCode(...bytes))
const toBase64Url = (bytes: Uint8Array): string =>
  toBase64(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
const fromBase64 = (text: string): Uint8Array =>
  Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0))
