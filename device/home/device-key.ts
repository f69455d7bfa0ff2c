/**
 * The key that this device signs with. While it is replaced, the file holds the next one beside it: the
 * server takes both until the next one has signed a request (server/routes/signed.ts), so that a crash at
 * any point leaves a key that is good.
 */
import { z } from 'zod'
import { deviceIdOf, type KeyPair } from '../../adapters/wire/signature.ts'

const pair = { publicKey: z.string().min(40), secretKey: z.string().min(40) }

/** deviceId: of the first key, where this one has replaced it. */
export const DeviceKey = z.strictObject({
  ...pair,
  deviceId: z.string().min(32).max(64).optional(),
  next: z.strictObject(pair).optional(),
})
export type DeviceKey = z.infer<typeof DeviceKey>

export const deviceIdOfKey = ({ deviceId, publicKey }: SigningKey): string =>
  deviceId ?? deviceIdOf(publicKey)

/** What requests are signed with. */
export type SigningKey = KeyPair & { readonly deviceId?: string | undefined }

/** The next key in place of this one. The device keeps its id. */
export const replaced = (key: DeviceKey): DeviceKey =>
  key.next ? { ...key.next, deviceId: deviceIdOfKey(key) } : key

/** For another server, where its id is its own, and nothing is replaced. */
export const alone = ({ publicKey, secretKey }: DeviceKey): DeviceKey => ({ publicKey, secretKey })
