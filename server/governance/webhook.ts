/** Tells alerts to an address of the operator's, as JSON: nothing in them names a device or a person. */
import { setTimeout as sleep } from 'node:timers/promises'
import { FedError } from '../../adapters/errors.ts'
import type { Log } from '../telemetry/log.ts'
import type { Alert } from './alerts.ts'

/** at: milliseconds since 1970. Never fails. */
export type Tell = (alert: Alert, at: number) => Promise<void>

const ATTEMPTS = 3
const PAUSE_MS = 2000
const LIMIT_MS = 5000

/** https, or a host of this machine. Fails with E_INSECURE, E_USAGE. */
export const checkWebhook = (address: string): URL => {
  if (!URL.canParse(address)) throw new FedError('E_USAGE', `not a web address: ${address}`)
  const url = new URL(address)
  const isLocal = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname)
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLocal))
    throw new FedError('E_INSECURE', 'the webhook needs https, or a host of this machine')
  return url
}

export const webhook =
  (
    url: URL,
    log: Log,
    send: typeof fetch = fetch,
    wait: (ms: number) => Promise<unknown> = sleep,
  ): Tell =>
  async ({ rule, key, text }, at) => {
    const body = JSON.stringify({ alert: rule, key, text, at: new Date(at).toISOString() })
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      if (attempt > 1) await wait(PAUSE_MS)
      const isTold = await send(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
        redirect: 'error',
        signal: AbortSignal.timeout(LIMIT_MS),
      }).then(
        ({ ok }) => ok,
        () => false,
      )
      if (isTold) return
    }
    log('warn', 'webhook_failed', { rule, key })
  }
