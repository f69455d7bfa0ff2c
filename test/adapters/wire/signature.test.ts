import { ed25519 } from '@noble/curves/ed25519.js'
import { describe, expect, test } from 'vitest'
import {
  contentDigest,
  deviceIdOf,
  newKeyPair,
  readSignatureInput,
  type SignableRequest,
  signatureBase,
  signRequest,
  verifySignature,
} from '../../../adapters/wire/signature.ts'

const NOW = 1_700_000_000_000
const NONCE = 'abcdefghijklmnop'
const keys = newKeyPair()
const keyId = deviceIdOf(keys.publicKey)

const request = (
  headers: Record<string, string> = {},
  body?: string,
  url = 'http://127.0.0.1:8787/v1/checkin?x=1',
): SignableRequest => ({
  method: 'POST',
  url,
  header: (name) => headers[name],
  body: body === undefined ? undefined : new TextEncoder().encode(body),
})

const signed = (headers: Record<string, string>, body?: string) => ({
  ...headers,
  ...signRequest(
    request(headers, body),
    { keyId, secretKey: keys.secretKey },
    { nowMs: NOW, nonce: NONCE },
  ),
})

const verify = (headers: Record<string, string>, body?: string, url?: string) => {
  const received = request(headers, body, url)
  const params = readSignatureInput(received)
  verifySignature(received, params, keys.publicKey)
  return params
}

describe('RFC 9421', () => {
  // Appendix B.2.6, Signing a Request Using ed25519, key B.1.4.
  test('the signature base of the published example verifies with the published key and signature', () => {
    const headers: Record<string, string> = {
      date: 'Tue, 20 Apr 2021 02:07:55 GMT',
      'content-type': 'application/json',
      'content-length': '18',
    }
    const base = signatureBase(
      ['date', '@method', '@path', '@authority', 'content-type', 'content-length'],
      '("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519"',
      {
        method: 'POST',
        url: 'https://example.com/foo?param=Value&Pet=dog',
        header: (n) => headers[n],
      },
    )
    const bytes = (b64: string) => Uint8Array.from(Buffer.from(b64, 'base64'))
    const signature = bytes(
      'wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==',
    )
    const publicKey = bytes('JrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=')
    expect(ed25519.verify(signature, new TextEncoder().encode(base), publicKey)).toBe(true)
  })

  // RFC 9530 section 2 and appendix B: the digest of {"hello": "world"} followed by a newline.
  test('the digest of the published example comes out', () => {
    expect(contentDigest(new TextEncoder().encode('{"hello": "world"}\n'))).toBe(
      'sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:',
    )
  })
})

describe('a signed request', () => {
  test('verifies, and tells who, when and the nonce', () => {
    const params = verify(signed({ 'content-type': 'application/json' }, '{}'), '{}')
    expect(params).toMatchObject({ keyId, createdMs: NOW, nonce: NONCE })
  })

  test('verifies without a body', () => {
    expect(verify(signed({})).keyId).toBe(keyId)
  })

  const headers = signed(
    { 'content-type': 'application/json', 'upload-token': 'secret-token-1234' },
    '{}',
  )
  test.each([
    ['another body', headers, '{ }', undefined],
    ['another path', headers, '{}', 'http://127.0.0.1:8787/v1/enroll?x=1'],
    ['another query', headers, '{}', 'http://127.0.0.1:8787/v1/checkin?x=2'],
    ['another host', headers, '{}', 'http://127.0.0.2:8787/v1/checkin?x=1'],
    ['another upload token', { ...headers, 'upload-token': 'other-token-12345' }, '{}', undefined],
    [
      'a content type that was not signed',
      { ...signed({}, '{}'), 'content-type': 'text/plain' },
      '{}',
      undefined,
    ],
    ['a body that was not signed', signed({}), '{}', undefined],
    [
      'another time',
      { ...headers, 'signature-input': headers['signature-input']!.replace('17000', '17001') },
      '{}',
      undefined,
    ],
    ['a covered header that is missing', { ...headers, 'upload-token': '' }, '{}', undefined],
  ])('is refused with E_SIGNATURE when it arrives with %s', (_, received, body, url) => {
    expect(() => verify(received as Record<string, string>, body, url)).toThrowError(
      expect.objectContaining({ code: 'E_SIGNATURE' }),
    )
  })

  test('is refused with E_SIGNATURE under another key', () => {
    const received = request(signed({}))
    expect(() =>
      verifySignature(received, readSignatureInput(received), newKeyPair().publicKey),
    ).toThrowError(expect.objectContaining({ code: 'E_SIGNATURE' }))
  })

  test('without signature headers is refused with E_UNSIGNED', () => {
    expect(() => verify({}, '{}')).toThrowError(expect.objectContaining({ code: 'E_UNSIGNED' }))
  })

  test.each([
    'loreweave=()',
    'loreweave=("@method");created=1',
    'other=("@method")',
    'x'.repeat(10_000),
  ])('with the signature-input %.40s is refused with E_SIGNATURE', (input) => {
    expect(() => verify({ 'signature-input': input, signature: 'loreweave=:AA==:' })).toThrowError(
      expect.objectContaining({ code: 'E_SIGNATURE' }),
    )
  })
})
