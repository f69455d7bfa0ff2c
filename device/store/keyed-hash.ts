/**
 * Hashes that cannot be computed without this home: they cannot confirm a guess, and differ between
 * homes.
 */
import { createHmac } from 'node:crypto'
import { randomBytes } from '../../adapters/random.ts'
import type { Hash } from './kept-request.ts'
import type { StoreTx } from './tables.ts'
import type { Writing } from './writing.ts'

const KEY_BYTES = 32
/** 128 bits: no two texts of a home meet by chance. */
const LENGTH = 22

/**
 * HMAC-SHA-256 under a key that is drawn once for a home; 22 characters. Never fails: if the key
 * cannot be read or stored now, this process uses a key of its own.
 */
export const keyedHash = (
  read: () => string | null | undefined,
  later: Writing<Pick<StoreTx, 'get' | 'set'>>['later'],
): Hash => {
  let key: Buffer | null = null
  const kept = (): Buffer | null => {
    try {
      const known = read()
      return known ? Buffer.from(known, 'base64') : null
    } catch {
      return null
    }
  }
  const draw = (): Buffer => {
    const drawn = Buffer.from(randomBytes(KEY_BYTES))
    later((tx) => {
      if (!tx.get('hashKey')) tx.set('hashKey', drawn.toString('base64'))
    })
    return drawn
  }
  return (text) => {
    key ??= kept() ?? draw()
    return createHmac('sha256', key).update(text).digest('base64url').slice(0, LENGTH)
  }
}
