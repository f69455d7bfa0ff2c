/** Joins a federation, and pins the key of its server where the token or the user names it. */
import type { ServerPin } from '../store/states.ts'
import type { DeviceStore } from '../store/store.ts'
import type { StoreTx } from '../store/tables.ts'
import type { Federation } from './client.ts'

export type EnrolDeps = {
  readonly store: Pick<DeviceStore, 'durably'>
  readonly federation: Pick<Federation, 'enroll'>
  readonly server: string | null
  readonly clock: () => number
}

/** words: of the server's key; null: those of the token, if any. serverKey: null: none is pinned. */
export const enrolWith = async (
  { store, federation, server, clock }: EnrolDeps,
  token: string,
  words: string | null,
  signal?: AbortSignal,
): Promise<{ readonly deviceId: string; readonly serverKey: string | null }> => {
  const { deviceId, serverKey } = await federation.enroll(token, words, signal)
  const by = words === null ? 'token' : 'words'
  const pin = serverKey === null ? null : ({ key: serverKey, at: Math.floor(clock()), by } as const)
  await store.durably((tx) => {
    const isSame = pin !== null && tx.get('pin')?.key === pin.key
    tx.set('pin', pin)
    if (isSame) return
    forgetServer(tx)
    // Versions that another server gave say nothing of this one's.
    if (tx.get('releases')?.server !== server) tx.set('releases', null)
  })
  return { deviceId, serverKey }
}

/** What is known of a server that is not this one's any more. */
export const forgetServer = (tx: Pick<StoreTx, 'set'>): void => {
  for (const key of ['serverLog', 'privacyLedger', 'lastRound'] as const) tx.set(key, null)
}

/** Replaces the pin by what the user says of the server in use. */
export const pinKey = (store: Pick<DeviceStore, 'durably'>, pin: ServerPin): Promise<void> =>
  store.durably((tx) => {
    if (tx.get('pin')?.key !== pin.key) forgetServer(tx)
    tx.set('pin', pin)
  })
