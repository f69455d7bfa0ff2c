import { expect, test } from 'vitest'
import { checkWebhook, webhook } from '../../../server/governance/webhook.ts'
import { silentLog } from '../../../server/telemetry/log.ts'
import { expectCode } from '../../support/expect-code.ts'

const alert = { rule: 'disk' as const, key: '2026-11-30', text: '1.0 GiB of the disk are free' }

/** Answers with these statuses in turn; 0 is no answer. */
const receiver = (...statuses: number[]) => {
  const seen: unknown[] = []
  const send = (async (_: unknown, init: RequestInit) => {
    seen.push(JSON.parse(String(init.body)))
    const status = statuses.shift()
    if (!status) throw new TypeError('no answer')
    return new Response(null, { status })
  }) as unknown as typeof fetch
  return { send, seen }
}

test('an alert is told as JSON, and again where it was not taken', async () => {
  const { send, seen } = receiver(0, 500, 204)
  await webhook(new URL('https://ops.test/x'), silentLog, send, async () => {})(alert, 0)
  expect(seen).toHaveLength(3)
  expect(seen[2]).toEqual({
    alert: 'disk',
    key: '2026-11-30',
    text: '1.0 GiB of the disk are free',
    at: '1970-01-01T00:00:00.000Z',
  })
})

test('a webhook that is gone is logged without its address, which may hold a secret', async () => {
  const { send, seen } = receiver(0, 0, 0, 204)
  const logged: unknown[] = []
  const log = (...line: unknown[]) => void logged.push(line)
  await webhook(new URL('https://ops.test/secret'), log, send, async () => {})(alert, 0)
  expect(seen).toHaveLength(3)
  expect(logged).toEqual([['warn', 'webhook_failed', { rule: 'disk', key: '2026-11-30' }]])
})

test.each([
  ['http://ops.test/x', 'E_INSECURE'],
  ['ftp://127.0.0.1/x', 'E_INSECURE'],
  ['ops.test', 'E_USAGE'],
] as const)('%s is refused with %s', (address, code) => {
  expectCode(code, () => checkWebhook(address))
})

test('https and this machine are taken', () => {
  expect(checkWebhook('https://ops.test/x').host).toBe('ops.test')
  expect(checkWebhook('http://127.0.0.1:9000/x').port).toBe('9000')
})
