/** Routes that unlock the page: one-time codes and sessions. */
import { isSameSecret } from '../../../adapters/node/secrets.ts'
import { credentialsOf } from '../access/guard.ts'
import { IDLE_MS } from '../access/sessions.ts'
import {
  SessionCodeResponse,
  SessionEnded,
  SessionRequest,
  SessionResponse,
} from '../schemas/sessions.ts'
import { ownRoutes, said, versionedJson } from './route.ts'

const own = ownRoutes({ tag: 'Page' })
const AT = 1_790_000_000_000

export const SESSION_ROUTES = {
  newSessionCode: own(
    {
      method: 'post',
      path: '/v1/session/code',
      who: 'device',
      summary: 'A one-time code for the page',
      description:
        'Valid for 60 seconds and for one exchange. `loreweave page` asks for it and ' +
        'prints it, to be typed on the page. At most ten a minute.',
      errors: ['E_UNAVAILABLE'],
      responses: {
        200: versionedJson(SessionCodeResponse, { code: 'kTzR2bq0X9nJ4mPw7sVd', expiresAt: AT }),
      },
    },
    (c) => c.json(said(c.var.deps.sessions.newCode()), 200),
  ),
  openSession: own(
    {
      method: 'post',
      path: '/v1/session',
      who: 'anyone',
      summary: 'Exchanges a code, or the device token, for a session',
      description:
        'A session opens the device’s own routes and nothing at Claude. It ends ' +
        'after twelve hours without a request, and with the process.',
      errors: ['E_BODY', 'E_PROTOCOL', 'E_AUTH'],
      request: { body: versionedJson(SessionRequest, { code: 'kTzR2bq0X9nJ4mPw7sVd' }) },
      responses: {
        200: versionedJson(SessionResponse, {
          session: 'lw-page-8dJw0qkTzR2bq0X9nJ4m',
          idleMs: 43_200_000,
        }),
      },
    },
    (c) => {
      const { code, token } = c.req.valid('json')
      const { sessions, deviceToken } = c.var.deps
      const session =
        code === undefined
          ? sessions.open(isSameSecret(token ?? '', deviceToken))
          : sessions.exchange(code)
      return c.json(said({ session, idleMs: IDLE_MS }), 200)
    },
  ),
  endSession: own(
    {
      method: 'delete',
      path: '/v1/session',
      who: 'user',
      summary: 'Ends the session that the request comes with',
      description: 'With the device token nothing ends.',
      errors: [],
      responses: { 200: versionedJson(SessionEnded, { ended: true }) },
    },
    (c) => {
      for (const credential of credentialsOf(c.req.raw.headers)) c.var.deps.sessions.end(credential)
      return c.json(said({ ended: true as const }), 200)
    },
  ),
}
