/** How a secret is compared with what somebody sent. */
import { createHash, timingSafeEqual } from 'node:crypto'

/** Takes the same time wherever the two differ, and whatever their lengths. */
export const isSameSecret = (a: string, b: string): boolean => timingSafeEqual(hash(a), hash(b))

const hash = (text: string): Buffer => createHash('sha256').update(text).digest()
