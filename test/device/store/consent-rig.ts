/** A device on a server whose transport records every part of every attempt; something happens at a named point of a round. */
import { onTestFinished, vi } from 'vitest'
import type { Engine } from '../../../device/engine/engine.ts'
import type { LocalModel } from '../../../device/engine/model/open.ts'
import type { DeviceOptions } from '../../../device/owner/device.ts'
import { type OwnStore, openStore } from '../../../device/store/store.ts'
import type { StoreTx } from '../../../device/store/tables.ts'
import { testServer } from '../../support/federation-fixture.ts'
import { enrolledDevice, fakeEngine } from '../device-fixture.ts'

export const POINTS = [
  'before the check-in',
  'while the check-in is answered',
  'assigned',
  'the release is on its way',
  'between two tries of the download',
  'pooling',
  'training',
  'trained',
  'saved',
  'half of the update has left',
  'between two tries of the upload',
  'the update is taken',
] as const
export type Point = (typeof POINTS)[number] | null

type Kind = 'enroll' | 'checkin' | 'release' | 'update'
export type Sent = { readonly of: Kind; readonly part: 'headers' | 'first half' | 'second half' }

/** happens: at the point, the first time it is reached after arm(), which is at once unless isLater. train: instead of the fake one. */
export type RigOptions = {
  readonly point?: Point
  readonly happens?: (rig: Rig) => void
  readonly isLater?: boolean
  readonly train?: Engine['train']
}

export type Rig = Awaited<ReturnType<typeof consentRig>>

/** After which its consent is over. */
const EXPIRY_MS = 60_000

export const consentRig = async (model: LocalModel, options: RigOptions = {}) => {
  const { point = null, happens, isLater = false, train } = options
  const store = openStore(':memory:')
  onTestFinished(() => store.close())
  const server = testServer()
  const log: Sent[] = []
  const failing = new Set<Kind>()
  const state = { isArmed: !isLater, at: null as number | null, offset: 0 }
  const reach = (here: Point): void => {
    if (here !== point || !state.isArmed || state.at !== null) return
    state.at = log.length
    happens?.(rig)
    // A look of the watch.
    vi.advanceTimersByTime(250)
  }
  const network = recorded(log, failing, point, reach, (request) => server.app.request(request))
  const now = (): number => server.now() + state.offset
  const made = await enrolledDevice(
    model,
    {},
    {
      ...engineOf(model, reach, train),
      store: savedStore(store, reach),
      clock: () => now(),
      transport: network.transport,
      sleep: network.sleep,
      isPaused: () => {
        reach('before the check-in')
        return false
      },
    },
    server,
  )
  await made.device.grantConsent(['adapter', 'prior', 'statistics'], now() + EXPIRY_MS, 1)
  const rig = {
    store,
    server,
    device: made.device,
    now,
    participate: (follow = false) =>
      made.device.participate({ follow, onAssigned: () => reach('assigned') }),
    fail: (of: Kind) => void failing.add(of),
    heal: () => failing.clear(),
    arm: () => {
      state.isArmed = true
    },
    /** From here on `after` counts. */
    mark: () => {
      state.at = log.length
    },
    /** The device's clock goes on until the consent is over. */
    expire: () => {
      state.offset += EXPIRY_MS
    },
    hasHappened: () => state.at !== null,
    after: (): Sent[] => log.slice(state.at ?? 0),
  }
  return rig
}

const savedStore = (store: OwnStore, reach: (here: Point) => void): OwnStore => ({
  ...store,
  durably: async (work) => {
    let isSaved = false
    const savePending: StoreTx['savePending'] = (upload) => {
      store.savePending(upload)
      isSaved = true
    }
    const result = await store.durably((tx) => work({ ...tx, savePending }))
    // Once the transaction is over.
    if (isSaved) reach('saved')
    return result
  },
})

const engineOf = (
  model: LocalModel,
  reach: (here: Point) => void,
  train: Engine['train'] | undefined,
): Pick<DeviceOptions, 'engine'> => {
  const { engine } = fakeEngine(model)
  return {
    engine: {
      ...engine,
      pooled: async (...args) => {
        reach('pooling')
        return engine.pooled(...args)
      },
      train:
        train ??
        (async (...args) => {
          reach('training')
          const result = await engine.train(...args)
          reach('trained')
          return result
        }),
    },
  }
}

const kindOf = (path: string): Kind =>
  path.includes('/releases/')
    ? 'release'
    : path.endsWith('/update')
      ? 'update'
      : (path.slice(4) as Kind)

const turn = () => new Promise((resolve) => setImmediate(resolve))

/** Bytes leave in two halves, and none after the request's signal. The point "between two tries" makes a first one fail. */
const recorded = (
  log: Sent[],
  failing: ReadonlySet<Kind>,
  point: Point,
  reach: (here: Point) => void,
  serve: (request: Request) => Response | Promise<Response>,
) => {
  let last: Kind | null = null
  const betweenTries = {
    release: 'between two tries of the download',
    update: 'between two tries of the upload',
  } as const
  const isFirstOf = (of: Kind): boolean =>
    last !== of && (of === 'release' || of === 'update') && point === betweenTries[of]
  return {
    sleep: async () => {
      if (last === 'release' || last === 'update') reach(betweenTries[last])
    },
    transport: async (request: Request): Promise<Response> => {
      const of = kindOf(new URL(request.url).pathname)
      const fails = failing.has(of) || isFirstOf(of)
      last = of
      for (const part of ['headers', 'first half', 'second half'] as const) {
        request.signal.throwIfAborted()
        log.push({ of, part })
        await turn()
        if (of === 'update' && part === 'first half') reach('half of the update has left')
      }
      request.signal.throwIfAborted()
      if (fails) return new Response('', { status: 503 })
      const response = await serve(new Request(request, { signal: null }))
      if (of === 'checkin') reach('while the check-in is answered')
      if (of === 'release') reach('the release is on its way')
      if (of === 'update') reach('the update is taken')
      await turn()
      request.signal.throwIfAborted()
      return response
    },
  }
}
