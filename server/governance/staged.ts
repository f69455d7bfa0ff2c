/**
 * What becomes of staged releases: one that proves to be worse is taken back, one that proves to be no
 * worse is promoted, where the operator has asked for that.
 */
import { isFedError } from '../../adapters/errors.ts'
import { isNoWorse, isWorse, isWorseThanBefore, promoteTo } from '../releases/rollout.ts'
import type { RoundDeps } from '../rounds/deps.ts'
import type { Lineage, Release } from '../store/records.ts'
import type { Tables } from '../store/store.ts'
import { rollBack } from './change-head.ts'

type StagedDeps = Omit<RoundDeps, 'aggregate'>

export const decideStaged = async (deps: StagedDeps): Promise<void> => {
  for (const lineage of await deps.store.lineages()) {
    const staged = await stagedReleases(deps.store, lineage)
    if (!(await haltWorse(deps, lineage, staged))) await promoteGood(deps, lineage, staged)
  }
}

const haltWorse = async (
  deps: StagedDeps,
  { id, rollout }: Lineage,
  staged: readonly Release[],
): Promise<boolean> => {
  const { store, log } = deps
  const worse = staged.find(
    ({ judgement, verdict }) =>
      isWorse(judgement, rollout?.judges) || (verdict && isWorseThanBefore(verdict)),
  )
  const promoted = worse && rollout && (await store.release(rollout.promoted))
  if (!promoted) return false
  log('warn', 'release_halted', { lineage: id, version: worse.summary.version })
  await rollBack(deps, id, promoted.summary.version).catch((error: unknown) => {
    // Another release came, or another server was first: the next look decides.
    if (!isFedError(error) || error.code !== 'E_CONFLICT') throw error
  })
  return true
}

const promoteGood = async (
  { store, log }: StagedDeps,
  { id, rollout }: Lineage,
  staged: readonly Release[],
): Promise<void> => {
  if (!rollout?.isPromoting) return
  const good = staged.find((release) => isNoWorse(release, rollout))
  if (!good) return
  await store.transaction(async (tx) => {
    await tx.lock(id)
    const lineage = (await tx.lineage(id))!
    // Somebody has changed what the decision was about.
    if (JSON.stringify(lineage.rollout) !== JSON.stringify(rollout)) return
    await tx.saveLineage(promoteTo(lineage, good.summary.hash))
    log('info', 'release_promoted', { lineage: id, version: good.summary.version })
  })
}

/** From the head back to the promoted one, without it. */
const stagedReleases = async (
  store: Pick<Tables, 'release'>,
  { head, rollout }: Lineage,
): Promise<Release[]> => {
  const staged: Release[] = []
  let hash: string | null = head
  while (rollout && hash !== null && hash !== rollout.promoted) {
    const release: Release | undefined = await store.release(hash)
    if (!release) break
    staged.push(release)
    hash = release.summary.parent
  }
  return staged
}
