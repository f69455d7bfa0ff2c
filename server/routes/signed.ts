/** Who sent it: RFC 9421 signatures of enrolled devices, with time and nonce checks. */
import { createMiddleware } from 'hono/factory'
import { FedError } from '../../adapters/errors.ts'
import {
  readSignatureInput,
  type SignableRequest,
  type SignatureParams,
  verifySignature,
} from '../../adapters/wire/signature.ts'
import type { ServerDeps } from '../config.ts'
import type { Device } from '../store/records.ts'
import { readBody } from './body.ts'

/** body: the exact bytes that were signed; empty for a GET. */
export type DeviceEnv = { Variables: { device: Device; body: Uint8Array } }

/** How far a device's clock may be off, either way. */
export const CLOCK_SKEW_MS = 5 * 60_000

/**
 * Reads at most limitBytes, checks the signature of an enrolled device, and remembers the nonce.
 * Fails with E_TOO_LARGE, E_UNSIGNED, E_SIGNATURE, E_NOT_ENROLLED, E_CLOCK, E_REPLAY.
 */
export const requireDevice = ({ store, clock }: ServerDeps, limitBytes: number) =>
  createMiddleware<DeviceEnv>(async (c, next) => {
    const claimed = readSignatureInput(signableOf(c.req.raw))
    const device = store.device(claimed.keyId)
    if (!device) throw new FedError('E_NOT_ENROLLED', 'the key is not enrolled with this server')
    const { signable, params, body } = await readSigned(c.req.raw, limitBytes)
    verifySignature(signable, params, device.publicKey)
    const now = clock()
    checkTime(params, now)
    store.transaction(() => {
      spendNonce(store, params, now)
      store.saveDevice({ ...device, lastSeenAt: now })
    })
    c.set('device', device)
    c.set('body', body)
    await next()
  })

/**
 * Body and claimed signature of a request; nothing is read of a body that nobody signed.
 * Fails with E_TOO_LARGE, E_UNSIGNED, E_SIGNATURE.
 */
export const readSigned = async (request: Request, limitBytes: number) => {
  const params = readSignatureInput(signableOf(request))
  const hasBody = request.method !== 'GET' && request.method !== 'HEAD'
  const body = hasBody ? await readBody(request, limitBytes) : new Uint8Array()
  return { signable: signableOf(request, hasBody ? body : undefined), params, body }
}

const signableOf = (request: Request, body?: Uint8Array): SignableRequest => ({
  method: request.method,
  url: request.url,
  header: (name) => request.headers.get(name),
  body,
})

/** Fails with E_CLOCK. */
export const checkTime = (params: SignatureParams, now: number): void => {
  const off = params.createdMs - now
  if (Math.abs(off) > CLOCK_SKEW_MS)
    throw new FedError(
      'E_CLOCK',
      `expected a signature time within ${CLOCK_SKEW_MS / 1000} s of the server's, got ${Math.round(off / 1000)} s`,
    )
}

/** A nonce is kept for as long as its signature time passes checkTime. Fails with E_REPLAY. */
export const spendNonce = (
  store: ServerDeps['store'],
  { keyId, nonce, createdMs }: SignatureParams,
  now: number,
): void => {
  const expiresAt = Math.max(now, createdMs) + CLOCK_SKEW_MS + 1000
  if (!store.addNonce(keyId, nonce, expiresAt))
    throw new FedError('E_REPLAY', 'this nonce was used before')
}
