/** What every store keeps of masked rounds. */
import { expect, test } from 'vitest'
import type { Store } from '../../../server/store/store.ts'

export const maskContract = (withStore: (use: (store: Store) => unknown) => unknown): void => {
  test('what devices say in a masked round is there by kind and by device, and counted', () =>
    withStore(async (store) => {
      for (const deviceId of ['b', 'a']) {
        const body = `of ${deviceId}`
        await store.saveMaskMessage({ roundId: 'r', kind: 'keys', deviceId, body })
      }
      await store.saveMaskMessage({ roundId: 'r', kind: 'shares', deviceId: 'a', body: 'shares' })
      await store.saveMaskMessage({ roundId: 'r', kind: 'shares', deviceId: 'a', body: 'again' })
      expect(await store.maskMessage('r', 'shares', 'a')).toBe('again')
      expect(await store.maskMessage('r', 'shares', 'b')).toBeUndefined()
      expect((await store.maskMessages('r', 'keys')).map(({ body }) => body)).toEqual([
        'of a',
        'of b',
      ])
      expect(await store.countMaskMessages('r', 'keys')).toBe(2)
      expect(await store.countMaskMessages('other', 'keys')).toBe(0)
    }))

  test('a masked round has places, requests and sealed shares of its own, until all are dropped', () =>
    withStore(async (store) => {
      // More than go into one statement.
      const places = Array.from({ length: 1203 }, (_, place) => ({
        deviceId: `device-${place}`,
        place,
        identity: `key-${place}`,
      }))
      for (const round of ['r', 'other']) {
        await store.saveMaskPlaces(round, [...places].reverse())
        await store.saveMaskRequest(round, 'roster', `asked in ${round}`)
        await store.saveSealedShares(round, [
          { from: 2, to: 7, sealed: 'two' },
          { from: 1, to: 7, sealed: 'one' },
          { from: 1, to: 8, sealed: 'another' },
        ])
        await store.saveMaskMessage({ roundId: round, kind: 'keys', deviceId: 'a', body: '' })
      }
      await store.saveMaskPlaces('r', [])
      await store.dropMasks('other')
      expect(await store.maskPlace('r', 'device-1000')).toEqual(places[1000])
      expect(await store.maskPlaces('r')).toEqual(places)
      expect(await store.maskRequest('r', 'roster')).toBe('asked in r')
      expect(await store.maskRequest('r', 'shares')).toBeUndefined()
      expect(await store.sealedSharesFor('r', 7)).toEqual([
        { from: 1, to: 7, sealed: 'one' },
        { from: 2, to: 7, sealed: 'two' },
      ])
      expect(await store.maskPlace('other', 'device-1')).toBeUndefined()
      expect(await store.maskPlaces('other')).toEqual([])
      expect(await store.maskRequest('other', 'roster')).toBeUndefined()
      expect(await store.sealedSharesFor('other', 7)).toEqual([])
      expect(await store.countMaskMessages('other', 'keys')).toBe(0)
    }))
}
