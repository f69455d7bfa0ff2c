import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isFedError } from '../../../adapters/errors.ts'
import { sign, verify as verifyBytes } from '../../../adapters/node/ed25519.ts'
import {
  contentDigest,
  deviceIdOf,
  newKeyPair,
  readSignatureInput,
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
) => ({
  method: 'POST',
  url,
  header: (name: string) => headers[name],
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
    expect(verifyBytes(signature, new TextEncoder().encode(base), publicKey)).toBe(true)
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
    'loreweave=("@method"',
    'loreweave',
    'x'.repeat(10_000),
  ])('with the signature-input %.40s is refused with E_SIGNATURE', (input) => {
    expect(() => verify({ 'signature-input': input, signature: 'loreweave=:AA==:' })).toThrowError(
      expect.objectContaining({ code: 'E_SIGNATURE' }),
    )
  })
})

/** A request with a body, signed over these components with these parameters, in any spelling. */
const signedAs = (
  components: readonly string[],
  params: string,
  { label = 'loreweave', spelled = '', digest = '' } = {},
): Record<string, string> => {
  const headers = {
    'content-type': 'application/json',
    'content-length': '2',
    'content-digest': digest || contentDigest(new TextEncoder().encode('{}')),
  }
  const names = components.map((name) => `"${name}"`).join(' ')
  const raw = `(${names})${params}`
  const base = signatureBase(components, raw, request(headers, '{}'))
  const signature = sign(
    new TextEncoder().encode(base),
    Uint8Array.from(Buffer.from(keys.secretKey, 'base64url')),
  )
  return {
    ...headers,
    'signature-input': spelled ? spelled.replaceAll('RAW', raw) : `${label}=${raw}`,
    signature: `${label}=:${Buffer.from(signature).toString('base64')}:`,
  }
}

const ALL = ['@method', '@authority', '@path', '@query', 'content-type', 'content-digest']
const CREATED = `;created=${NOW / 1000}`
const WHO = `;keyid="${keyId}"`
const USUAL = `${CREATED}${WHO};alg="ed25519";nonce="${NONCE}";tag="loreweave"`

