/**
 * Reads charging, throttling and idleness from macOS: `pmset` and `ioreg`. macOS does not say
 * whether a network is metered.
 */
import type { Heat, MachineIo } from './machine-io.ts'

/** `pmset -g batt`: "Now drawing from 'AC Power'", then a line a battery, if there is one. */
export const batteryOf = (
  text: string,
): { charging: boolean | null; battery: number | null } | null => {
  const source = /drawing from '([^']+)'/.exec(text)?.[1]
  if (source === undefined) return null
  const level = /InternalBattery[^\n]*?(\d+)%/.exec(text)?.[1]
  return {
    charging: source === 'AC Power' ? true : source === 'Battery Power' ? false : null,
    battery: level === undefined ? null : Number(level),
  }
}

/**
 * `pmset -g therm`: CPU_Speed_Limit is below 100 while the processor is slowed; without a record it
 * never was.
 */
export const throttledOf = (text: string): boolean | null => {
  const limit = /CPU_Speed_Limit\s*=\s*(\d+)/.exec(text)?.[1]
  if (limit !== undefined) return Number(limit) < 100
  return /No (thermal|performance) warning level/.test(text) ? false : null
}

/** `ioreg -c IOHIDSystem`: HIDIdleTime in nanoseconds. */
export const hidIdleOf = (text: string): number | null => {
  const idle = /"HIDIdleTime"\s*=\s*(\d+)/.exec(text)?.[1]
  return idle === undefined ? null : Number(idle) / 1e9
}

export const readMacos = (io: MachineIo) => {
  const parsed = async <T>(command: string, args: string[], parse: (text: string) => T | null) => {
    const text = await io.run(command, args)
    return text === null ? null : parse(text)
  }
  return {
    power: () => parsed('pmset', ['-g', 'batt'], batteryOf),
    heat: async (): Promise<Heat> => ({
      celsius: null,
      throttled: await parsed('pmset', ['-g', 'therm'], throttledOf),
    }),
    idle: () => parsed('ioreg', ['-c', 'IOHIDSystem', '-d', '4'], hidIdleOf),
    metered: async () => null,
    load: async () => null,
  }
}
