/**
 * The setting `requireToken`: who may ask Claude through the device of a computer that others use
 * too.
 */
import { describe, expect, test } from 'vitest'
import { ApiError } from '../../../device/api/envelope/errors.ts'
import { describeAccess } from '../../../device/owner/access.ts'
import { buildApi, DEVICE_TOKEN, fakeDevice, OWN_KEY } from './fakes.ts'

const BODY = JSON.stringify({
  model: 'claude',
  max_tokens: 10,
  messages: [{ role: 'user', content: 'How do tides work?' }],
})

/** Sends exactly these credentials. */
const ask = async (path: string, headers: object, requireToken = true) => {
  const fake = fakeDevice()
  const { app, claude } = buildApi({ requireToken }, fake)
  const response = await app.request(
    new Request(`http://127.0.0.1:4141${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: BODY,
    }),
  )
  return { response, seen: claude.seen, answers: fake.answers }
}

const PATHS = [
  '/v1/messages',
  '/messages',
  '/v1/messages/count_tokens',
  '/v1/files',
  '/v1/v1/messages/batches',
]

describe.each(PATHS)('%s with requireToken', (path) => {
  test.each([
    ['a Claude key alone', { 'x-api-key': 'sk-of-somebody' }],
    ['a wrong token', { 'x-api-key': 'sk-of-somebody', 'loreweave-token': 'lw-wrong' }],
    ['the token in a header of no meaning', { 'x-api-key': 'sk-x', 'x-token': DEVICE_TOKEN }],
    ['nothing', {}],
  ])('%s is refused as Claude refuses, before anything is seen of it', async (_, headers) => {
    const { response, seen, answers } = await ask(path, headers)
    expect(response.status).toBe(401)
    const refusal = ApiError.parse(await response.json())
    expect(refusal.error).toMatchObject({ type: 'authentication_error', code: 'E_AUTH' })
    expect(refusal.error.message).toContain('loreweave-token')
    expect([seen, answers]).toEqual([[], []])
  })

  const both = { 'loreweave-token': DEVICE_TOKEN }
  test.each([
    ['in x-api-key', { 'x-api-key': DEVICE_TOKEN }, 'x-api-key', OWN_KEY],
    [
      'as a bearer',
      { authorization: `Bearer ${DEVICE_TOKEN}` },
      'authorization',
      `Bearer ${OWN_KEY}`,
    ],
    ['alone in its own header', both, 'x-api-key', OWN_KEY],
    ['beside the key of the app', { 'x-api-key': 'sk-app', ...both }, 'x-api-key', 'sk-app'],
    [
      'beside the account of the app',
      { authorization: 'Bearer oauth', ...both },
      'authorization',
      'Bearer oauth',
    ],
  ])('the token %s opens it, and never goes to Claude', async (_, headers, name, credential) => {
    const { response, seen } = await ask(path, headers)
    expect(response.status).toBe(200)
    expect(seen[0]?.headers.get(name)).toBe(credential)
    for (const { headers: sent } of seen)
      expect(JSON.stringify([...sent])).not.toContain(DEVICE_TOKEN)
  })
})

test('without the setting a Claude key is enough, and a token beside it changes nothing', async () => {
  for (const token of [{}, { 'loreweave-token': DEVICE_TOKEN }, { 'loreweave-token': 'lw-x' }]) {
    const { response, seen } = await ask('/v1/messages', { 'x-api-key': 'sk-app', ...token }, false)
    expect([response.status, seen[0]?.headers.get('x-api-key')]).toEqual([200, 'sk-app'])
  }
})

test('doctor and status say who may ask, and what to do where others reach it', () => {
  const told = [
    describeAccess({ requireToken: true, listen: ['0.0.0.0'] }),
    describeAccess({ requireToken: false, listen: [] }),
    describeAccess({ requireToken: false, listen: ['172.17.0.1'] }),
  ].map(({ what, mend }) => [what.includes('device token'), mend?.includes('requireToken')])
  expect(told).toEqual([
    [true, undefined],
    [false, undefined],
    [false, true],
  ])
})