describe('signatures of other libraries', () => {
  test.each<[string, Record<string, string>]>([
    ['parameters in the order of Python', signedAs(ALL, USUAL)],
    [
      'parameters in reverse',
      signedAs(ALL, `;tag="loreweave";nonce="${NONCE}";alg="ed25519"${WHO}${CREATED}`),
    ],
    ['no algorithm', signedAs(ALL, `${CREATED}${WHO};nonce="${NONCE}";tag="loreweave"`)],
    ['an end', signedAs(ALL, `${USUAL};expires=${NOW / 1000 + 60}`)],
    ['a parameter nobody knows', signedAs(ALL, `${USUAL};more;context="x\\"y"`)],
    [
      'a nonce in base64',
      signedAs(ALL, `${CREATED}${WHO};nonce="${'ab+/'.repeat(21)}ab==";tag="loreweave"`),
    ],
    ['another label', signedAs(ALL, USUAL, { label: 'sig1' })],
    [
      'a signature for somebody else beside it',
      signedAs(ALL, USUAL, { spelled: 'proxy=("@method");created=1;tag="proxy", loreweave=RAW' }),
    ],
    ['spaces', signedAs(ALL, USUAL, { spelled: ' loreweave=RAW ' })],
    ['more components', signedAs([...ALL, 'content-length', '@scheme'], USUAL)],
    ['components in another order', signedAs([...ALL].reverse(), USUAL)],
    [
      'the whole address',
      signedAs(['@method', '@target-uri', 'content-type', 'content-digest'], USUAL),
    ],
    [
      'the target of the request',
      signedAs(
        ['@method', '@authority', '@request-target', 'content-type', 'content-digest'],
        USUAL,
      ),
    ],
    [
      'a second digest',
      signedAs(ALL, USUAL, {
        digest: `sha-512=:${'A'.repeat(86)}==:, ${contentDigest(new TextEncoder().encode('{}'))}`,
      }),
    ],
  ])('are taken with %s', (_, headers) => {
    expect(verify(headers, '{}')).toMatchObject({ keyId, createdMs: NOW })
  })

  test('one that Python has signed is taken (http-message-signatures 3.0)', () => {
    const headers: Record<string, string> = {
      'content-type': 'application/json',
      'content-digest': 'sha-256=:AVq9f1zFei3ZS3WQ8ErYCEJzkF7jPsXOvq5iJ2qX+GI=:',
      'signature-input':
        'pyhms=("@method" "@authority" "@path" "@query" "content-type" "content-digest")' +
        ';created=1700000000;keyid="56475aa75463474c0285df5dbf2bcab7";alg="ed25519"' +
        ';expires=1700000300;nonce="abcdefghijklmnop";tag="loreweave"',
      signature:
        'pyhms=:dzqeOjrFAOKAnQ7/kbDNpg4zScLq1RR52BhI/EzOXMI6NEI1+9ELh/AnBP5k0OcMY7Uleacn9x3w' +
        'NEARo60EDg==:',
    }
    const received = request(headers, '{"a":1}', 'http://server.test/v1/checkin')
    const params = readSignatureInput(received)
    verifySignature(received, params, 'A6EHv_POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg')
    expect(params).toMatchObject({ createdMs: NOW, expiresMs: NOW + 300_000 })
  })

  test('are taken with spaces within the list, whose canonical form is what was signed', () => {
    const headers = signedAs(ALL, USUAL)
    const spaced = headers['signature-input']!.replace('("@method" ', '(  "@method"   ')
    expect(verify({ ...headers, 'signature-input': spaced }, '{}').keyId).toBe(keyId)
  })

  test.each<[string, Record<string, string>]>([
    ['no time', signedAs(ALL, `${WHO};nonce="${NONCE}";tag="loreweave"`)],
    ['a time that is no number', signedAs(ALL, USUAL.replace(/created=\d+/, 'created="now"'))],
    ['a time before 1970', signedAs(ALL, USUAL.replace(/created=\d+/, 'created=-1'))],
    ['no key', signedAs(ALL, `${CREATED};nonce="${NONCE}";tag="loreweave"`)],
    ['no nonce', signedAs(ALL, `${CREATED}${WHO};tag="loreweave"`)],
    ['a short nonce', signedAs(ALL, `${CREATED}${WHO};nonce="short";tag="loreweave"`)],
    ['no tag', signedAs(ALL, `${CREATED}${WHO};nonce="${NONCE}"`)],
    ['the tag of another service', signedAs(ALL, USUAL.replace('"loreweave"', '"other"'))],
    ['another algorithm', signedAs(ALL, USUAL.replace('ed25519', 'hmac-sha256'))],
    ['an end that is no number', signedAs(ALL, `${USUAL};expires="soon"`)],
    ['two signatures for this service', signedAs(ALL, USUAL, { spelled: 'loreweave=RAW, b=RAW' })],
    [
      'a path that is not covered',
      signedAs(
        ALL.filter((c) => c !== '@path'),
        USUAL,
      ),
    ],
    [
      'a digest that is not covered',
      signedAs(
        ALL.filter((c) => c !== 'content-digest'),
        USUAL,
      ),
    ],
    ['a component twice', signedAs([...ALL, '@method'], USUAL)],
    [
      'a component with parameters',
      signedAs(ALL, USUAL, { spelled: 'loreweave=("@method";req);x' }),
    ],
    ['a digest without SHA-256', signedAs(ALL, USUAL, { digest: `sha-512=:${'A'.repeat(86)}==:` })],
    ['a digest that is none', signedAs(ALL, USUAL, { digest: 'sha-256=abc' })],
    ['a signature under another label', { ...signedAs(ALL, USUAL), signature: 'b=:AAAA:' }],
    ['a signature of other bytes', { ...signedAs(ALL, USUAL), signature: 'loreweave=:AAAA:' }],
    ['a signature that is no bytes', { ...signedAs(ALL, USUAL), signature: 'loreweave="x"' }],
  ])('are refused with E_SIGNATURE with %s', (_, headers) => {
    expect(() => verify(headers, '{}')).toThrowError(
      expect.objectContaining({ code: 'E_SIGNATURE', message: expect.stringMatching(/./) }),
    )
  })

  test.each(['@status', '@query-param', 'Date', '@toString'])(
    'covering %s, which a request does not have, are refused with E_SIGNATURE',
    (name) => {
      const headers = signedAs(ALL, USUAL)
      const input = headers['signature-input']!.replace('("@method"', `("@method" "${name}"`)
      expect(() => verify({ ...headers, 'signature-input': input }, '{}')).toThrowError(
        expect.objectContaining({ code: 'E_SIGNATURE' }),
      )
    },
  )

  test('whatever the fields hold, the answer is a code', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (input, signature) => {
        try {
          readSignatureInput(request({ 'signature-input': input, signature }))
        } catch (error) {
          expect(isFedError(error)).toBe(true)
        }
      }),
    )
  })
})
