/** The HTTP API, as the page calls it: a session in place of any secret. */
import type { SessionResponse } from '../../schemas/sessions.ts'
import { byId, setText } from './dom.ts'

const KEY = 'loreweave-session'
let session = sessionStorage.getItem(KEY)

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

/** by: a one-time code or the device token. */
export const openSession = async (by: { code: string } | { token: string }): Promise<void> => {
  const opened = await call<SessionResponse>('POST', '/v1/session', by)
  session = opened.session
  sessionStorage.setItem(KEY, opened.session)
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

/** Tells a result, to eyes and to screen readers. */
export const say = (text: string): void => {
  const result = byId('result')
  setText(result, text)
  clearTimeout(hiding)
  hiding = setTimeout(() => setText(result, ''), 12_000)
}
let hiding: ReturnType<typeof setTimeout> | undefined

/** What every change is told to, once it is done: the page looks again. */
export const changed = new EventTarget()

/** Makes one change after another, says what came of it, and lets the page look again. */
export const act = (work: () => Promise<string>): Promise<void> => {
  queue = queue.then(async () => {
    try {
      say(await work())
    } catch (error) {
      say(`Not done: ${error instanceof Error ? error.message : 'it failed'}`)
    }
    changed.dispatchEvent(new Event('change'))
  })
  return queue
}
let queue: Promise<void> = Promise.resolve()
