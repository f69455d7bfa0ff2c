/** The agent's process: it owns the home, and works whenever the machine's conditions allow it. */
import { cryptoRng } from '../../adapters/random.ts'
import { parseOverrides } from '../agent/conditions.ts'
import { startOfDay } from '../agent/energy-status.ts'
import { runAgent } from '../agent/scheduler-loop.ts'
import type { AgentEvent } from '../agent/work.ts'
import type { ParticipateOptions } from '../federation/participate.ts'
import { timerSleep } from '../http/sleep.ts'
import type { TrainOptions } from '../owner/train.ts'
import { isTrainingPaused } from '../store/training.ts'
import type { Io } from './io.ts'
import { localMeter, localReaders } from './local-device.ts'
import { type Lasting, ownHome, type ServeOptions } from './own-home.ts'

export type AgentOptions = ServeOptions & {
  once?: boolean
  api: boolean
  ignore?: string
  assume?: string
}

export const agent = (io: Io, options: AgentOptions): Promise<void> => {
  parseOverrides(options.ignore, options.assume)
  return ownHome(io, options, options.api && !options.once, async (owner) => {
    while (await runOn(io, options, owner));
  })
}

/** Runs until it is stopped, or until its configuration has changed: then returns true. */
const runOn = async (io: Io, options: AgentOptions, owner: Lasting): Promise<boolean> => {
  const { home, store, signal } = owner
  const { config } = home.now()
  const changed = new AbortController()
  const unlisten = home.onChange(() => changed.abort())
  const worker = await openWorker(options, owner)
  try {
    await runAgent({
      ...worker,
      store,
      settings: config.settings.agent,
      overrides: parseOverrides(options.ignore, options.assume),
      isEnrolled: config.server !== null,
      upkeep: () => worker.device.upkeep(),
      clock: Date.now,
      monotonicMs: () => performance.now(),
      calendar: localCalendar,
      sleep: timerSleep,
      rng: cryptoRng(),
      emit: emitOf(io, options),
      isOnce: options.once ?? false,
      signal: AbortSignal.any([signal, changed.signal]),
    })
    return changed.signal.aborted && !signal.aborted
  } finally {
    unlisten()
    await worker.device.close()
  }
}

const emitOf = (io: Io, { json: isJson }: AgentOptions): ((event: AgentEvent) => void) =>
  isJson ? printEvent(io) : tellEvent(io)

/**
 * A second device for work that takes minutes. Reading answers and training share its process,
 * which can stop within a tenth of a second while the first device serves apps.
 */
const openWorker = async (options: AgentOptions, owner: Lasting) => {
  const { settings } = owner.home.now().config
  let isSuspended = false
  let signal: AbortSignal | undefined
  const read = localReaders()
  const device = await owner.openWorker(options, {
    isPaused: () => isSuspended || isTrainingPaused(owner.store),
    signal: () => signal,
  })
  return {
    device: {
      ...device,
      train: (given: TrainOptions = {}) =>
        owner.longWork.run((ends) => device.train({ ...given, signal: ends }), {
          ...given,
          yields: true,
        }),
      participate: (given: ParticipateOptions = {}) =>
        owner.longWork.run((ends) => device.participate({ ...given, signal: ends }), {
          ...given,
          yields: true,
        }),
    },
    read,
    meter: localMeter(settings.agent.wattsPerCore),
    suspend: (suspended: boolean) => {
      isSuspended = suspended
    },
    endsWith: (end: AbortSignal) => {
      signal = end
    },
  }
}

export const localCalendar = {
  minutes: (now: number) => {
    const date = new Date(now)
    return 60 * date.getHours() + date.getMinutes()
  },
  startOfDay,
}

const printEvent =
  (io: Io) =>
  (event: AgentEvent): void =>
    io.out(`${JSON.stringify({ at: new Date().toISOString(), ...event })}\n`)

/** Text for users on stderr. */
const tellEvent =
  (io: Io) =>
  (event: AgentEvent): void => {
    if (event.event === 'progress') {
      io.progress(event)
      return
    }
    const { event: name, ...rest } = event
    const words = Object.entries(rest).flatMap(([key, value]) =>
      value === null || value === undefined || key === 'readings'
        ? []
        : [`${key} ${typeof value === 'number' ? Number(value.toPrecision(4)) : value}`],
    )
    io.err(
      `${new Date().toISOString()} ${name}${words.length > 0 ? `: ${words.join(', ')}` : ''}\n`,
    )
  }
