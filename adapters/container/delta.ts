/**
 * A container told by what differs from another one: segments of the same name and bytes are taken
 * from there. Byte layout: length of the steps (u32, little-endian), the steps as JSON, then the
 * bytes that are new, one after the other.
 */
import { z } from 'zod'
import { FedError } from '../errors.ts'
import { MAX_BINARY_BYTES, MAX_JSON_BYTES } from '../wire/primitives.ts'
import { pieces } from './container.ts'

const Size = z.int().min(0).max(MAX_BINARY_BYTES)
/** copy: from this byte of the other container, so many. bytes: so many that are new. */
const Steps = z
  .array(z.union([z.strictObject({ copy: Size, size: Size }), z.strictObject({ bytes: Size })]))
  .max(20_000)
type Step = z.infer<typeof Steps>[number]

/** Both are whole containers; fails with E_CONTAINER where one is not. */
export const encodeDelta = (base: Uint8Array, target: Uint8Array): Uint8Array => {
  const known = new Map(pieces(base).map((piece) => [piece.name, piece]))
  const steps: Step[] = []
  const fresh: Uint8Array[] = []
  for (const { name, start, end } of pieces(target)) {
    const same = known.get(name)
    const bytes = target.subarray(start, end)
    const last = steps.at(-1)
    if (same && isEqual(base.subarray(same.start, same.end), bytes)) {
      if (last && 'copy' in last && last.copy + last.size === same.start) last.size += bytes.length
      else steps.push({ copy: same.start, size: bytes.length })
    } else {
      if (last && 'bytes' in last) last.bytes += bytes.length
      else steps.push({ bytes: bytes.length })
      fresh.push(bytes)
    }
  }
  const json = new TextEncoder().encode(JSON.stringify(steps))
  const head = new Uint8Array(4)
  new DataView(head.buffer).setUint32(0, json.length, true)
  return joined([head, json, ...fresh])
}

/** The target again; whether it is, its digest says. Fails with E_CONTAINER. */
export const applyDelta = (base: Uint8Array, delta: Uint8Array): Uint8Array => {
  if (delta.length < 4) throw bad('it has no steps')
  const view = new DataView(delta.buffer, delta.byteOffset, delta.byteLength)
  const end = 4 + view.getUint32(0, true)
  if (end > delta.length || end > 4 + MAX_JSON_BYTES) throw bad('its steps are cut off')
  const steps = parseSteps(delta.subarray(4, end))
  const parts: Uint8Array[] = []
  let [at, total] = [end, 0]
  for (const step of steps) {
    const [from, start, size] =
      'copy' in step ? ([base, step.copy, step.size] as const) : ([delta, at, step.bytes] as const)
    if (start + size > from.length) throw bad('a step goes beyond the bytes')
    total += size
    if (total > MAX_BINARY_BYTES) throw bad('it makes too much')
    parts.push(from.subarray(start, start + size))
    if ('bytes' in step) at += size
  }
  return joined(parts)
}

const parseSteps = (json: Uint8Array): readonly Step[] => {
  try {
    return Steps.parse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(json)))
  } catch (cause) {
    throw bad('its steps cannot be read', cause)
  }
}

const isEqual = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, i) => byte === b[i])

const joined = (parts: readonly Uint8Array[]): Uint8Array => {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

const bad = (message: string, cause?: unknown) =>
  new FedError('E_CONTAINER', `delta: ${message}`, { cause })
