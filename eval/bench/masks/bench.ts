/**
 * What masked rounds cost: the masks themselves, native against JavaScript; a whole round of some
 * devices; and one of many, by some of them and all that the server does. Processor time, all threads.
 */
import { nativeCiphers } from '../../../adapters/node/ciphers.ts'
import { randomBytes } from '../../../adapters/random.ts'
import { nobleCiphers } from '../../../adapters/secagg/ciphers.ts'
import { addMask } from '../../../adapters/secagg/ring.ts'
import { progress } from '../../measure/progress.ts'
import type { Result, Results } from '../../measure/results.ts'
import { alternate, rateResult } from '../alternate.ts'
import { runParty } from './party.ts'

export type MasksOptions = {
  readonly runs: number
  readonly devices: number
  readonly many: number
  readonly values: number
  readonly sampled: number
}

/** Share of the devices that are gone after they have shared their secrets. */
const DROPPED = 0.05
/** Masks of a run. */
const MASKS = 8
/** Bonawitz et al. 2017, abstract: 16-bit values, 2¹⁰ devices, 2²⁰ values. */
const PUBLISHED = { name: 'Bonawitz et al. 2017, 16-bit values', value: 1.73 }

export const benchMasks = async (options: MasksOptions): Promise<Results> => {
  const { devices, many, sampled } = options
  const results = [
    await maskRate(options),
    ...roundCost(options, devices, devices),
    ...(many > 0 ? roundCost(options, many, sampled) : []),
  ]
  return { results }
}

const maskRate = async ({ values, runs }: MasksOptions): Promise<Result> => {
  const sum = new Uint32Array(values)
  const by = (add: (key: Uint8Array) => void) => async () => {
    const key = randomBytes(32)
    const from = process.cpuUsage()
    for (let i = 0; i < MASKS; i++) add(key)
    const { user, system } = process.cpuUsage(from)
    return (user + system) / 1e6
  }
  const native = (key: Uint8Array) => addMask(nativeCiphers, key, sum)
  /** As the first version had it. */
  const whole = (key: Uint8Array) => {
    const mask = new Uint32Array(nobleCiphers.keystream(key, 4 * values).buffer)
    for (let i = 0; i < values; i++) sum[i]! += mask[i]!
  }
  const times = await alternate({ ours: by(native), js: by(whole) }, runs, progress)
  const peer = { name: 'ChaCha20 in JavaScript (noble)', seconds: times['js']! }
  const named = { name: 'bench.masks.expand', n: runs }
  return rateResult(named, MASKS * values, times.ours, peer, 'values/s of processor time')
}

const roundCost = ({ values }: MasksOptions, devices: number, sampled: number): Result[] => {
  const dropped = Math.round(DROPPED * devices)
  const cost = runParty({ devices, values, dropped, sampled }, progress)
  if (cost.isExact === false) throw new Error('the sum is not that of the plain vectors')
  const prefix = `bench.masks.${devices}`
  const masked = 4 * values + cost.controlBytes
  const [n, unit] = [sampled, 's of processor time']
  const ratio = masked / (2 * values)
  return [
    { name: `${prefix}.device`, value: cost.deviceSeconds, unit, n },
    { name: `${prefix}.server.add`, value: cost.addSeconds, unit, n: devices - dropped },
    { name: `${prefix}.server.unmask`, value: cost.unmaskSeconds, unit, n: devices - dropped },
    { name: `${prefix}.device.control`, value: cost.controlBytes, unit: 'bytes', n },
    { name: `${prefix}.expansion.float32`, value: masked / (4 * values), unit: 'times', n },
    { name: `${prefix}.expansion.16bit`, value: ratio, unit: 'times', n, peer: PUBLISHED },
  ]
}
