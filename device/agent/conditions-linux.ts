/**
 * Reads charging, temperature, idleness and load from Linux: sysfs, logind, NetworkManager, /proc.
 * Parsers are pure.
 */
import type { Heat, MachineIo } from './machine-io.ts'

export type PowerSupply = {
  readonly type: string
  readonly scope: string | null
  readonly online: string | null
  readonly status: string | null
  readonly capacity: string | null
}

/**
 * Without a battery the machine is on mains. With one, it charges if it is plugged in or not
 * discharging. (Documentation/ABI/testing/sysfs-class-power: scope Device is a mouse or a headset.)
 */
export const powerOf = (
  supplies: readonly PowerSupply[],
): { charging: boolean | null; battery: number | null } => {
  const own = supplies.filter((s) => s.scope !== 'Device')
  const batteries = own.filter((s) => s.type === 'Battery')
  const levels = batteries.flatMap(({ capacity }) => (capacity === null ? [] : [Number(capacity)]))
  const known = levels.filter((level) => level >= 0 && level <= 100)
  const battery = known.length === 0 ? null : known.reduce((a, b) => a + b) / known.length
  if (batteries.length === 0) return { charging: true, battery: null }
  const plugs = own.filter((s) => s.type !== 'Battery' && s.online !== null)
  if (plugs.some((s) => s.online !== '0')) return { charging: true, battery }
  if (batteries.some((s) => s.status === 'Discharging')) return { charging: false, battery }
  if (batteries.some((s) => ['Charging', 'Full', 'Not charging'].includes(s.status ?? '')))
    return { charging: true, battery }
  return { charging: plugs.length > 0 ? false : null, battery }
}

const CPU_CHIP = /^(coretemp|k10temp|zenpower|cpu_thermal|soc_thermal)$/
const CPU_ZONE = /cpu|x86_pkg|soc|pkg|acpitz/i

/**
 * The processor's hottest sensor in °C. sensors: name of the chip or zone, and thousandths of a
 * degree.
 */
export const hottest = (
  sensors: readonly { readonly name: string; readonly milli: string | null }[],
): number | null => {
  const degrees = sensors
    .filter(({ name, milli }) => milli !== null && (CPU_CHIP.test(name) || CPU_ZONE.test(name)))
    .map(({ milli }) => Number(milli) / 1000)
    .filter((celsius) => celsius > -40 && celsius < 150)
  return degrees.length === 0 ? null : Math.max(...degrees)
}

/**
 * `busctl get-property … Manager IdleHint IdleSinceHintMonotonic`: two lines, "b true" and "t
 * <microseconds>". null without a session.
 */
export const idleOf = (text: string, monotonicMs: number): number | null => {
  const isIdle = /^b (true|false)$/m.exec(text)?.[1]
  const since = Number(/^t (\d+)$/m.exec(text)?.[1] ?? 0)
  if (isIdle === 'false') return 0
  return isIdle === undefined || since === 0 ? null : Math.max(0, monotonicMs - since / 1000) / 1000
}

/** NetworkManager's NMMetered, "u 4": 1 and 3 are yes and a guessed yes, 2 and 4 no. */
export const meteredOf = (text: string): boolean | null => {
  const state = Number(/^u (\d+)$/m.exec(text)?.[1] ?? 0)
  return state === 1 || state === 3 ? true : state === 2 || state === 4 ? false : null
}

/**
 * Parses the first line of /proc/stat, in seconds of one core at the usual 100 ticks
 * (proc_stat(5)). Waiting for a disk is not busy.
 */
export const cpuTimes = (text: string): { busy: number; total: number } | null => {
  const fields = /^cpu +([\d ]+)$/m.exec(text)?.[1]?.trim().split(/ +/).map(Number)
  if (!fields || fields.length < 5) return null
  // The guest's time is already in user and nice.
  const total = fields.slice(0, 8).reduce((a, b) => a + b, 0)
  return { busy: (total - fields[3]! - fields[4]!) / TICKS, total: total / TICKS }
}

export const TICKS = 100

export const readLinux = (io: MachineIo) => {
  const line = async (path: string) => (await io.readText(path))?.trim() ?? null
  return {
    async power() {
      const folder = `${io.sys}/class/power_supply`
      const names = await io.list(folder)
      if (!names) return null
      const supplies = names.map(async (name) => {
        const field = (file: string) => line(`${folder}/${name}/${file}`)
        const [type, scope, online, status, capacity] = await Promise.all(
          ['type', 'scope', 'online', 'status', 'capacity'].map(field),
        )
        return {
          type: type ?? '',
          scope: scope ?? null,
          online: online ?? null,
          status: status ?? null,
          capacity: capacity ?? null,
        }
      })
      return powerOf(await Promise.all(supplies))
    },
    async heat(): Promise<Heat> {
      const chips = `${io.sys}/class/hwmon`
      const zones = `${io.sys}/class/thermal`
      const sensors: { name: string; milli: string | null }[] = []
      for (const chip of (await io.list(chips)) ?? []) {
        const name = (await line(`${chips}/${chip}/name`)) ?? ''
        if (!CPU_CHIP.test(name)) continue
        for (const file of (await io.list(`${chips}/${chip}`)) ?? [])
          if (/^temp\d+_input$/.test(file))
            sensors.push({ name, milli: await line(`${chips}/${chip}/${file}`) })
      }
      if (sensors.length === 0)
        for (const zone of (await io.list(zones)) ?? [])
          if (zone.startsWith('thermal_zone'))
            sensors.push({
              name: (await line(`${zones}/${zone}/type`)) ?? '',
              milli: await line(`${zones}/${zone}/temp`),
            })
      return { celsius: hottest(sensors), throttled: null }
    },
    async idle() {
      const logind = 'org.freedesktop.login1'
      const text = await io.run('busctl', [
        '--system',
        'get-property',
        logind,
        '/org/freedesktop/login1',
        `${logind}.Manager`,
        'IdleHint',
        'IdleSinceHintMonotonic',
      ])
      return text === null ? null : idleOf(text, io.monotonicMs())
    },
    async metered() {
      const name = 'org.freedesktop.NetworkManager'
      const path = '/org/freedesktop/NetworkManager'
      const text = await io.run('busctl', ['--system', 'get-property', name, path, name, 'Metered'])
      return text === null ? null : meteredOf(text)
    },
    async load() {
      const text = await io.readText(`${io.proc}/stat`)
      return text === null ? null : cpuTimes(text)
    },
  }
}
