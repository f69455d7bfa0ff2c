/**
 * The only door to entropy. Seeded streams for tests, initial adapters and simulation; the
 * platform's for keys and nonces.
 */

export type Rng = {
  /** Uniform in [0, 1), 32 bits of resolution. */
  uniform(): number
  /** Standard normal (Box-Muller). */
  normal(): number
  /** Uniform integer in [0, n). */
  int(n: number): number
  /** A shuffled copy (Fisher-Yates). */
  shuffle<T>(items: readonly T[]): T[]
  /** One of the items; RangeError when there are none. */
  pick<T>(items: readonly T[]): T
}

/**
 * Deterministic stream for a seed; a text seed names a stream ("users/7"). sfc32 (Chris
 * Doty-Humphrey, PractRand).
 */
export const seededRng = (seed: number | string): Rng => {
  let [a, b, c, d] = seedWords(String(seed))
  const next = () => {
    const t = (a + b + d) | 0
    d = (d + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + t
    c |= 0
    return t >>> 0
  }
  for (let i = 0; i < 20; i++) next()
  return rngFrom(next)
}

/** The platform's cryptographic generator behind the same interface; asked for many words at a time. */
export const cryptoRng = (): Rng => {
  const words = new Uint32Array(256)
  let next = words.length
  return rngFrom(() => {
    if (next === words.length) {
      crypto.getRandomValues(words)
      next = 0
    }
    const word = words[next]!
    // What was given away is not kept.
    words[next++] = 0
    return word
  })
}

/** n bytes from the platform's cryptographic generator. */
export const randomBytes = (n: number): Uint8Array => crypto.getRandomValues(new Uint8Array(n))

const rngFrom = (next32: () => number): Rng => {
  const uniform = () => next32() / 2 ** 32
  const int = (n: number) => Math.floor(uniform() * n)
  return {
    uniform,
    int,
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
    shuffle: (items) => {
      const copy = [...items]
      for (let i = copy.length - 1; i > 0; i--) {
        const j = int(i + 1)
        const held = copy[i]!
        copy[i] = copy[j]!
        copy[j] = held
      }
      return copy
    },
    pick: (items) => {
      if (items.length === 0) throw new RangeError('pick needs at least one item')
      return items[int(items.length)]!
    },
  }
}

/** Four 32-bit words from a text: FNV-1a with four offsets, then a murmur3 finalizer. */
const seedWords = (text: string): [number, number, number, number] => {
  const word = (offset: number) => {
    let hash = (0x811c9dc5 ^ offset) >>> 0
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
    return (hash ^ (hash >>> 16)) | 0
  }
  return [word(0), word(0x9e3779b9), word(0x7f4a7c15), word(0x51ed270b)]
}
