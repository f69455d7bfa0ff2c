/** What devices say of a release: only sums over them are kept. */
import { FedError } from '../../adapters/errors.ts'
import { DAY_MS } from '../../adapters/time.ts'
import { judged } from '../releases/rollout.ts'
import type { RoundDeps } from '../rounds/deps.ts'

/** A device counts once a release for so long; by then there are others. */
const REMEMBERED_MS = 180 * DAY_MS

/** difference: from -1 to 1. False when this device was counted before. Fails with E_NO_RELEASE. */
export const judgeRelease = (
  { store, clock }: Pick<RoundDeps, 'store' | 'clock'>,
  deviceId: string,
  hash: string,
  difference: number,
): Promise<boolean> =>
  store.transaction(async (tx) => {
    const known = await tx.release(hash)
    if (!known) throw new FedError('E_NO_RELEASE', 'no release has this hash')
    await tx.lock(known.lineId)
    const until = clock() + REMEMBERED_MS
    if (!(await tx.addNonce(deviceId, `judged-${hash}`, until))) return false
    const release = (await tx.release(hash))!
    await tx.saveRelease({ ...release, judgement: judged(release.judgement, difference) })
    return true
  })
