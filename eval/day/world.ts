/** A machine and its day: time passes only when everything waits; a script; sysfs as on Linux. */
import type { MachineIo } from '../../device/agent/machine-io.ts'
import type { Sleep } from '../../device/http/sleep.ts'

/** What is so until the script says otherwise. */
export type Circumstances = {
  readonly isPluggedIn: boolean
  readonly isUserThere: boolean
  readonly celsius: number
  readonly isMetered: boolean
  readonly hasNetwork: boolean
  /** logind does not answer. */
  readonly hangs: boolean
}

/** at: milliseconds of true time since the beginning. */
export type Happening = {
  readonly at: number
  readonly what: string
  readonly now?: Partial<Circumstances>
  /** The machine is suspended for so long. */
  readonly sleepMs?: number
  /** The clock is set by so much. */
  readonly setMs?: number
  readonly run?: () => void | Promise<void>
}

export type World = {
  /** True time; the machine's clock; a monotonic one that stands still during suspension. */
  readonly truth: () => number
  readonly clock: () => number
  readonly steady: () => number
  readonly now: () => Circumstances
  /** Since when nobody used the machine; null while somebody does (true time). */
  readonly freeSince: () => number | null
  readonly sleep: Sleep
  /** Time stands still until it is done. */
  readonly busy: <T>(work: Promise<T>) => Promise<T>
  /** Processor seconds of the agent's work so far. */
  readonly coreSeconds: () => number
  readonly work: (coreSeconds: number) => void
  readonly io: MachineIo
  /** Lets the time pass until `end`. */
  run(end: number): Promise<void>
}

const CORES = 2
/** Share of both cores that is busy while the user is there. */
const USERS_SHARE = 0.6

type Waiter = { readonly at: number; readonly wake: () => void }

export const openWorld = (
  startMs: number,
  first: Circumstances,
  script: readonly Happening[],
  tell: (what: string) => void,
): World => {
  let [truth, slept, set, inFlight, work, others] = [0, 0, 0, 0, 0, 0]
  let now = first
  let freeSince = first.isUserThere ? null : 0
  const waiters = new Set<Waiter>()
  const left = [...script].sort((a, b) => a.at - b.at)
  const steady = () => truth - slept

  const passTo = (next: number) => {
    if (now.isUserThere) others += ((next - truth) / 1000) * CORES * USERS_SHARE
    truth = next
  }
  const happen = async ({ what, now: changes, sleepMs = 0, setMs = 0, run }: Happening) => {
    tell(what)
    if (changes?.isUserThere !== undefined) freeSince = changes.isUserThere ? null : truth
    now = { ...now, ...changes }
    truth += sleepMs
    slept += sleepMs
    set += setMs
    await run?.()
  }
  const sleep: Sleep = (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const end = () => {
        waiters.delete(waiter)
        signal?.removeEventListener('abort', stop)
      }
      const stop = () => {
        end()
        reject(signal?.reason)
      }
      const waiter = {
        at: steady() + Math.max(0, ms),
        wake: () => {
          end()
          resolve()
        },
      }
      waiters.add(waiter)
      signal?.addEventListener('abort', stop, { once: true })
    })
  /** Until nothing is under way but waiting. */
  const quiet = async () => {
    for (let turns = 0; turns < 2; turns++) {
      await new Promise((resolve) => setImmediate(resolve))
      if (inFlight > 0) turns = -1
    }
  }

  const world: World = {
    truth: () => truth,
    clock: () => startMs + Math.floor(truth) + set,
    steady,
    now: () => now,
    freeSince: () => freeSince,
    sleep,
    busy: async (promise) => {
      inFlight++
      try {
        return await promise
      } finally {
        inFlight--
      }
    },
    coreSeconds: () => work,
    work: (seconds) => {
      work += seconds
    },
    io: machineOf(() => ({
      now,
      truth,
      freeSince,
      steady: steady(),
      busy: others + work,
    })),
    async run(end) {
      for (;;) {
        await quiet()
        const next = [...waiters].reduce<Waiter | null>(
          (best, waiter) => (best && best.at <= waiter.at ? best : waiter),
          null,
        )
        const at = Math.min(end, (next?.at ?? Number.POSITIVE_INFINITY) + slept)
        const happening = left[0]
        if (happening && happening.at <= at) {
          left.shift()
          passTo(Math.max(truth, happening.at))
          await happen(happening)
          continue
        }
        passTo(Math.max(truth, at))
        if (!next || at >= end) return
        next.wake()
      }
    },
  }
  return world
}

type Shown = {
  readonly now: Circumstances
  readonly truth: number
  readonly freeSince: number | null
  readonly steady: number
  readonly busy: number
}

const TICKS = 100

/** A laptop: mains, battery, processor sensor, logind, NetworkManager, no energy counters. */
const machineOf = (shown: () => Shown): MachineIo => {
  const files: Record<string, (s: Shown) => string> = {
    '/sys/class/power_supply/AC/type': () => 'Mains',
    '/sys/class/power_supply/AC/online': ({ now }) => (now.isPluggedIn ? '1' : '0'),
    '/sys/class/power_supply/BAT0/type': () => 'Battery',
    '/sys/class/power_supply/BAT0/status': ({ now }) =>
      now.isPluggedIn ? 'Charging' : 'Discharging',
    '/sys/class/power_supply/BAT0/capacity': () => '80',
    '/sys/class/hwmon/hwmon0/name': () => 'coretemp',
    '/sys/class/hwmon/hwmon0/temp1_input': ({ now }) => String(1000 * now.celsius),
    '/proc/stat': ({ truth, busy }) => {
      const idle = Math.max(0, (CORES * truth) / 1000 - busy)
      return `cpu  ${Math.round(busy * TICKS)} 0 0 ${Math.round(idle * TICKS)} 0 0 0 0 0 0\n`
    },
  }
  const folders: Record<string, string[]> = {
    '/sys/class/power_supply': ['AC', 'BAT0'],
    '/sys/class/hwmon': ['hwmon0'],
    '/sys/class/hwmon/hwmon0': ['name', 'temp1_input'],
  }
  return {
    sys: '/sys',
    proc: '/proc',
    readText: async (path) => files[path]?.(shown()) ?? null,
    list: async (path) => folders[path] ?? null,
    run: (_command, args) => {
      const { now, freeSince, steady, truth } = shown()
      if (args.includes('Metered')) return Promise.resolve(`u ${now.isMetered ? 1 : 2}\n`)
      if (now.hangs) return new Promise(() => {})
      const since = freeSince === null ? 0 : Math.max(1, steady - (truth - freeSince))
      return Promise.resolve(`b ${freeSince !== null}\nt ${Math.round(1000 * since)}\n`)
    },
    monotonicMs: () => shown().steady,
  }
}
