/** Typed arrays of the same bytes are equal at once: vitest looks at their numbers as keys of an object. */
import { expect } from 'vitest'

const bytesOf = (array: unknown): Buffer | null =>
  ArrayBuffer.isView(array) && !(array instanceof DataView)
    ? Buffer.from(array.buffer, array.byteOffset, array.byteLength)
    : null

/** undefined: vitest decides, and shows where they differ. */
const areEqual = (a: unknown, b: unknown): true | undefined => {
  const [one, other] = [bytesOf(a), bytesOf(b)]
  const isSame = one && other && (a as object).constructor === (b as object).constructor
  return isSame && one.equals(other) ? true : undefined
}

expect.addEqualityTesters([areEqual])
