/** Runs a command as the owner of its home while the command lasts. */
import { isFedError } from '../../adapters/errors.ts'
import { createControl } from '../api/app.ts'
import { type DeviceClient, DIRECT_PORT, directTransport, openClient } from '../api/client.ts'
import type { Door } from '../api/serve.ts'
import type { Home } from '../home/home.ts'
import { openLiveHome } from '../home/live-home.ts'
import { type Holder, heldBy, type Lock } from '../home/lock.ts'
import type { ModelOptions } from './context.ts'
import type { Io } from './io.ts'
import { controlApp, type OwnerOptions, openOwner } from './owner.ts'

type Held = { readonly lock: Lock; readonly holder: Holder; readonly door: Door | null }

export const asOwner = async <T>(
  io: Io,
  options: ModelOptions,
  first: Home,
  { lock, holder, door }: Held,
  engine: OwnerOptions,
  work: (client: DeviceClient) => Promise<T> | T,
): Promise<T> => {
  try {
    const owner = openOwner(io, options, openLiveHome(first, io.env), holder, engine)
    try {
      door?.open(
        controlApp(owner, ({ isLong }) => {
          if (isLong) throw heldBy(first.folder, holder)
        }).fetch,
      )
      let cause: unknown
      const failed = (error: unknown) => {
        cause = error
      }
      const app = createControl({
        ...owner.control,
        port: () => DIRECT_PORT,
        report: () => {},
        failed,
      })
      const client = openClient(directTransport(app.fetch), first.deviceToken)
      const call: DeviceClient['call'] = (name, given) =>
        client.call(name, given).catch((error) => {
          throw isFedError(error) && error.code === 'E_INTERNAL' ? (cause ?? error) : error
        })
      return await work({ call })
    } finally {
      await door?.close()
      await owner.close()
    }
  } finally {
    lock.release()
  }
}
