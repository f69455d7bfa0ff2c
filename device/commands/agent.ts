/** `loreweave agent`: the local API, and work by itself whenever the machine's conditions allow it. */
import { unwatchFile, watchFile } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import { asFedError } from '../../adapters/errors.ts'
import { cryptoRng } from '../../adapters/random.ts'
import { parseOverrides } from '../agent/conditions.ts'
import { startOfDay } from '../agent/energy-status.ts'
import type { Home } from '../agent/home.ts'
import { type AgentEvent, runAgent } from '../agent/scheduler-loop.ts'
import { openStore } from '../agent/store.ts'
import { isTrainingPaused } from '../agent/training.ts'
import { timerSleep } from '../agent/transport.ts'
import type { Device } from '../agent/types.ts'
import { type Holder, lockHolder } from '../home/lock.ts'
import {
  type DeviceContext,
  homeOf,
  localMeter,
  localReaders,
  openLocalDevice,
  withDevice,
} from './context.ts'
import type { Io } from './io.ts'
import { SERVING_IDLE_MS, type ServeOptions, startApi, withApi } from './serve.ts'

type AgentOptions = ServeOptions & {
  once?: boolean
  api: boolean
  ignore?: string
  assume?: string
}

export const agentCommand = (io: Io): Command =>
  withApi(new Command('agent'))
    .description('serve, and train and take part in rounds by itself when the machine is free')
    .option('--once', 'do what is due and allowed now, and end')
    .option('--no-api', 'do not serve apps')
    .option(
      '--ignore <list>',
      'conditions that need not hold in this run: charging, idle, hours, heat, metered, budget',
    )
    .option(
      '--assume <list>',
      'in the place of what is read: charging=yes, idle=no, metered=no, celsius=60',
    )
    .addHelpText(
      'after',
      '\nConditions and the daily budget are the settings under `agent` in config.json. One agent or `loreweave serve` a home.\nWith --json what happens is told on stdout, one JSON object a line.\n\nExamples:\n  loreweave agent\n  loreweave agent --once --no-api --ignore charging,idle --json',
    )
    .action((options: AgentOptions) => {
      parseOverrides(options.ignore, options.assume)
      return withDevice(
        io,
        options,
        async (device, context) => {
          const { home } = context
          const api =
            options.api && !options.once ? await startApi(io, device, context, options) : null
          try {
            for (let now: Home | null = home; now !== null; )
              now = await runOn(io, options, { ...context, home: now })
          } finally {
            await api?.close()
          }
        },
        { endsItself: true, idleMs: SERVING_IDLE_MS, owns: 'agent' },
      )
    })

/** Until it is stopped, or its configuration has changed: then the home as it is now. */
const runOn = async (
  io: Io,
  options: AgentOptions,
  context: DeviceContext,
): Promise<Home | null> => {
  const { home, store, signal } = context
  const changed = new AbortController()
  let next: Home | null = null
  const path = join(home.folder, 'config.json')
  const emit = options.json ? printEvent(io) : tellEvent(io)
  watchFile(path, { interval: WATCH_MS }, () => {
    try {
      next = homeOf(io, options)
      changed.abort()
    } catch (error) {
      const { code, message } = asFedError(error)
      emit({ event: 'failed', code, message })
    }
  })
  const worker = openWorker(io, options, context)
  try {
    await runAgent({
      ...worker,
      store,
      settings: home.config.settings.agent,
      overrides: parseOverrides(options.ignore, options.assume),
      isEnrolled: home.config.server !== null,
      upkeep: () => worker.device.upkeep(),
      clock: Date.now,
      steady: () => performance.now(),
      calendar: localCalendar,
      sleep: timerSleep,
      rng: cryptoRng(),
      emit,
      isOnce: options.once ?? false,
      signal: AbortSignal.any([signal, changed.signal]),
    })
    return signal.aborted ? null : next
  } finally {
    unwatchFile(path)
    await worker.device.close()
  }
}
const WATCH_MS = 3000

/** The agent that runs in this home now. */
export const runningAgent = (folder: string): Pick<Holder, 'pid' | 'startedAt'> | null => {
  const holder = lockHolder(folder)
  return holder?.command === 'agent' ? { pid: holder.pid, startedAt: holder.startedAt } : null
}

/**
 * A device of its own for what takes minutes: reading answers and training share one process, which stops within a tenth of a second,
 * whatever it does, while apps are served by the other.
 */
const openWorker = (io: Io, options: AgentOptions, context: DeviceContext) => {
  const { home } = context
  const settings = home.config.settings.agent
  const store = openStore(home.databasePath)
  let isHeld = false
  let signal: AbortSignal | undefined
  const read = localReaders()
  const device: Device = openLocalDevice(
    io,
    options,
    { ...context, store },
    {
      oneChild: true,
      isPaused: () => isHeld || isTrainingPaused(store),
      signal: () => signal,
    },
  )
  return {
    device,
    read,
    meter: localMeter(settings.wattsPerCore),
    hold: (held: boolean) => {
      isHeld = held
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

/** For people, on stderr. */
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
