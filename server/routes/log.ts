/** The log of releases, for devices: what they were told against what others were told. */
import { z } from 'zod'
import { json } from '../../adapters/api-reference/route.ts'
import { PROTOCOL_VERSION } from '../../adapters/wire/primitives.ts'
import { LOG_PAGE, LogResponse } from '../../adapters/wire/release-log.ts'
import { readLog } from '../governance/release-log.ts'
import { AT, HASH, LINEAGE_ID, PUBLIC_KEY } from './examples.ts'
import { served } from './route.ts'

const protocol = PROTOCOL_VERSION

const entry = {
  ...{ number: 1, at: AT, lineage: LINEAGE_ID, version: 0, release: HASH, parent: null, cohort: 0 },
  ...{ previous: '0'.repeat(64), hash: HASH, key: PUBLIC_KEY },
  signature: `${'3q2-7w'.repeat(14)}AA`,
}

export const LOG_ROUTES = {
  log: served(
    {
      method: 'get',
      path: '/v1/log',
      tag: 'Devices',
      who: 'device',
      summary: 'The log of releases',
      description:
        'In order, from the entry after `after`. Each holds the hash of the one before it and is signed ' +
        'by the key of the server. Nothing is ever removed from it or changed in it.',
      request: { query: z.strictObject({ after: z.coerce.number().int().min(0).default(0) }) },
      responses: { 200: json(LogResponse, { protocol, entries: [entry], size: 1 }) },
      errors: ['E_BODY'],
    },
    async (c) => {
      const { store, word } = c.var.deps
      const { after } = c.req.valid('query')
      const log = await readLog(store, () => word.keyPair(), after, LOG_PAGE)
      return c.json({ protocol, ...log }, 200)
    },
  ),
}
