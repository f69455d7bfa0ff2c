/** Routes by which the user holds the server of a federation to its word. */
import { CompareRequest, CompareResponse, PinRequest, TrustResponse } from '../schemas/home.ts'
import { ownRoutes, said, versionedJson, withoutProtocol } from './route.ts'
import { homeOf } from './work.ts'

const own = ownRoutes({ tag: 'Home', who: 'device' })
const words = 'lusab-babad-gutih-tugad-zabob-dofin-kijul-mapiv'
const trust = {
  server: 'https://federation.example',
  key: words,
  by: 'token' as const,
  log: { number: 12, words },
}

export const TRUST_ROUTES = {
  getTrust: own(
    {
      method: 'get',
      path: '/v1/home/server',
      summary: 'The server of the federation, and how far it is held to its word',
      description:
        'The words of its pinned key, and of the last entry of its log of releases that this device ' +
        'has seen. Devices that show other words for one entry were told different things.',
      errors: [],
      responses: { 200: versionedJson(TrustResponse, trust) },
    },
    (c) => c.json(said(homeOf(c).trust()), 200),
  ),
  pinServer: own(
    {
      method: 'put',
      path: '/v1/home/server/key',
      summary: 'Pins the key of the server',
      description: 'From now on answers that it has not signed are refused.',
      errors: ['E_BODY', 'E_NOT_ENROLLED', 'E_SERVER_KEY', 'E_UNAVAILABLE', 'E_UPSTREAM'],
      request: { body: versionedJson(PinRequest, { words }) },
      responses: { 200: versionedJson(TrustResponse, trust) },
    },
    async (c) => {
      const { words } = c.req.valid('json')
      return c.json(said(await homeOf(c).pinServer(words, c.req.raw.signal)), 200)
    },
  ),
  compareLog: own(
    {
      method: 'post',
      path: '/v1/home/server/log',
      summary: 'Whether another device was told of the same releases',
      description:
        'By the number and the words that it shows. `unknown`: it has seen entries that the server ' +
        'does not tell this device.',
      errors: ['E_BODY', 'E_NOT_ENROLLED', 'E_SERVER_KEY', 'E_FORK', 'E_UNAVAILABLE', 'E_UPSTREAM'],
      request: { body: versionedJson(CompareRequest, { number: 12, words }) },
      responses: { 200: versionedJson(CompareResponse, { verdict: 'same' }) },
    },
    async (c) => {
      const other = withoutProtocol(c.req.valid('json'))
      return c.json(said(await homeOf(c).compareLog(other, c.req.raw.signal)), 200)
    },
  ),
}
