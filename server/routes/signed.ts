/** Who sent it: RFC 9421 signatures of devices, with time and nonce checks. */
import type { Context, MiddlewareHandler } from 'hono'
import { FedError } from '../../adapters/errors.ts'
import { readSignatureInput, verifySignature } from '../../adapters/wire/signature.ts'
import type { SignatureParams } from '../../adapters/wire/signature-input.ts'
import { confirmKey } from '../governance/device-keys.ts'
import type { ServerDeps } from '../rounds/deps.ts'
import type { Device } from '../store/records.ts'
import type { Transfer } from '../transfer/transfer.ts'
import { limitRate } from './admission.ts'
import type { ServerEnv, Signed } from './route.ts'

/** How far a device's clock may be off, either way. */
const CLOCK_SKEW_MS = 5 * 60_000

/** When a device was seen is known to this much. */
const SEEN_MS = 60_000

/** Nothing is read of a body that nobody signed. Fails with E_UNSIGNED, E_SIGNATURE. */
export const requireSignature: MiddlewareHandler<ServerEnv> = async (c, next) => {
  c.set('signed', signedOf(c))
  await next()
}

/** The same, of a key that is enrolled; else E_NOT_ENROLLED. */
export const requireEnrolledKey =
  ({ store }: Pick<ServerDeps, 'store'>): MiddlewareHandler<ServerEnv> =>
  async (c, next) => {
    const signed = signedOf(c)
    const device = await store.device(signed.params.keyId)
    if (!device) throw new FedError('E_NOT_ENROLLED', 'the key is not enrolled with this server')
    if (device.blockedAt !== undefined) throw blocked()
    c.set('signed', signed)
    c.set('device', device)
    await next()
  }

/**
 * Checks the signature of the device and remembers its nonce, before its body is read: whoever reads
 * that compares it with the digest that was signed. Fails with E_SIGNATURE, E_CLOCK, E_REPLAY,
 * E_TOO_MANY.
 */
export const requireDevice =
  ({
    store,
    clock,
    transfer,
  }: Pick<ServerDeps, 'store' | 'clock'> & {
    readonly transfer: Transfer
  }): MiddlewareHandler<ServerEnv> =>
  async (c, next) => {
    const { device, signed } = c.var
    const isNext = isByNextKey(signed, device)
    limitRate(c, transfer.byDevice, device.id)
    const now = clock()
    checkTime(signed.params, now)
    const isNew = await store.spendNonce({
      deviceId: device.id,
      nonce: signed.params.nonce,
      expiresAt: nonceEnd(signed.params),
      seenAt: Math.abs(now - (device.lastSeenAt ?? 0)) < SEEN_MS ? null : now,
    })
    if (!isNew) throw replayed()
    if (isNext) c.set('device', await confirmKey({ store, clock }, device))
    await next()
  }

/** Whether the announced key has signed, and not the one in force. Fails with E_SIGNATURE. */
const isByNextKey = ({ signable, params }: Signed, { publicKey, nextKey }: Device): boolean => {
  try {
    verifySignature(signable, params, publicKey)
    return false
  } catch (error) {
    if (nextKey === undefined) throw error
    verifySignature(signable, params, nextKey)
    return true
  }
}

const signedOf = (c: Context<ServerEnv>): Signed => {
  const { method, url, headers } = c.req.raw
  const body = method === 'GET' || method === 'HEAD' ? undefined : true
  const signable = { method, url, header: (name: string) => headers.get(name), body } as const
  return { signable, params: readSignatureInput(signable) }
}

export const blocked = (): FedError =>
  new FedError('E_NOT_ENROLLED', "this federation's operator has blocked the key: ask them")

/** Fails with E_CLOCK. */
export const checkTime = (params: SignatureParams, now: number): void => {
  if (params.expiresMs !== null && params.expiresMs <= now)
    throw new FedError('E_CLOCK', 'the signature has expired')
  const off = params.createdMs - now
  if (Math.abs(off) > CLOCK_SKEW_MS)
    throw new FedError(
      'E_CLOCK',
      `expected a signature time within ${CLOCK_SKEW_MS / 1000} s of the server's, got ${Math.round(off / 1000)} s`,
    )
}

/** A nonce is kept for as long as its signature time passes checkTime. */
export const nonceEnd = ({ createdMs }: SignatureParams): number => createdMs + CLOCK_SKEW_MS + 1000

export const replayed = (): FedError =>
  new FedError('E_REPLAY', 'this nonce was used before, or the device has signed later requests')
