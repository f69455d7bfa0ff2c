/** How an edge becomes one: its key, which its store keeps, and its enrolment with the server before it. */
import { FedError } from '../../adapters/errors.ts'
import { type KeyPair, newKeyPair } from '../../adapters/wire/signature.ts'
import type { RoundDeps } from '../rounds/deps.ts'
import type { Store } from '../store/store.ts'
import type { EdgeLimits } from './mirror.ts'
import { type UpstreamClient, upstreamClient } from './upstream.ts'

export type EdgeOptions = Omit<EdgeLimits, 'minimum'> & {
  readonly upstream: string
  /** One-time, of that server's operator; once it is enrolled none is needed. */
  readonly token?: string | undefined
}

type ConnectDeps = Pick<RoundDeps, 'clock' | 'rng' | 'log'> & {
  readonly store: Pick<Store, 'setting' | 'addSetting'>
  readonly fetch?: (request: Request) => Promise<Response>
}

const KEY = 'edge-key'
const ENROLLED = 'edge-of'

/**
 * Fails with E_USAGE, E_CONFLICT (the store is that of an edge of another server), E_ENROLL_TOKEN,
 * E_UNAVAILABLE. An edge that has enrolled starts without the other server.
 */
export const connectEdge = async (
  deps: ConnectDeps,
  { upstream, token }: EdgeOptions,
): Promise<UpstreamClient> => {
  const { store, clock, rng, log, fetch = globalThis.fetch } = deps
  const url = addressOf(upstream)
  const key = await keyOf(store)
  const client = upstreamClient({ url, key, fetch, clock, rng })
  const known = await store.setting(ENROLLED)
  if (known !== undefined) {
    if (known !== url)
      throw new FedError(
        'E_CONFLICT',
        `these data are those of an edge of ${known}, not of ${url}: give another --data folder`,
      )
    return client
  }
  if (token === undefined)
    throw new FedError(
      'E_USAGE',
      'the first start of an edge needs --token, or LOREWEAVE_EDGE_TOKEN: the operator of the server ' +
        'before it makes one with `loreweave-server token create --edge DEVICES`',
    )
  const devices = await client.enroll(token)
  await store.addSetting(ENROLLED, url)
  log('info', 'edge_enrolled', { upstream: url, devices })
  return client
}

const addressOf = (upstream: string): string => {
  const url = URL.canParse(upstream) ? new URL(upstream) : null
  if (!url || !/^https?:$/.test(url.protocol) || url.username !== '' || url.search !== '')
    throw new FedError('E_USAGE', 'expected --upstream like https://server.example')
  return url.href.replace(/\/+$/, '')
}

const keyOf = async (store: ConnectDeps['store']): Promise<KeyPair> => {
  await store.addSetting(KEY, JSON.stringify(newKeyPair()))
  return JSON.parse((await store.setting(KEY))!) as KeyPair
}
