/** Takes a staged release back when the devices that follow it report that it serves them worse. */
import { isWorse } from '../releases/rollout.ts'
import type { RoundDeps } from '../rounds/deps.ts'
import type { Lineage, Release } from '../store/records.ts'
import type { Tables } from '../store/store.ts'
import { rollBack } from './change-head.ts'

export const haltWorse = async (deps: Omit<RoundDeps, 'aggregate'>): Promise<void> => {
  const { store, log } = deps
  for (const lineage of await store.lineages()) {
    const worse = (await stagedReleases(store, lineage)).find((one) => isWorse(one.judgement))
    const promoted = lineage.rollout && (await store.release(lineage.rollout.promoted))
    if (!worse || !promoted) continue
    const { version } = promoted.summary
    log('warn', 'release_halted', { lineage: lineage.id, version: worse.summary.version })
    await rollBack(deps, lineage.id, version)
  }
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
