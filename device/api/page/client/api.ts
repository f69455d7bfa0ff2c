/** The HTTP API, as the page calls it: with a session, and never with the device token. */
import type { SessionResponse } from '../../schemas/sessions.ts'
import { byId, setText } from './dom.ts'

const KEY = 'loreweave-session'
let session = sessionStorage.getItem(KEY)

/** What opens a session: a one-time code or the device token. */
export type Secret = { code: string } | { token: string }

/** A refusal in the API's own words. */
export class Refused extends Error {
  readonly code: string
  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

export const hasSession = (): boolean => session !== null

export const dropSession = (): void => {
  session = null
  sessionStorage.removeItem(KEY)
}

export const openSession = async (by: Secret): Promise<void> => {
  session = (await call<SessionResponse>('POST', '/v1/session', by)).session
  sessionStorage.setItem(KEY, session)
}

export const call = async <T>(method: string, path: string, body?: object): Promise<T> => {
  const response = await fetch(path, {
    method,
    cache: 'no-store',
    headers: {
      ...(session !== null && { authorization: `Bearer ${session}` }),
      ...(body && { 'content-type': 'application/json' }),
    },
    ...(body && { body: JSON.stringify(body) }),
  }).catch(() => {
    throw new Refused('E_UNREACHABLE', 'the device does not answer. Is `loreweave serve` running?')
  })
  const json = (await response.json()) as T & { error?: { code: string; message: string } }
  if (response.ok) return json
  throw new Refused(json.error?.code ?? 'E_INTERNAL', json.error?.message ?? 'it failed')
}

export const messageOf = (error: unknown, otherwise: string): string =>
  error instanceof Error ? error.message : otherwise

/** Shows a result for twelve seconds; screen readers announce it. */
export const say = (text: string): void => {
  const result = byId('result')
  setText(result, text)
  clearTimeout(hiding)
  hiding = setTimeout(() => setText(result, ''), 12_000)
}
let hiding: ReturnType<typeof setTimeout> | undefined

/** Fires `change` after every change, for the page to look again. */
export const changed = new EventTarget()

/** Makes one change after another; says what `work` resolves to, or why it failed. */
export const act = (work: () => Promise<string>): void => {
  queue = queue.then(async () => {
    await work().then(say, (error) => say(`Not done: ${messageOf(error, 'it failed')}`))
    changed.dispatchEvent(new Event('change'))
  })
}
let queue: Promise<void> = Promise.resolve()
