/**
 * Shamir's secret sharing (1979) over a prime field: a polynomial whose value at 0 is the secret, one
 * value a holder. threshold values give it back; fewer say nothing.
 */
/** x: the holder's place, from 1. */
export type Share = { readonly x: number; readonly y: bigint }

/** The least prime above 2²⁵⁶: each secret of 32 bytes is an element. */
export const PRIME = 2n ** 256n + 297n
export const SHARE_BYTES = 33

/**
 * places: distinct, 1 or more. random: uniform elements of the field, threshold − 1 of them are drawn.
 */
export const split = (
  secret: bigint,
  places: readonly number[],
  threshold: number,
  random: () => bigint,
  prime = PRIME,
): Share[] => {
  const coefficients = [secret, ...Array.from({ length: threshold - 1 }, random)]
  return places.map((x) => ({ x, y: valueAt(coefficients, BigInt(x), prime) }))
}

/** Horner's rule. */
const valueAt = (coefficients: readonly bigint[], x: bigint, prime: bigint): bigint =>
  coefficients.reduceRight((sum, c) => (sum * x + c) % prime, 0n)

/** Lagrange's interpolation at 0, from as many shares as given. RangeError where two have one place. */
export const combine = (shares: readonly Share[], prime = PRIME): bigint => {
  let secret = 0n
  for (const { x, y } of shares) {
    let [above, below] = [1n, 1n]
    for (const other of shares) {
      if (other.x === x) continue
      above = (above * BigInt(other.x)) % prime
      below = (below * BigInt(other.x - x)) % prime
    }
    secret += y * above * inverse(below, prime)
  }
  if (new Set(shares.map(({ x }) => x)).size < shares.length)
    throw new RangeError('two shares of one place')
  return modulo(secret, prime)
}

const modulo = (a: bigint, prime: bigint): bigint => ((a % prime) + prime) % prime

/** Extended Euclid. */
const inverse = (a: bigint, prime: bigint): bigint => {
  let [r, next, s, nextS] = [prime, modulo(a, prime), 0n, 1n]
  while (next !== 0n) {
    const quotient = r / next
    ;[r, next] = [next, r - quotient * next]
    ;[s, nextS] = [nextS, s - quotient * nextS]
  }
  return modulo(s, prime)
}

/** Big-endian. */
export const numberOf = (bytes: Uint8Array): bigint =>
  bytes.reduce((number, byte) => (number << 8n) | BigInt(byte), 0n)

/** Big-endian, so many bytes. */
export const bytesOf = (number: bigint, bytes: number): Uint8Array => {
  const made = new Uint8Array(bytes)
  for (let i = bytes - 1; i >= 0; i--, number >>= 8n) made[i] = Number(number & 0xffn)
  return made
}

/** A uniform element of PRIME's field from bytes(n): 128 bits more than it has, so the bias is 2⁻¹²⁸. */
export const randomElement = (bytes: (n: number) => Uint8Array): bigint =>
  numberOf(bytes(SHARE_BYTES + 16)) % PRIME

/** A share's y from its bytes; undefined where they are none. */
export const elementOf = (bytes: Uint8Array): bigint | undefined => {
  const y = numberOf(bytes)
  return bytes.length === SHARE_BYTES && y < PRIME ? y : undefined
}
