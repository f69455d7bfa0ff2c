/**
 * What an operator does with the releases of a lineage: roll back, set the scale anew, stage, promote.
 * A new head is a new version; the open round that trained from the last one is given up and opens
 * again from it.
 */
import { FedError } from '../../adapters/errors.ts'
import type { BuiltRelease } from '../releases/release.ts'
import { promote, stage } from '../releases/rollout.ts'
import { restoringRelease, unscaledRelease } from '../releases/successor.ts'
import { forgetUpdates } from '../rounds/coordinator.ts'
import type { RoundDeps } from '../rounds/deps.ts'

import { openRound } from '../rounds/progress.ts'
import { isOpen } from '../rounds/round.ts'
import type { Lineage, Release, Staging } from '../store/records.ts'
import type { Tables, Transaction } from '../store/store.ts'

type HeadDeps = Pick<RoundDeps, 'store' | 'objects' | 'clock' | 'rng' | 'log'>

/** Fails with E_NO_RELEASE for a lineage or version that is not there. */
export const rollBack = async (
  deps: HeadDeps,
  lineId: string,
  version: number,
): Promise<Release> => {
  const { store, clock } = deps
  const { head } = await headOf(store, lineId)
  const source = await versionOf(store, lineId, version)
  if (source.summary.hash === head.summary.hash)
    throw new FedError('E_CONFLICT', `version ${version} is the newest release already`)
  const bytes = await bytesOf(deps, source)
  const made = restoringRelease({ head, source, bytes, now: clock() })
  return changeHead(deps, head, made, `rolled back to version ${version}`)
}

/** Fails with E_NO_RELEASE, and with E_CONFLICT where there is neither scale nor prior. */
export const setScaleAnew = async (deps: HeadDeps, lineId: string): Promise<Release> => {
  const { head } = await headOf(deps.store, lineId)
  if (head.summary.parts.every((part) => part === 'adapter'))
    throw new FedError('E_CONFLICT', 'the newest release has no scale: the next statistics set one')
  const made = unscaledRelease({ head, bytes: await bytesOf(deps, head), now: deps.clock() })
  return changeHead(deps, head, made, 'the scale is set anew')
}

/** How new releases are given out. Fails with E_NO_RELEASE, E_CONFLICT. */
export const stageReleases = (deps: HeadDeps, lineId: string, staging: Staging): Promise<Lineage> =>
  changeLineage(deps, lineId, (lineage) => stage(lineage, staging))

/** All devices follow the newest release. Fails with E_NO_RELEASE. */
export const promoteHead = (deps: HeadDeps, lineId: string): Promise<Lineage> =>
  changeLineage(deps, lineId, (lineage) => promote(lineage))

const changeLineage = (
  { store, log }: HeadDeps,
  lineId: string,
  change: (lineage: Lineage) => Lineage,
): Promise<Lineage> =>
  store.transaction(async (tx) => {
    await tx.lock(lineId)
    const changed = change((await headOf(tx, lineId)).lineage)
    await tx.saveLineage(changed)
    const { share, promoted } = changed.rollout ?? { share: 1, promoted: changed.head }
    log('info', 'rollout_changed', { lineage: lineId, share, promoted })
    return changed
  })

/**
 * Fails with E_CONFLICT where another release came first. While it is staged, a restored release is
 * what the promoted devices have already, so all of them follow it.
 */
const changeHead = async (
  deps: HeadDeps,
  { lineId, summary: before, optimizer }: Release,
  { bytes, moments: _, ...made }: BuiltRelease,
  reason: string,
): Promise<Release> => {
  const { store, objects, log } = deps
  const { hash, version, createdAt } = made.summary
  const release: Release = { ...made, lineId }
  await objects.put(hash, bytes)
  const abandoned = await store.transaction(async (tx) => {
    await tx.lock(lineId)
    const { lineage } = await headOf(tx, lineId)
    if (lineage.head !== before.hash)
      throw new FedError('E_CONFLICT', 'a new release came meanwhile: try again')
    await tx.saveRelease(release)
    await tx.saveLineage(promoteRestored({ ...lineage, head: hash, updatedAt: createdAt }, release))
    return restartRounds(deps, tx, lineId, reason)
  })
  for (const roundId of abandoned) await forgetUpdates(deps, roundId)
  const last = optimizer?.moments
  if (last !== undefined && last !== release.optimizer?.moments) await objects.drop(last)
  log('info', 'release_made', { lineage: lineId, version, release: hash, reason })
  return release
}

const promoteRestored = (lineage: Lineage, { summary }: Release): Lineage =>
  summary.restores === undefined ? lineage : promote(lineage)

/** Gives up the open rounds, and opens the next one from the new head. The ids of those given up. */
const restartRounds = async (
  deps: HeadDeps,
  tx: Transaction,
  lineId: string,
  reason: string,
): Promise<string[]> => {
  const { clock, log } = deps
  const ids: string[] = []
  for (const { job, round } of await tx.alive()) {
    if (job.lineId !== lineId || !isOpen(round)) continue
    const closedAt = round.closedAt ?? clock()
    await tx.saveRound({ ...round, phase: 'abandoned', reason, closedAt })
    log('info', 'round_abandoned', { job: job.id, round: round.id, reason })
    ids.push(round.id)
  }
  await openRound(deps, tx, lineId, clock())
  return ids
}

const headOf = async (
  store: Tables,
  lineId: string,
): Promise<{ lineage: Lineage; head: Release }> => {
  const lineage = await store.lineage(lineId)
  const head = lineage && (await store.release(lineage.head))
  if (!lineage || !head) throw new FedError('E_NO_RELEASE', 'no lineage has this id')
  return { lineage, head }
}

const versionOf = async (store: Tables, lineId: string, version: number): Promise<Release> => {
  const [found] = await store.releasePage({ lineId, version, limit: 1 })
  if (found) return found.release
  const newest = (await headOf(store, lineId)).head.summary.version
  throw new FedError('E_NO_RELEASE', `the lineage has versions 0 to ${newest}, not ${version}`)
}

const bytesOf = async ({ objects }: HeadDeps, { summary }: Release): Promise<Uint8Array> => {
  const bytes = await objects.get(summary.hash)
  if (!bytes) throw new FedError('E_DATA', 'the bytes of this release are missing')
  return bytes
}
