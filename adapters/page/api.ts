/**
 * An HTTP API as its page calls it. The credential stays in this tab: it is never in an address, and
 * a cookie would be sent by other pages, too.
 */

/** A refusal in the API's own words. */
export class Refused extends Error {
  readonly code: string
  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

/** Of a page: what it sends as a bearer credential, and keeps for reloads of its tab. */
export type Api = {
  isOpen(): boolean
  /** null: none. isKept: also for reloads. */
  use(credential: string | null, isKept: boolean): void
  /** Fails with Refused where no answer comes; any answer is one. */
  send(method: string, path: string, body?: object, signal?: AbortSignal): Promise<Response>
  /** The JSON of an answer. Fails with Refused. */
  call<T>(method: string, path: string, body?: object): Promise<T>
}

/** key: its name in this tab. unreachable: what is said where nothing answers. */
export const openApi = (key: string, unreachable: string): Api => {
  let credential = sessionStorage.getItem(key)
  const api: Api = {
    isOpen: () => credential !== null,
    use(value, isKept) {
      credential = value
      sessionStorage.removeItem(key)
      if (value !== null && isKept) sessionStorage.setItem(key, value)
    },
    send: (method, path, body, signal) =>
      fetch(path, {
        method,
        cache: 'no-store',
        headers: {
          ...(credential !== null && { authorization: `Bearer ${credential}` }),
          ...(body && { 'content-type': 'application/json' }),
        },
        ...(body && { body: JSON.stringify(body) }),
        ...(signal && { signal }),
      }).catch(() => {
        throw new Refused('E_UNREACHABLE', unreachable)
      }),
    async call<T>(method: string, path: string, body?: object) {
      const response = await api.send(method, path, body)
      // A proxy answers in its own words.
      const json = (await response.json().catch(() => ({}))) as T & {
        error?: { code: string; message: string }
      }
      if (response.ok) return json
      const { code = 'E_INTERNAL', message = `it failed (${response.status})` } = json.error ?? {}
      throw new Refused(code, message)
    },
  }
  return api
}
