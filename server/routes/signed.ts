/** Who sent it: RFC 9421 signatures of devices, with time and nonce checks. */
import type { Context, MiddlewareHandler } from 'hono'
import { FedError } from '../../adapters/errors.ts'
import {
  readSignatureInput,
  type SignableRequest,
  verifySignature,
} from '../../adapters/wire/signature.ts'
import type { SignatureParams } from '../../adapters/wire/signature-input.ts'
import type { ServerDeps } from '../rounds/deps.ts'
import type { Tables } from '../store/store.ts'
import type { ServerEnv, Signed } from './route.ts'

/** How far a device's clock may be off, either way. */
const CLOCK_SKEW_MS = 5 * 60_000

/** Comes before the body is read, of which nothing is read that nobody signed. Fails with E_UNSIGNED, E_SIGNATURE. */
export const requireSignature: MiddlewareHandler<ServerEnv> = async (c, next) => {
  readSignatureInput(signableOf(c.req.raw))
  await next()
}

/** The same, of a key that is enrolled; else E_NOT_ENROLLED. */
export const requireEnrolledKey =
  ({ store }: Pick<ServerDeps, 'store'>): MiddlewareHandler<ServerEnv> =>
  async (c, next) => {
    const device = await store.device(readSignatureInput(signableOf(c.req.raw)).keyId)
    if (!device) throw new FedError('E_NOT_ENROLLED', 'the key is not enrolled with this server')
    c.set('device', device)
    await next()
  }

/** Reads the body, which must be within its limit. Fails with E_UNSIGNED, E_SIGNATURE. */
export const readSigned: MiddlewareHandler<ServerEnv> = async (c, next) => {
  c.set('signed', await signedOf(c))
  await next()
}

/** Checks the signature of the device and remembers its nonce. Fails with E_SIGNATURE, E_CLOCK, E_REPLAY. */
export const requireDevice =
  ({ store, clock }: Pick<ServerDeps, 'store' | 'clock'>): MiddlewareHandler<ServerEnv> =>
  async (c, next) => {
    const { device } = c.var
    const signed = await signedOf(c)
    verifySignature(signed.signable, signed.params, device.publicKey)
    const now = clock()
    checkTime(signed.params, now)
    await store.transaction(async (tx) => {
      await spendNonce(tx, signed.params, now)
      await tx.saveDevice({ ...device, lastSeenAt: now })
    })
    c.set('signed', signed)
    await next()
  }

const signedOf = async (c: Context<ServerEnv>): Promise<Signed> => {
  const request = c.req.raw
  const hasBody = request.method !== 'GET' && request.method !== 'HEAD'
  const body = hasBody ? new Uint8Array(await c.req.arrayBuffer()) : new Uint8Array()
  const signable = signableOf(request, hasBody ? body : undefined)
  return { signable, params: readSignatureInput(signable), body }
}
const signableOf = (request: Request, body?: Uint8Array): SignableRequest => ({
  method: request.method,
  url: request.url,
  header: (name) => request.headers.get(name),
  body,
})

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

/** A nonce is kept for as long as its signature time passes checkTime. Fails with E_REPLAY. */
export const spendNonce = async (
  tables: Tables,
  { keyId, nonce, createdMs }: SignatureParams,
  now: number,
): Promise<void> => {
  const expiresAt = Math.max(now, createdMs) + CLOCK_SKEW_MS + 1000
  if (!(await tables.addNonce(keyId, nonce, expiresAt)))
    throw new FedError('E_REPLAY', 'this nonce was used before')
}
