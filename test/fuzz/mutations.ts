/** Inputs that are nearly right: bytes and JSON texts with some edits, drawn by fast-check. */
import fc from 'fast-check'

/** Numbers at which lengths, counts and offsets go wrong. */
const EDGES = [
  ...[0, 1, 2, 3, 4, 7, 8, 16, 31, 32, 127, 128, 255, 256, 65_535, 65_536, 1_000_000],
  ...[2 ** 24, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1, 2 ** 53, 2 ** 63, 2 ** 64],
  -1,
  -(2 ** 31),
]

type Edit = (bytes: Uint8Array, others: readonly Uint8Array[]) => Uint8Array

/** Most of what a reader decides by stands at the beginning. Of the length, from 0 up to 1. */
const place = fc
  .double({ min: 0, max: 1, noNaN: true })
  .chain((x) => fc.constantFrom(x, x ** 3, x ** 8))

const at = (bytes: Uint8Array, share: number): number => Math.floor(share * bytes.length)

const joined = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts))

const edit: fc.Arbitrary<Edit> = fc.oneof(
  fc.tuple(place, fc.nat(255)).map(
    ([share, value]): Edit =>
      (bytes) => {
        const copy = bytes.slice()
        if (copy.length > 0) copy[at(copy, share)] = value
        return copy
      },
  ),
  fc.tuple(place, fc.constantFrom(...EDGES), fc.constantFrom(2, 4, 8)).map(
    ([share, value, width]): Edit =>
      (bytes) => {
        const copy = bytes.slice()
        const start = at(copy, share)
        if (start + width > copy.length) return copy
        const view = new DataView(copy.buffer)
        if (width === 2) view.setUint16(start, value, true)
        else if (width === 4) view.setUint32(start, value, true)
        else view.setBigUint64(start, BigInt.asUintN(64, BigInt(value)), true)
        return copy
      },
  ),
  place.map(
    (share): Edit =>
      (bytes) =>
        bytes.slice(0, at(bytes, share)),
  ),
  fc.tuple(place, fc.uint8Array({ maxLength: 40 })).map(
    ([share, fresh]): Edit =>
      (bytes) =>
        joined(bytes.subarray(0, at(bytes, share)), fresh, bytes.subarray(at(bytes, share))),
  ),
  fc.tuple(place, place).map(
    ([from, to]): Edit =>
      (bytes) =>
        joined(bytes.subarray(0, at(bytes, from)), bytes.subarray(at(bytes, to))),
  ),
  fc.tuple(fc.nat(), place, place).map(
    ([which, from, to]): Edit =>
      (bytes, others) => {
        const other = others[which % others.length]!
        return joined(bytes.subarray(0, at(bytes, from)), other.subarray(at(other, to)))
      },
  ),
)

/** A seed after one to four edits. */
export const changedBytes = (seeds: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> =>
  fc
    .tuple(fc.constantFrom(...seeds), fc.array(edit, { minLength: 1, maxLength: 4 }))
    .map(([seed, edits]) => edits.reduce((bytes, change) => change(bytes, seeds), seed))

/** JSON that no program of ours writes; texts, since not all of it can be a value first. */
const HOSTILE = [
  ...['null', 'true', '-0', '1e400', '-1', '0.5', '9007199254740993', '1e-320', '""', '[]', '{}'],
  ...['"\\u0000"', '"\\ud800"', '"../../etc"', '"__proto__"', '"constructor"', '"NaN"', '[null]'],
  '{"__proto__":{"polluted":1}}',
  '{"constructor":{"prototype":{"polluted":1}}}',
  `${'['.repeat(3000)}${']'.repeat(3000)}`,
  `${'{"a":'.repeat(2000)}1${'}'.repeat(2000)}`,
  `"${'long '.repeat(4000)}"`,
  `[${'0,'.repeat(4000)}0]`,
] as const

type Slot = { readonly path: readonly string[]; readonly isObject: boolean }

const slotsOf = (value: unknown, path: readonly string[] = []): Slot[] => {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  const inner =
    typeof value === 'object' && value !== null
      ? Object.entries(value).flatMap(([key, child]) => slotsOf(child, [...path, key]))
      : []
  return [{ path, isObject }, ...inner]
}

/** No text of a seed has this in it. */
const MARK = 'a place for hostile JSON'

const replaced = (
  value: unknown,
  path: readonly string[],
  by: (old: unknown) => unknown,
): unknown => {
  const [key, ...rest] = path
  if (key === undefined) return by(value)
  const copy = Array.isArray(value) ? [...value] : { ...(value as object) }
  const next = replaced((copy as Record<string, unknown>)[key], rest, by)
  if (next === undefined) delete (copy as Record<string, unknown>)[key]
  else (copy as Record<string, unknown>)[key] = next
  return copy
}

/**
 * The text of a value with one to three of its parts replaced, taken away or repeated, or with a strange key
 * beside them.
 */
export const changedJson = (seed: unknown): fc.Arbitrary<string> => {
  const slots = slotsOf(seed)
  const change = fc.tuple(
    fc.nat(slots.length - 1),
    fc.constantFrom('replace', 'remove', 'add', 'repeat'),
    fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom(...HOSTILE) },
      { weight: 1, arbitrary: fc.constantFrom(...EDGES).map(String) },
      { weight: 1, arbitrary: fc.json({ maxDepth: 3 }) },
    ),
    fc.constantFrom('__proto__', 'constructor', 'toString', 'extra', '', 'kind', 'protocol'),
  )
  return fc.array(change, { minLength: 1, maxLength: 3 }).map((changes) => {
    let value = seed
    const texts: string[] = []
    for (const [slot, how, text, key] of changes) {
      const { path, isObject } = slots[slot]!
      const mark = `${MARK} ${texts.length}`
      if (how === 'remove') value = replaced(value, path, () => undefined)
      else if (how === 'repeat') value = replaced(value, path, (old) => Array(20).fill(old ?? null))
      else {
        texts.push(text)
        value = replaced(value, path, (old) =>
          how === 'add' && isObject && typeof old === 'object'
            ? { ...old, [`${MARK} key ${texts.length - 1} ${key}`]: mark }
            : mark,
        )
      }
    }
    return texts.reduce(
      (text, hostile, i) =>
        text.replaceAll(`"${MARK} ${i}"`, () => hostile).replaceAll(`${MARK} key ${i} `, ''),
      JSON.stringify(value) ?? 'null',
    )
  })
}

/** The same as bytes, and once in a while not even text. */
export const changedJsonBytes = (seed: unknown): fc.Arbitrary<Uint8Array> => {
  const whole = new TextEncoder().encode(JSON.stringify(seed))
  return fc.oneof(
    { weight: 4, arbitrary: changedJson(seed).map((text) => new TextEncoder().encode(text)) },
    { weight: 1, arbitrary: changedBytes([whole]) },
  )
}
