/**
 * Processes that die by SIGKILL at one call of what they keep: before it, after it, or around the
 * commit of the transaction that it is part of. Production knows nothing of this.
 */
import { decodeContainer } from '../../adapters/container/container.ts'
import type { Data } from '../../server/store/open.ts'
import type { Job, Round, RoundMember } from '../../server/store/records.ts'

/** Of a process that is to die: where, such as `after saveRound released`. */
export const DIE_AT = 'LOREWEAVE_TEST_DIES'

export type Reached = (point: string) => void

/** where: without a version, a release of any. */
export const dieAt =
  (where: string | undefined): Reached =>
  (point) => {
    if (point === where || point.replace(/ \d+$/, '') === where)
      process.kill(process.pid, 'SIGKILL')
  }

type Method = (...given: never[]) => unknown

/** Every call is reached before it, and after it is done. */
export const watched = <T extends object>(part: T, reached: Reached, name: Name): T =>
  new Proxy(part, {
    get(target, key) {
      const value = Reflect.get(target, key) as unknown
      if (typeof value !== 'function' || typeof key !== 'string') return value
      return (...given: never[]) => {
        const called = name(key, given)
        reached(`before ${called}`)
        return whenDone((value as Method).apply(target, given), () => reached(`after ${called}`))
      }
    },
  })

type Name = (method: string, given: readonly unknown[]) => string

/** Of a device: what it says in a masked round, and which step of it is stored. */
export const deviceCall: Name = (method, given) => {
  const [, said] = given as readonly [unknown, { kind?: string; state?: { step: string } }?]
  if (method === 'sayMasked') return `${method} ${said?.kind}`
  return method === 'setMasked' ? `${method} ${said?.state?.step}` : method
}

const whenDone = (answer: unknown, done: () => void): unknown => {
  if (answer instanceof Promise)
    return answer.then((result) => {
      done()
      return result
    })
  done()
  return answer
}

type Transact = (work: (tx: object) => unknown) => Promise<unknown>

/** The calls of a transaction, and before and after its commit each of them once more. */
export const watchedCommits = <T>(transact: T, reached: Reached, name: Name): T => {
  const watching: Transact = async (work) => {
    const calls = new Set<string>()
    const note: Reached = (point) => {
      reached(point)
      calls.add(point.replace(/^\w+ /, ''))
    }
    const around = (when: string) => {
      for (const call of calls) reached(`${when} commit of ${call}`)
    }
    const value = await (transact as Transact)((tx) =>
      whenDone(work(watched(tx, note, name)), () => around('before')),
    )
    around('after')
    return value
  }
  return watching as T
}

/** A store and its objects whose every call is a point. */
export const watchedData = ({ store, objects }: Data, reached: Reached): Data => ({
  objects: watched(objects, reached, serverCall),
  store: {
    ...watched(store, reached, serverCall),
    transaction: watchedCommits(store.transaction, reached, serverCall),
  },
})

const serverCall: Name = (method, given) => {
  const more = DETAILS[method]?.(...(given as never[]))
  return more === undefined ? method : `${method} ${more}`
}

const DETAILS: Record<string, (...given: never[]) => string> = {
  put: (_: string, bytes: Uint8Array) => kindOf(bytes),
  saveJob: ({ state }: Job) => state,
  saveRound: ({ phase, assigned, received, masking }: Round) =>
    phase !== 'collecting'
      ? phase
      : (masking?.phase ?? `with ${assigned > 0 ? 'places' : 'none'}, ${received} in`),
  saveMaskMessage: ({ kind }: { kind: string }) => kind,
  saveMaskRequest: (_: string, kind: string) => kind,
  saveMember: (_: string, { digest }: RoundMember) => (digest ? 'update' : 'place'),
  lease: (name: string) => name.split(' ')[0]!,
  endLease: (name: string) => name.split(' ')[0]!,
}

/** An update, a release with its version, or else the moments of an optimizer. */
const kindOf = (bytes: Uint8Array): string => {
  try {
    const { kind, version } = decodeContainer(bytes).header as { kind: string; version?: number }
    return version === undefined ? kind : `${kind} ${version}`
  } catch {
    return 'moments'
  }
}
