/**
 * Measures the energy of a piece of work by the best available method. The processor's counters
 * (RAPL) and the battery measure the whole machine, idle power included. The work is charged by its
 * share of the processor time.
 */
import type { EnergyMethod } from '../records/agent-reports.ts'
import { cpuTimes } from './conditions-linux.ts'
import type { MachineIo } from './machine-io.ts'

/** Counter values at one time; null: unreadable. */
export type Sample = {
  /** Milliseconds of the monotonic clock. */
  readonly at: number
  /** Processor seconds of the work's processes so far, and of everything. */
  readonly own: number
  readonly busy: number | null
  /** For each processor package: microjoules so far, and the value at which the counter wraps. */
  readonly packages: readonly { readonly microjoules: number; readonly range: number }[] | null
  /** Power of the discharging batteries. */
  readonly batteryWatts: number | null
}

export type Energy = {
  readonly joules: Readonly<Record<EnergyMethod, number>>
  readonly seconds: number
  readonly last: Sample
}

export const beginEnergy = (first: Sample): Energy => ({
  joules: { rapl: 0, battery: 0, 'cpu-time': 0 },
  seconds: 0,
  last: first,
})

/** A higher count means that the machine slept or its counter was reset. */
const MAX_WATTS = 1000
/** A battery's power value is valid for this long. */
const BATTERY_MS = 5 * 60_000

/**
 * Adds the energy used since the last sample. If a counter cannot be read, the next method applies.
 */
export const addSample = (energy: Energy, now: Sample, wattsPerCore: number): Energy => {
  const { last } = energy
  const ms = Math.max(0, now.at - last.at)
  const own = Math.max(0, now.own - last.own)
  const busy = now.busy !== null && last.busy !== null ? now.busy - last.busy : null
  const share = busy === null ? 1 : own === 0 ? 0 : own / Math.max(own, busy)
  const measured = packageJoules(last, now, ms)
  const [method, joules]: [EnergyMethod, number] =
    measured !== null
      ? ['rapl', measured * share]
      : now.batteryWatts !== null && ms <= BATTERY_MS
        ? ['battery', (now.batteryWatts * ms * share) / 1000]
        : ['cpu-time', own * wattsPerCore]
  return {
    joules: { ...energy.joules, [method]: energy.joules[method] + joules },
    seconds: energy.seconds + ms / 1000,
    last: now,
  }
}

/** The total, with the method that gave most of it. */
export const totalOf = ({ joules, seconds }: Energy) => {
  const parts = Object.entries(joules) as [EnergyMethod, number][]
  const [method] = parts.reduce((best, part) => (part[1] > best[1] ? part : best))
  return {
    joules: parts.reduce((sum, [, part]) => sum + part, 0),
    seconds,
    method: parts.some(([, part]) => part > 0) ? method : ('cpu-time' as const),
  }
}

/** null if the counters cannot be read, or exceed what a machine can take. */
const packageJoules = (last: Sample, now: Sample, ms: number): number | null => {
  if (!last.packages || now.packages?.length !== last.packages.length) return null
  const joules = now.packages.reduce((sum, { microjoules, range }, i) => {
    const difference = microjoules - last.packages![i]!.microjoules
    return sum + (difference < 0 ? difference + range : difference) / 1e6
  }, 0)
  return joules <= (MAX_WATTS * ms) / 1000 ? joules : null
}

export type EnergyMeter = {
  begin(): Promise<Energy>
  add(energy: Energy): Promise<Energy>
}

/**
 * wattsPerCore: the power model if nothing is measured. ownSeconds: of the processes that are
 * charged.
 */
export const openMeter = (
  io: MachineIo,
  ownSeconds: () => Promise<number | null>,
  wattsPerCore: number,
): EnergyMeter => {
  const sample = async (): Promise<Sample> => ({
    at: io.monotonicMs(),
    own: (await ownSeconds()) ?? 0,
    busy: cpuTimes((await io.readText(`${io.proc}/stat`)) ?? '')?.busy ?? null,
    packages: await readPackages(io),
    batteryWatts: await readBattery(io),
  })
  return {
    begin: async () => beginEnergy(await sample()),
    add: async (energy) => addSample(energy, await sample(), wattsPerCore),
  }
}

/**
 * Zones intel-rapl:N that are named package-N. Their parts (core, dram) are included or not the
 * processor's. Usually readable by root only.
 */
const readPackages = async (io: MachineIo): Promise<Sample['packages']> => {
  const folder = `${io.sys}/class/powercap`
  const zones = ((await io.list(folder)) ?? []).filter((name) => /^intel-rapl:\d+$/.test(name))
  const packages = await Promise.all(
    zones.sort().map(async (zone) => {
      const field = (name: string) => io.readText(`${folder}/${zone}/${name}`)
      if (!(await field('name'))?.startsWith('package')) return []
      const [energy, range] = [await field('energy_uj'), await field('max_energy_range_uj')]
      return energy === null || range === null
        ? [null]
        : [{ microjoules: Number(energy), range: Number(range) }]
    }),
  )
  const read = packages.flat().filter((p) => p !== null)
  return read.length > 0 && read.length === packages.flat().length ? read : null
}

/**
 * power_now, else current_now times voltage_now (microwatts, microamperes, microvolts), summed over
 * the discharging batteries.
 */
const readBattery = async (io: MachineIo): Promise<number | null> => {
  const folder = `${io.sys}/class/power_supply`
  let watts: number | null = null
  for (const name of (await io.list(folder)) ?? []) {
    const field = async (file: string) =>
      (await io.readText(`${folder}/${name}/${file}`))?.trim() ?? ''
    if ((await field('type')) !== 'Battery' || (await field('scope')) === 'Device') continue
    if ((await field('status')) !== 'Discharging') continue
    const power = Number((await field('power_now')) || Number.NaN)
    const [current, voltage] = [await field('current_now'), await field('voltage_now')]
    const own = Number.isFinite(power)
      ? Math.abs(power) / 1e6
      : current && voltage
        ? (Math.abs(Number(current)) * Number(voltage)) / 1e12
        : Number.NaN
    if (Number.isFinite(own)) watts = (watts ?? 0) + own
  }
  return watts
}
