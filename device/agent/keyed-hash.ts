/**
 * Hashes that nobody without this home can compute: what they are of cannot be confirmed by
 * guessing, nor met again elsewhere.
 */
import { createHmac } from 'node:crypto'
import { randomBytes } from '../../adapters/random.ts'
import type { DeviceStore } from './store.ts'

const KEY_BYTES = 32
/** 128 bits: no two texts of a home meet by chance. */
const LENGTH = 22

/**
 * HMAC-SHA-256 under a key that is drawn once for a home; 22 characters. Where the store takes no
 * key, under one of this process. Fails where the store cannot be read.
 */
export const keyedHash = (
  store: Pick<DeviceStore, 'get' | 'set' | 'atomically'>,
): ((text: string) => string) => {
  let key: Buffer | null = null
  // Where the key cannot be kept nothing can be kept under it either: the request must still go on.
  let spare: Buffer | null = null
  const keyOf = (): Buffer =>
    store.atomically(() => {
      const known = store.get('hashKey')
      if (typeof known === 'string') return Buffer.from(known, 'base64')
      const drawn = Buffer.from(randomBytes(KEY_BYTES))
      store.set('hashKey', drawn.toString('base64'))
      return drawn
    })
  const known = (): Buffer => {
    try {
      key ??= keyOf()
      return key
    } catch (error) {
      if (typeof store.get('hashKey') === 'string') throw error
      spare ??= Buffer.from(randomBytes(KEY_BYTES))
      return spare
    }
  }
  return (text) => createHmac('sha256', known()).update(text).digest('base64url').slice(0, LENGTH)
}
