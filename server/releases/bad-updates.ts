/** Updates that cannot be aggregated, and what is done with the others. */
import { type ErrorCode, FedError, isFedError } from '../../adapters/errors.ts'

/** Updates that cannot be summed, by their digests; the others may be summed without them. */
export class BadUpdates extends FedError {
  readonly digests: readonly string[]

  constructor(digests: readonly string[], { code, message }: FedError) {
    super(code, `${digests.length} updates, the first of them ${digests[0]}: ${message}`)
    this.digests = digests
  }
}

/** Codes of what an update holds; other failures are the server's own. */
const OF_UPDATES: ReadonlySet<string> = new Set<ErrorCode>([
  'E_CONTAINER',
  'E_PROTOCOL',
  'E_SHAPE',
  'E_NOT_FINITE',
  'E_NORM',
  'E_BASE_MODEL',
  'E_BASIS',
  'E_FEATURES',
  // What devices of a masked round have revealed.
  'E_SHARES',
  'E_SURVIVORS',
])

/** Whether the same updates would fail again. */
export const isOfUpdates = (error: unknown): error is FedError =>
  isFedError(error) && OF_UPDATES.has(error.code)

/**
 * Gives each update, and its place among the digests, to one of `adders`, whichever is free. Tries
 * all, so that one round names all bad ones. Fails with BadUpdates.
 */
export const addAll = async (
  digests: readonly string[],
  read: (hash: string) => Promise<Uint8Array>,
  adders: readonly ((update: Uint8Array, at: number) => unknown)[],
): Promise<void> => {
  const bad = new Map<string, FedError>()
  const left = digests.entries()
  const addLeft = async (add: (update: Uint8Array, at: number) => unknown) => {
    for (const [at, digest] of left) {
      const update = await read(digest)
      try {
        await add(update, at)
      } catch (error) {
        if (!isOfUpdates(error)) throw error
        bad.set(digest, error)
      }
    }
  }
  await Promise.all(adders.map(addLeft))
  const named = digests.filter((digest, i) => bad.has(digest) && digests.indexOf(digest) === i)
  if (named.length > 0) throw new BadUpdates(named, bad.get(named[0]!)!)
}
