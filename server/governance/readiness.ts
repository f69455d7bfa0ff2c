/** Whether this process can serve requests: it reaches its database and objects, has room, and keeps up. */
import type { Objects } from '../store/objects.ts'
import type { Disk } from '../store/room.ts'
import type { Tables } from '../store/store.ts'
import { isStuck } from './alerts.ts'

export type ReadinessDeps = {
  readonly store: Pick<Tables, 'setting' | 'alive'>
  readonly objects: Pick<Objects, 'has'>
  readonly clock: () => number
  /** Left out, or null: nothing is known of it. */
  readonly disk?: (() => Promise<Disk | null>) | undefined
}

const CHECKS = ['database', 'objects', 'disk', 'aggregation'] as const
/** By check: `ok`, or what is wrong. */
export type Readiness = Readonly<Record<(typeof CHECKS)[number], string>>

const NO_OBJECT = '0'.repeat(64)
const LIMIT_MS = 2000
const LEAST_FREE_BYTES = 256 * 2 ** 20

export const readinessOf = async (deps: ReadinessDeps): Promise<Readiness> => {
  const { store, objects, clock, disk } = deps
  const [database, reach, room, keepsUp] = await Promise.all([
    verdict(store.setting('upload-key'), () => null),
    verdict(objects.has(NO_OBJECT), () => null),
    verdict(disk?.() ?? Promise.resolve(null), (space) =>
      space && space.freeBytes < LEAST_FREE_BYTES
        ? `${Math.round(space.freeBytes / 2 ** 20)} MiB are free`
        : null,
    ),
    verdict(store.alive(), (running) => {
      const stuck = running.filter(({ round }) => round && isStuck(clock())(round))
      return stuck.length > 0 ? `${stuck.length} closed rounds wait for their release` : null
    }),
  ])
  return { database, objects: reach, disk: room, aggregation: keepsUp }
}

export const isReady = (readiness: Readiness): boolean =>
  CHECKS.every((check) => readiness[check] === 'ok')

/** No error text: it may name a path or a host. */
const verdict = async <T>(work: Promise<T>, flaw: (value: T) => string | null): Promise<string> => {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`no answer in ${LIMIT_MS / 1000} s`), LIMIT_MS)
  })
  const answer = work.then(
    (value) => flaw(value) ?? 'ok',
    () => 'not reached',
  )
  return Promise.race([answer, late]).finally(() => clearTimeout(timer))
}
