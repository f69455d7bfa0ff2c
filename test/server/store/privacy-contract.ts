/** What every store keeps of differential privacy: the ledger, and seeds of noise. */
import { expect, test } from 'vitest'
import { EMPTY_LEDGER, nextLedgerEntry } from '../../../adapters/wire/privacy-ledger.ts'
import { newJob } from '../../../server/rounds/job.ts'
import type { Store } from '../../../server/store/store.ts'
import { parsedJob } from '../../support/federation-fixture.ts'
import { roundOf } from './unfinished-contract.ts'

const NOW = 1_700_000_000_000
const budget = { population: 'all', purpose: 'personalization' as const, epsilon: 4, delta: 1e-6 }

export const privacyContract = (
  withStore: (use: (store: Store) => unknown) => Promise<void>,
): void => {
  test('the privacy ledger is read in order, page by page, and each number is there once', () =>
    withStore(async (store) => {
      expect(await store.lastLedgerEntry()).toBeUndefined()
      const first = nextLedgerEntry(EMPTY_LEDGER, { kind: 'budget', ...budget }, NOW)
      const second = nextLedgerEntry(first, { kind: 'budget', ...budget, epsilon: 5 }, NOW)
      await store.addLedgerEntry(first)
      await store.addLedgerEntry(second)
      await expect(store.addLedgerEntry(second)).rejects.toThrow()
      expect(await store.ledgerEntries(0)).toEqual([first, second])
      expect(await store.ledgerEntries(1, 1)).toEqual([second])
      expect(await store.lastLedgerEntry()).toEqual(second)
    }))

  test('the seed of a round is kept for its inputs alone, once, and forgotten with the round', () =>
    withStore(async (store) => {
      const noise = { roundId: 'r', inputs: 'aa', seed: 'f0'.repeat(32), entry: 7 }
      await store.addRoundNoise(noise)
      await expect(store.addRoundNoise({ ...noise, seed: 'other' })).rejects.toThrow()
      expect(await store.roundNoise('r', 'aa')).toEqual(noise)
      expect(await store.roundNoise('r', 'bb')).toBeUndefined()
      await store.addRoundNoise({ ...noise, inputs: 'bb' })
      await store.addRoundNoise({ ...noise, roundId: 's' })
      await store.dropRoundNoise('r')
      expect(await store.roundNoise('r', 'bb')).toBeUndefined()
      expect(await store.roundNoise('s', 'aa')).toBeDefined()
    }))

  test('updates of a device are counted by job', () =>
    withStore(async (store) => {
      for (const id of ['one', 'other']) {
        await store.saveJob(newJob(id, 'line', parsedJob(), NOW))
        await store.saveRound(roundOf(`${id}-1`, id))
      }
      await store.saveRound(roundOf('one-2', 'one'))
      const member = { deviceId: 'd', assignedAt: NOW, isSilent: false, consent: null }
      await store.saveMember('one-1', { ...member, digest: 'a' })
      await store.saveMember('one-2', { ...member, digest: null })
      await store.saveMember('other-1', { ...member, digest: 'b' })
      expect(await store.countUpdatesTo('one', 'd')).toBe(1)
      expect(await store.countUpdatesTo('one', 'e')).toBe(0)
    }))
}
