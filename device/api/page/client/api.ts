/** The HTTP API, as the page calls it: with a session, and never with the device token. */
import { openApi } from '../../../../adapters/page/api.ts'
import type { SessionResponse } from '../../schemas/sessions.ts'

export const api = openApi(
  'loreweave-session',
  'the device does not answer. Is `loreweave serve` running?',
)
export const { call } = api

/** What opens a session: a one-time code or the device token. */
export type Secret = { code: string } | { token: string }

export const openSession = async (by: Secret): Promise<void> => {
  api.use((await call<SessionResponse>('POST', '/v1/session', by)).session, true)
}
