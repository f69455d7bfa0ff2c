import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { findSecrets, plantSecrets } from '../../../eval/audit/secrets.ts'

const SECRET = 'qzvkwxjyrtplmnbv'

test.each<[string, (secret: string) => Uint8Array]>([
  ['as it is', (s) => Buffer.from(`{"text":"${s}"}`)],
  ['in capitals', (s) => Buffer.from(s.toUpperCase())],
  ['in hexadecimal', (s) => Buffer.from(Buffer.from(s).toString('hex'))],
  ['in UTF-16', (s) => Buffer.from(`x${s}`, 'utf16le')],
  ['gzipped', (s) => gzipSync(`before ${s} after`)],
  ...[0, 1, 2].map((before): [string, (secret: string) => Uint8Array] => [
    `in base64, behind ${before} bytes`,
    (s) => Buffer.from(Buffer.from(`${'.'.repeat(before)}${s}, and more`).toString('base64')),
  ]),
])('a secret is found %s', (_, written) => {
  const traces = [
    { where: 'here', bytes: written(SECRET) },
    { where: 'there', bytes: written('another text of letters') },
  ]
  expect(findSecrets(traces, [SECRET, 'aaaabbbbccccdddd'])).toEqual([{ where: 'here', secrets: 1 }])
})

test('everything that a person wrote or read has a secret of its own', () => {
  const { log, secrets } = plantSecrets(1, 3)
  expect(new Set(secrets).size).toBe(secrets.length)
  const text = JSON.stringify(log)
  for (const secret of secrets) expect(text).toContain(secret)
  expect(plantSecrets(1, 3)).toEqual({ log, secrets })
  expect(secrets.some((secret) => JSON.stringify(plantSecrets(2, 3)).includes(secret))).toBe(false)
})
