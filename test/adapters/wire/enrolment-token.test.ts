import { expect, test } from 'vitest'
import { enrolmentToken, readEnrolmentToken } from '../../../adapters/wire/enrolment-token.ts'
import { fingerprintOf } from '../../../adapters/wire/spoken.ts'

const words = fingerprintOf('A'.repeat(43))

test('a token names the key of its server', () => {
  expect(readEnrolmentToken(enrolmentToken('secret_-1', words))).toEqual({
    secret: 'secret_-1',
    fingerprint: words,
  })
})

test.each(['secret', `.${words}`, `secret.${words.slice(6)}`, `secret.${words}s`])(
  '%j names none: all of it is the secret',
  (token) => {
    expect(readEnrolmentToken(token)).toEqual({ secret: token, fingerprint: null })
  },
)
