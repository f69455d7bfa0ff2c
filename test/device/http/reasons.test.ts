import { expect, test } from 'vitest'
import { gatewayReason, mayPass, ProxyError, reasonOf } from '../../../device/http/reasons.ts'

const coded = (code: string, options: object = {}) =>
  Object.assign(new Error('x', options), { code })

test.each<[unknown, RegExp]>([
  [coded('ECONNREFUSED'), /^ECONNREFUSED$/],
  [coded('ENOTFOUND'), /HTTPS_PROXY\? \(ENOTFOUND\)$/],
  [coded('SELF_SIGNED_CERT_IN_CHAIN'), /NODE_EXTRA_CA_CERTS/],
  [coded('UNABLE_TO_VERIFY_LEAF_SIGNATURE'), /NODE_EXTRA_CA_CERTS/],
  [coded('EWHATEVER'), /^EWHATEVER$/],
  [new Error('fetch failed', { cause: coded('ECONNRESET') }), /^ECONNRESET$/],
  [coded('UND_ERR', { cause: coded('EPIPE') }), /^EPIPE$/],
  [new AggregateError([coded('ETIMEDOUT'), coded('ENETUNREACH')]), /\(ETIMEDOUT\)$/],
  [new Error('x', { cause: new ProxyError('the proxy says no', 403) }), /^the proxy says no$/],
])('%s is explained in words', (error, words) => {
  expect(reasonOf(error)).toMatch(words)
})

test.each([new Error('secret text'), coded('not a code'), null, 'x'])(
  'of %s nothing is known, and nothing is quoted',
  (error) => expect(reasonOf(error)).toBeNull(),
)

test.each([
  [200, 'application/json', null],
  [404, 'application/json', null],
  [502, null, null],
  [200, 'text/html; charset=utf-8', /sign-in/],
  [511, 'application/json', /sign-in/],
  [403, 'text/html', /gateway answered 403/],
  [502, 'TEXT/HTML', /gateway answered 502/],
  [407, null, /requires credentials/],
])('%s with %s is of a gateway: %s', (status, type, words) => {
  const reason = gatewayReason(status, new Headers(type === null ? {} : { 'content-type': type }))
  if (words === null) expect(reason).toBeNull()
  else expect(reason).toMatch(words)
})

test.each([
  [coded('ECONNREFUSED'), true],
  [coded('ENOTFOUND'), true],
  [new Error('x'), true],
  [new ProxyError('x', null), true],
  [new ProxyError('x', 502), true],
  [new ProxyError('x', 407), false],
  [new Error('x', { cause: new ProxyError('x', 403) }), false],
  [coded('CERT_HAS_EXPIRED'), false],
  [coded('SELF_SIGNED_CERT_IN_CHAIN'), false],
  [coded('UNABLE_TO_GET_ISSUER_CERT_LOCALLY'), false],
  [coded('UNABLE_TO_VERIFY_LEAF_SIGNATURE'), false],
  [coded('ERR_SSL_WRONG_VERSION_NUMBER'), false],
])('%s may pass: %s', (error, may) => expect(mayPass(error)).toBe(may))
