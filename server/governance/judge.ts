/** What is said of a release: by devices, of which only sums are kept, and by the operator's machine. */
import { FedError } from '../../adapters/errors.ts'
import { DAY_MS } from '../../adapters/time.ts'
import type { Judgement } from '../../adapters/wire/federation.ts'
import { isWorseThanBefore, judged, pass, stagedRelease } from '../releases/rollout.ts'
import type { RoundDeps } from '../rounds/deps.ts'
import { hasBudget } from '../rounds/ledger.ts'
import type { Release, Verdict } from '../store/records.ts'

/** A device counts once a release for so long; by then there are others. */
const REMEMBERED_MS = 180 * DAY_MS

/**
 * False when this device was counted before. Fails with E_NO_RELEASE, of every release where there is a
 * privacy budget.
 */
export const judgeRelease = (
  { store, clock }: Pick<RoundDeps, 'store' | 'clock'>,
  deviceId: string,
  hash: string,
  judgement: Judgement,
): Promise<boolean> =>
  store.transaction(async (tx) => {
    const known = await tx.release(hash)
    if (!known) throw new FedError('E_NO_RELEASE', 'no release has this hash')
    // Their means are told without noise.
    if (await hasBudget(tx))
      throw new FedError(
        'E_NO_RELEASE',
        'this server has a privacy budget, and takes no judgements',
      )
    await tx.lock(known.lineId)
    const until = clock() + REMEMBERED_MS
    if (!(await tx.addNonce(deviceId, `judged-${hash}`, until))) return false
    const release = (await tx.release(hash))!
    await tx.saveRelease({ ...release, judgement: judged(release.judgement, judgement) })
    return true
  })

/** A verdict replaces the one before it. Fails with E_NO_RELEASE. */
export const giveVerdict = (
  { store }: Pick<RoundDeps, 'store'>,
  hash: string,
  verdict: Verdict,
): Promise<Release> =>
  store.transaction(async (tx) => {
    const known = await tx.release(hash)
    if (!known) throw new FedError('E_NO_RELEASE', 'no release has this hash')
    await tx.lock(known.lineId)
    const release: Release = { ...(await tx.release(hash))!, verdict }
    await tx.saveRelease(release)
    const lineage = (await tx.lineage(known.lineId))!
    const staged = await tx.release(stagedRelease(lineage))
    // A rollback makes a higher version: what it took back passes no more.
    const isNewer = release.summary.version > (staged?.summary.version ?? 0)
    if (isNewer && !isWorseThanBefore(verdict)) await tx.saveLineage(pass(lineage, hash))
    return release
  })
