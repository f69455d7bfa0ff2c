/** What the operator page and `loreweave-server status` begin with. */
import { json } from '../../adapters/api-reference/route.ts'
import { HOUR_MS } from '../../adapters/time.ts'
import { VERSION } from '../../adapters/version.ts'
import { OverviewResponse } from '../../adapters/wire/governance.ts'
import { PROTOCOL_VERSION } from '../../adapters/wire/primitives.ts'
import { fingerprintOf, spokenHash } from '../../adapters/wire/spoken.ts'
import { readinessOf } from '../governance/readiness.ts'
import { completeLog } from '../governance/release-log.ts'
import { standingAlerts } from '../governance/watch.ts'
import type { Tables } from '../store/store.ts'
import { AT, HASH, PUBLIC_KEY } from './examples.ts'
import { type RouteDeps, served } from './route.ts'

const protocol = PROTOCOL_VERSION

export const OVERVIEW_ROUTES = {
  overview: served(
    {
      method: 'get',
      path: '/v1/operator/overview',
      tag: 'Operator',
      who: 'operator',
      summary: 'How the federation is',
      description:
        'Devices by state, alerts that stand, what the server needs, and what this process refused ' +
        'since it started. `role` is that of the caller.',
      responses: {
        200: json(OverviewResponse, {
          protocol,
          version: VERSION,
          now: AT,
          role: 'viewer',
          devices: { enrolled: 120, seenLastDay: 96, seenLastHour: 31, blocked: 1, atWork: 8 },
          alerts: [
            { rule: 'disk', key: '2026-09-22', text: '1.0 GiB of the disk are free', since: AT },
          ],
          refusals: [{ code: 'E_CLOCK', count: 2 }],
          readiness: { database: 'ok', objects: 'ok', disk: 'ok', aggregation: 'ok' },
          identity: {
            key: fingerprintOf(PUBLIC_KEY),
            log: { entries: 42, words: spokenHash(HASH) },
          },
        }),
      },
      errors: [],
    },
    async (c) => {
      const { deps, operator } = c.var
      const { store, clock, metrics } = deps
      const now = clock()
      const [day, hour] = await Promise.all([
        store.countDevices(now - 24 * HOUR_MS),
        store.countDevices(now - HOUR_MS),
      ])
      const refused = (await metrics.refusals.get()).values
      return c.json(
        {
          protocol,
          version: VERSION,
          now,
          role: operator.role,
          devices: {
            enrolled: day.enrolled,
            seenLastDay: day.seen,
            seenLastHour: hour.seen,
            blocked: day.blocked,
            atWork: await countAtWork(store),
          },
          alerts: await standingAlerts(deps),
          refusals: refused.map(({ labels, value }) => ({
            code: String(labels['code']),
            count: value,
          })),
          readiness: await readinessOf(deps),
          identity: await identityOf(deps),
        },
        200,
      )
    },
  ),
}

const identityOf = async ({ store, word }: RouteDeps): Promise<OverviewResponse['identity']> => {
  await completeLog(store, () => word.keyPair())
  const last = await store.lastLogEntry()
  return {
    key: fingerprintOf((await word.key()).publicKey),
    log: last ? { entries: last.number, words: spokenHash(last.hash) } : null,
  }
}

const countAtWork = async (store: Pick<Tables, 'alive'>): Promise<number> => {
  let places = 0
  for (const { round } of await store.alive())
    if (round?.phase === 'collecting') places += Math.max(0, round.assigned - round.received)
  return places
}
