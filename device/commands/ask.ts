/**
 * Connects a command with its home: through the API of the process that owns it, or as its owner
 * while the command runs. Both do the same.
 */
import { FedError, isFedError } from '../../adapters/errors.ts'
import { onInterrupt } from '../../adapters/node/signals.ts'
import { VERSION } from '../../adapters/version.ts'
import { type DeviceClient, loopbackTransport, NobodyListens, openClient } from '../api/client.ts'
import type { Door } from '../api/serve.ts'
import type { Home } from '../home/home.ts'
import { type Holder, heldBy, type Lock, lockHolder, tryLock } from '../home/lock.ts'
import { timerSleep } from '../http/sleep.ts'
import { homeOf, type ModelOptions } from './context.ts'
import type { Io } from './io.ts'
import type { OwnerOptions } from './owner.ts'

/** A home that accepts calls. owner: the process that answers; null: this command is the owner. */
export type Asked = DeviceClient & {
  readonly home: Home
  readonly owner: Holder | null
  /** Aborts at SIGINT or SIGTERM. */
  readonly signal: AbortSignal
}

export type AskOptions = Pick<OwnerOptions, 'startsAtOnce'> & {
  /** The command may take long, so other commands can call it meanwhile. */
  readonly isLong?: boolean
}

/** Fails with E_CONFLICT if another command holds the home for seconds and accepts no calls. */
export const askHome = async <T>(
  io: Io,
  options: ModelOptions,
  work: (home: Asked) => Promise<T> | T,
  { isLong = false, ...engine }: AskOptions = {},
): Promise<T> => {
  const home = homeOf(io, options)
  const abort = new AbortController()
  const takeBack = onInterrupt(() => abort.abort())
  const { signal } = abort
  const door = isLong ? await openOwnDoor(io) : null
  try {
    // An owner needs the whole program. Others would wait if it were loaded under the lock.
    if (!lockHolder(home.folder)) await import('./as-owner.ts')
    const found = await findOwner(io, home, door)
    if ('client' in found) {
      await door?.close()
      return await work({ ...found.client, home, owner: found.holder, signal })
    }
    const { asOwner } = await import('./as-owner.ts')
    return await asOwner(io, options, home, { ...found, door }, { ...engine, signal }, ({ call }) =>
      work({ call, home, owner: null, signal }),
    )
  } finally {
    await door?.close()
    takeBack()
  }
}

/** The same for work that may take long, so other commands can call this one meanwhile. */
export const askLong = <T>(
  io: Io,
  options: ModelOptions,
  work: (home: Asked) => Promise<T> | T,
  how: AskOptions = {},
): Promise<T> => askHome(io, options, work, { ...how, isLong: true })

const openOwnDoor = async (io: Io): Promise<Door> => {
  const { openDoor } = await import('../api/serve.ts')
  return openDoor(0, [], io.event, LONG_GRACE_MS)
}

/** Time for other commands' calls after this one's own work. */
const LONG_GRACE_MS = 20_000
/** Wait for a command that accepts no calls, and for a queue of them. */
const WAIT_MS = 5000
const MAX_WAIT_MS = 60_000
const POLL_MS = 20
/** An owner that has just started answers soon. */
const HELLO_MS = 10_000

type Found =
  | { readonly lock: Lock; readonly holder: Holder }
  | { readonly client: DeviceClient; readonly holder: Holder }

const findOwner = async (io: Io, home: Home, door: Door | null): Promise<Found> => {
  const holder = holderOf(io, door?.port ?? null)
  const began = performance.now()
  let seen = ''
  let since = began
  for (;;) {
    const taken = tryLock(home.folder, holder)
    if ('release' in taken) return { lock: taken, holder }
    const { other } = taken
    if (other && other.port !== null) {
      const client = clientOf(home, other, other.port)
      if (await answers(client, home, other)) return { client, holder: other }
    }
    const now = performance.now()
    const name = `${other?.pid}/${other?.startedAt}`
    if (name !== seen) since = now
    seen = name
    if (now - since > WAIT_MS || now - began > MAX_WAIT_MS) throw heldBy(home.folder, other)
    await timerSleep(POLL_MS)
  }
}

/** The record of this process for others. */
export const holderOf = (io: Io, port: number | null): Holder => ({
  pid: process.pid,
  startedAt: Date.now(),
  command: io.command(),
  version: VERSION,
  port,
})

/** False if it has ended. Fails if it does not know this home. */
const answers = async (client: DeviceClient, home: Home, owner: Holder): Promise<boolean> => {
  try {
    await client.call('getOwner', { signal: AbortSignal.timeout(HELLO_MS) })
    return true
  } catch (error) {
    if (error instanceof NobodyListens) return false
    if (isFedError(error) && error.code === 'E_UNAVAILABLE') return false
    if (isFedError(error) && error.code === 'E_CANCELLED') throw heldBy(home.folder, owner)
    if (isFedError(error) && error.code === 'E_AUTH')
      throw heldBy(home.folder, owner, 'it rejects the device token of this home: restart it')
    throw error
  }
}

/** A client of a running owner. */
export const clientOf = (home: Home, owner: Holder, port: number): DeviceClient => {
  const strange = () =>
    new FedError(
      'E_PROTOCOL',
      `\`loreweave ${owner.command}\`, process ${owner.pid}, is version ${owner.version} and ` +
        `this is ${VERSION}, which is incompatible: restart it`,
    )
  const client = openClient(loopbackTransport(port), home.deviceToken, strange)
  if (owner.version === VERSION) return client
  const call: DeviceClient['call'] = (name, given) =>
    client.call(name, given).catch((error) => {
      // One version may call routes that the other lacks or defines differently.
      const isOther = isFedError(error) && /^E_(NOT_FOUND|BODY|PROTOCOL)$/.test(error.code)
      throw isOther ? strange() : error
    })
  return { call }
}
