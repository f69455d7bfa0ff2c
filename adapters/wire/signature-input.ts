/**
 * The header fields of a signed request (RFC 9421 section 4) and of a content digest (RFC 9530), as
 * any library may write them: structured fields (RFC 9651).
 */
import {
  type BareItem,
  type Dictionary,
  type InnerList,
  type Item,
  isInnerList,
  parseDictionary,
  serializeInnerList,
} from 'structured-headers'
import { FedError } from '../errors.ts'

/** The signature of a request that is meant for this service. */
export type SignatureParams = {
  readonly components: readonly string[]
  readonly createdMs: number
  /** When the signer wants it to end; null: never. */
  readonly expiresMs: number | null
  readonly nonce: string
  readonly keyId: string
  /** The signature itself. */
  readonly bytes: Uint8Array
  /**
   * The parameters in their canonical form: the last line of the signature base (RFC 9421 sections
   * 2.3 and 2.5).
   */
  readonly raw: string
}

/** Marks the signature that is meant for this service, among all of a request. */
export const TAG = 'loreweave'

const MAX_COMPONENTS = 32

/**
 * input, signature: the two header fields. Their parameters may come in any order, beside others and
 * beside signatures for others. Fails with E_SIGNATURE, which says what is wrong.
 */
export const readSignatureFields = (input: string, signature: string): SignatureParams => {
  const inputs = [...dictionary('signature-input', input)].filter(isTagged)
  const [found] = inputs
  if (!found || inputs.length > 1)
    throw bad(`expected one signature with tag="${TAG}" in signature-input, got ${inputs.length}`)
  const [label, list] = found
  const bytes = dictionary('signature', signature).get(label)?.[0]
  if (!(bytes instanceof ArrayBuffer))
    throw bad(`the field signature has no bytes for ${label.slice(0, 40)}`)
  return { ...paramsOf(list), components: componentsOf(list), bytes: new Uint8Array(bytes) }
}

/** The SHA-256 that a content-digest or repr-digest field names. Fails with E_SIGNATURE. */
export const readDigestField = (name: string, field: string): Uint8Array => {
  const digest = dictionary(name, field).get('sha-256')?.[0]
  if (!(digest instanceof ArrayBuffer) || digest.byteLength !== 32)
    throw bad(`${name} names no sha-256`)
  return new Uint8Array(digest)
}

const paramsOf = (list: InnerList) => {
  const [, params] = list
  const alg = params.get('alg')
  if (alg !== undefined && alg !== 'ed25519') throw bad('expected the algorithm ed25519')
  return {
    createdMs: 1000 * required('created', params.get('created'), isTime),
    expiresMs: params.has('expires')
      ? 1000 * required('expires', params.get('expires'), isTime)
      : null,
    nonce: required('nonce', params.get('nonce'), isNonce),
    keyId: required('keyid', params.get('keyid'), isKeyId),
    raw: serializeInnerList(list),
  }
}

/** Fails where a component has parameters: none of them is used between devices and servers. */
const componentsOf = ([items]: InnerList): string[] => {
  const names = items.map(([name, params]) => {
    if (typeof name !== 'string' || !/^@?[a-z0-9_.-]{1,64}$/.test(name))
      throw bad('a covered component is not a name in lower case')
    if (params.size > 0)
      throw bad(`"${name.slice(0, 40)}" is covered with parameters, which are not accepted`)
    return name
  })
  if (new Set(names).size < names.length) throw bad('a component is covered twice')
  if (names.length > MAX_COMPONENTS)
    throw bad(`expected at most ${MAX_COMPONENTS} covered components, got ${names.length}`)
  return names
}

const isTagged = (member: [string, Item | InnerList]): member is [string, InnerList] =>
  isInnerList(member[1]) && member[1][1].get('tag') === TAG

const isTime = (value: BareItem): value is number =>
  Number.isInteger(value) && Number(value) >= 0 && Number(value) < 1e12
const isNonce = (value: BareItem): value is string =>
  typeof value === 'string' && value.length >= 16 && value.length <= 128
const isKeyId = (value: BareItem): value is string =>
  typeof value === 'string' && /^[A-Za-z0-9_-]{1,64}$/.test(value)

const required = <T extends BareItem>(
  name: string,
  value: BareItem | undefined,
  isValid: (value: BareItem) => value is T,
): T => {
  if (value !== undefined && isValid(value)) return value
  throw bad(`signature-input has no valid ${name}: ${EXPECTED}`)
}

const EXPECTED =
  'expected created (seconds since 1970), keyid (the id of the device), nonce (16 to 128 ' +
  `characters) and tag="${TAG}"`

const dictionary = (name: string, field: string): Dictionary => {
  try {
    return parseDictionary(field)
  } catch (cause) {
    throw bad(`${name} is not a structured field (RFC 9651)`, cause)
  }
}

const bad = (message: string, cause?: unknown) => new FedError('E_SIGNATURE', message, { cause })
