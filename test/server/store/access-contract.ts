/** What every store keeps of who may call: settings, tokens, nonces. */
import { expect, test } from 'vitest'
import type { Store } from '../../../server/store/store.ts'

/** As retention has it. */
const CLOCKS_APART_MS = 15 * 60_000
const NOW = 1_700_000_000_000

export const accessContract = (
  withStore: (use: (store: Store) => unknown) => Promise<void>,
): void => {
  test('a setting stays as it was made first', () =>
    withStore(async (store) => {
      expect(await store.addSetting('key', 'first')).toBe(true)
      expect(await store.addSetting('key', 'second')).toBe(false)
      expect(await store.setting('key')).toBe('first')
      expect(await store.changeSetting('key', 'second', 'third')).toBe(false)
      expect(await store.changeSetting('key', 'first', 'third')).toBe(true)
      expect(await store.setting('key')).toBe('third')
    }))

  test('a token enrols one device, again for that device, and not after its time', () =>
    withStore(async (store) => {
      await store.addToken('t1', NOW + 10)
      await store.addToken('t2', NOW + 10)
      await store.addToken('t3', NOW + 10, 500)
      expect(await store.edgeOfToken('t3')).toBe(500)
      expect(await store.edgeOfToken('t2')).toBeNull()
      expect(await store.edgeOfToken('unknown')).toBeNull()
      expect(await store.isToken('unknown', NOW)).toBe(false)
      expect(await store.isToken('t1', NOW)).toBe(true)
      expect(await store.isToken('t1', NOW + 10)).toBe(false)
      expect(await store.spendToken('unknown', 'a', NOW)).toBe(false)
      expect(await store.spendToken('t1', 'a', NOW)).toBe(true)
      expect(await store.spendToken('t1', 'a', NOW)).toBe(true)
      expect(await store.spendToken('t1', 'b', NOW)).toBe(false)
      expect(await store.spendToken('t2', 'b', NOW + 10)).toBe(false)
      await store.prune(NOW + 10)
      expect(await store.spendToken('t2', 'b', NOW)).toBe(false)
    }))

  test('a nonce is new once a device until it is pruned', () =>
    withStore(async (store) => {
      expect(await store.addNonce('a', 'n', NOW)).toBe(true)
      expect(await store.addNonce('a', 'n', NOW)).toBe(false)
      expect(await store.addNonce('b', 'n', NOW + 1)).toBe(true)
      // Another replica's clock is ten minutes ahead.
      await store.prune(NOW + 600_000)
      expect(await store.addNonce('a', 'n', NOW)).toBe(false)
      await store.prune(NOW + CLOCKS_APART_MS)
      expect(await store.addNonce('a', 'n', NOW)).toBe(true)
      expect(await store.addNonce('b', 'n', NOW)).toBe(false)
    }))

  test('what a device signed no later than its forgotten nonces is refused, whatever the clock says', () =>
    withStore(async (store) => {
      const device = { publicKey: 'k', enrolledAt: NOW, lastSeenAt: null }
      for (const id of ['a', 'b']) await store.saveDevice({ ...device, id })
      const spend = (deviceId: string, nonce: string, expiresAt: number) =>
        store.spendNonce({ deviceId, nonce, expiresAt, seenAt: null })
      expect(await spend('a', 'first', NOW + 5)).toBe(true)
      expect(await store.addNonce('a', 'second', NOW + 7)).toBe(true)
      expect(await spend('a', 'ahead', NOW + 20)).toBe(true)
      await store.transaction((tx) => tx.prune(NOW + 10 + CLOCKS_APART_MS))
      expect(await spend('a', 'first', NOW + 5)).toBe(false)
      expect(await spend('a', 'second', NOW + 7)).toBe(false)
      expect(await store.addNonce('a', 'another', NOW + 7)).toBe(false)
      expect(await spend('a', 'ahead', NOW + 20)).toBe(false)
      expect(await spend('a', 'later', NOW + 8)).toBe(true)
      // Of no other device.
      expect(await spend('b', 'first', NOW + 5)).toBe(true)
      await store.transaction((tx) => tx.prune(NOW + 8 + CLOCKS_APART_MS))
      expect(await store.addNonce('a', 'later', NOW + 8)).toBe(false)
    }))

  test('of nonces that come together each is new once, and the device is seen', () =>
    withStore(async (store) => {
      const device = { id: 'a', publicKey: 'k', enrolledAt: NOW, lastSeenAt: null }
      await store.saveDevice(device)
      const spend = (deviceId: string, nonce: string, seenAt: number | null = null) =>
        store.spendNonce({ deviceId, nonce, expiresAt: NOW, seenAt })
      const many = [...Array(100).keys()].map((i) => spend('b', `n${i}`))
      const together = [spend('a', 'n', NOW + 7), spend('a', 'n'), spend('b', 'n'), ...many]
      expect((await Promise.all(together)).slice(0, 4)).toEqual([true, false, true, true])
      expect((await Promise.all(many)).every(Boolean)).toBe(true)
      expect(await spend('a', 'n')).toBe(false)
      expect(await store.addNonce('b', 'n99', NOW)).toBe(false)
      expect(await store.device('a')).toEqual({ ...device, lastSeenAt: NOW + 7 })
    }))
}
