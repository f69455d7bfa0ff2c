/** The mask between two devices: one adds it and the other takes it away, so a sum of both has none. */
import type { Ciphers } from './ciphers.ts'
import { addMask, takeMask } from './ring.ts'
import { pairKey, type RoundName } from './signed-texts.ts'

/** Adds to `vector`, that of the device at place `own`, its mask with the device at `other`. */
export const addPairMask = (
  ciphers: Ciphers,
  round: RoundName,
  vector: Uint32Array,
  { own, other, secretKey, publicKey }: PairEnds,
): void => applyPairMask(ciphers, round, vector, { secretKey, publicKey }, own < other)

/** Takes that mask away again. secretKey, publicKey: of either end's. */
export const removePairMask = (
  ciphers: Ciphers,
  round: RoundName,
  vector: Uint32Array,
  { own, other, secretKey, publicKey }: PairEnds,
): void => applyPairMask(ciphers, round, vector, { secretKey, publicKey }, own > other)

type PairEnds = KeyEnds & { readonly own: number; readonly other: number }
type KeyEnds = { readonly secretKey: Uint8Array; readonly publicKey: Uint8Array }

const applyPairMask = (
  ciphers: Ciphers,
  round: RoundName,
  vector: Uint32Array,
  { secretKey, publicKey }: KeyEnds,
  isAdded: boolean,
): void => {
  const key = pairKey(ciphers, round, ciphers.agree(secretKey, publicKey))
  if (isAdded) addMask(ciphers, key, vector)
  else takeMask(ciphers, key, vector)
}
