/** A process that owns a home, in this one: what `loreweave serve` is to other commands, without apps. */
import { join } from 'node:path'
import { VERSION } from '../../../adapters/version.ts'
import { openDoor } from '../../../device/api/serve.ts'
import { controlApp, openOwner } from '../../../device/commands/owner.ts'
import { openHome } from '../../../device/home/home.ts'
import { openLiveHome } from '../../../device/home/live-home.ts'
import { tryLock } from '../../../device/home/lock.ts'
import { silentIo } from '../cli-call.ts'

/** folder: holds home and cache, as of cli-call.ts. */
export const runningOwner = async (folder: string) => {
  const first = openHome(join(folder, 'home'))
  const door = await openDoor(0, [], () => {})
  const { port } = door
  const holder = {
    pid: process.pid,
    startedAt: Date.now(),
    command: 'serve',
    version: VERSION,
    port,
  }
  const lock = tryLock(first.folder, holder)
  if (!('release' in lock)) throw new Error('the home is owned')
  const abort = new AbortController()
  const home = openLiveHome(first, {})
  const engine = { signal: abort.signal, isLasting: true }
  const options = { cache: join(folder, 'cache'), threads: 1 }
  const owner = openOwner(silentIo(), options, home, holder, engine)
  await owner.device()
  door.open(controlApp(owner).fetch)
  return {
    ...owner,
    port,
    close: async () => {
      abort.abort()
      await door.close()
      await owner.close()
      lock.release()
    },
  }
}
export type RunningOwner = Awaited<ReturnType<typeof runningOwner>>
