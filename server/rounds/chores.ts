/** What one server at a time does now and then: it forgets what is old, and objects that nothing names. */
import type { Release } from '../store/records.ts'
import type { RoundDeps } from './deps.ts'
import { isOpen } from './round.ts'

const MINUTE_MS = 60_000

/** An upload is an object before it is a record; in an hour it is one or the other. */
const HOUR_MS = 60 * MINUTE_MS

export type Chores = {
  /** Does what is due: old rows each minute, objects each hour. */
  whenDue(now: number): Promise<void>
  /**
   * Removes objects that no release and no open round names: what a kill between a write and its
   * record left. Only where no other server uses them, and before any upload.
   */
  sweep(): Promise<void>
}

/** owner: of the lease, this server. */
export const createChores = (
  { store, objects }: Pick<RoundDeps, 'store' | 'objects'>,
  owner: string,
): Chores => {
  let prunedAt = Number.NEGATIVE_INFINITY
  let sweptAt: number | null = null
  /** Nothing named them an hour ago. */
  let suspects: ReadonlySet<string> = new Set()

  const sweepSuspects = async () => {
    const unnamed = await unnamedObjects({ store, objects })
    for (const hash of unnamed) if (suspects.has(hash)) await objects.drop(hash)
    suspects = new Set(unnamed)
  }
  return {
    async whenDue(now) {
      // Also when the clock was put back.
      if (Math.abs(now - prunedAt) < MINUTE_MS) return
      prunedAt = now
      if (!(await store.lease('chores', owner, 3 * MINUTE_MS))) return
      // All or nothing: a nonce goes with the note that stands for it.
      await store.transaction((tx) => tx.prune(now))
      if (sweptAt !== null && Math.abs(now - sweptAt) < HOUR_MS) return
      sweptAt = now
      await sweepSuspects()
    },
    async sweep() {
      for (const hash of await unnamedObjects({ store, objects })) await objects.drop(hash)
    },
  }
}

const unnamedObjects = async ({
  store,
  objects,
}: Pick<RoundDeps, 'store' | 'objects'>): Promise<string[]> => {
  // Listed first: what is named later is then no part of the list.
  const all = await objects.list()
  const named = new Set([...(await namedObjects(store)), ...(await sums(store))])
  return all.filter((hash) => !named.has(hash))
}

/** Of all releases, and the updates of rounds that have not ended; not their sums, which can be made again. */
export const namedObjects = async (store: RoundDeps['store']): Promise<string[]> => {
  const heads = new Set((await store.lineages()).map(({ head }) => head))
  const named = (await store.releases()).flatMap((release) => objectsOf(release, heads))
  for (const { round } of await store.alive())
    if (isOpen(round)) named.push(...(await store.digests(round.id)))
  return named
}

/** Of updates of rounds that have not ended. */
const sums = async (store: RoundDeps['store']): Promise<string[]> => {
  const open = (await store.alive()).flatMap(({ round }) => (isOpen(round) ? [round] : []))
  const folded = await Promise.all(open.map(({ id }) => store.folded(id)))
  return folded.flat().map(({ hash }) => hash)
}

/** A release's bytes, and where a lineage goes on from it, its optimizer's moments. */
const objectsOf = ({ summary, optimizer }: Release, heads: ReadonlySet<string>) => {
  const moments = heads.has(summary.hash) ? optimizer?.moments : undefined
  return [summary.hash, ...(moments === undefined ? [] : [moments])]
}
