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

/** Times are milliseconds of true time; busy times are processor seconds. */
type Course = {
  truth: number
  now: Circumstances
  freeSince: number | null
  slept: number
  /** By how much the clock was set, all settings together. */
  set: number
  /** Promises for which time stands still. */
  inFlight: number
  agentBusy: number
  userBusy: number
  readonly waiters: Set<Waiter>
}

export const openWorld = (
  startMs: number,
  first: Circumstances,
  script: readonly Happening[],
  tell: (what: string) => void,
): World => {
  const course: Course = {
    truth: 0,
    now: first,
    freeSince: first.isUserThere ? null : 0,
    slept: 0,
    set: 0,
    inFlight: 0,
    agentBusy: 0,
    userBusy: 0,
    waiters: new Set(),
  }
  const left = [...script].sort((a, b) => a.at - b.at)
  return {
    truth: () => course.truth,
    clock: () => startMs + Math.floor(course.truth) + course.set,
    steady: () => steadyMs(course),
    now: () => course.now,
    freeSince: () => course.freeSince,
    sleep: (ms, signal) => waitFor(course, ms, signal),
    busy: async (promise) => {
      course.inFlight++
      try {
        return await promise
      } finally {
        course.inFlight--
      }
    },
    coreSeconds: () => course.agentBusy,
    work: (seconds) => {
      course.agentBusy += seconds
    },
    io: machineOf(() => ({
      now: course.now,
      truth: course.truth,
      freeSince: course.freeSince,
      steady: steadyMs(course),
      busy: course.userBusy + course.agentBusy,
    })),
    run: (end) => passUntil(course, left, end, tell),
  }
}

const steadyMs = ({ truth, slept }: Course): number => truth - slept

/** Takes from `left` what happens before `end`. */
const passUntil = async (
  course: Course,
  left: Happening[],
  end: number,
  tell: (what: string) => void,
): Promise<void> => {
  for (;;) {
    await untilAllWait(course)
    const next = [...course.waiters].reduce<Waiter | null>(
      (best, waiter) => (best && best.at <= waiter.at ? best : waiter),
      null,
    )
    const at = Math.min(end, (next?.at ?? Number.POSITIVE_INFINITY) + course.slept)
    const happening = left[0]
    if (happening && happening.at <= at) {
      left.shift()
      passTo(course, Math.max(course.truth, happening.at))
      tell(happening.what)
      await happen(course, happening)
      continue
    }
    passTo(course, Math.max(course.truth, at))
    if (!next || at >= end) return
    next.wake()
  }
}

const passTo = (course: Course, next: number): void => {
  if (course.now.isUserThere)
    course.userBusy += ((next - course.truth) / 1000) * CORES * USERS_SHARE
  course.truth = next
}

const happen = async (
  course: Course,
  { now: changes, sleepMs = 0, setMs = 0, run }: Happening,
): Promise<void> => {
  if (changes?.isUserThere !== undefined)
    course.freeSince = changes.isUserThere ? null : course.truth
  course.now = { ...course.now, ...changes }
  course.truth += sleepMs
  course.slept += sleepMs
  course.set += setMs
  await run?.()
}

const waitFor = (course: Course, ms: number, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const end = () => {
      course.waiters.delete(waiter)
      signal?.removeEventListener('abort', stop)
    }
    const stop = () => {
      end()
      reject(signal?.reason)
    }
    const waiter = {
      at: steadyMs(course) + Math.max(0, ms),
      wake: () => {
        end()
        resolve()
      },
    }
    course.waiters.add(waiter)
    signal?.addEventListener('abort', stop, { once: true })
  })

/** Until nothing is under way but waiting. */
const untilAllWait = async (course: Course): Promise<void> => {
  for (let turns = 0; turns < 2; turns++) {
    await new Promise((resolve) => setImmediate(resolve))
    if (course.inFlight > 0) turns = -1
  }
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
