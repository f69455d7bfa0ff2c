/** One-time codes of the page, and the sessions they are exchanged for. */
import { z } from 'zod'
import { Protocol, TimeMs } from '../../../adapters/wire/primitives.ts'
import { AskedProtocol } from './protocol.ts'

export const SessionCodeResponse = z.strictObject({
  protocol: Protocol,
  code: z.string().min(20).max(100),
  expiresAt: TimeMs,
})

/** code: from `loreweave page`. token: the device token, typed by hand. */
export const SessionRequest = z
  .strictObject({
    protocol: AskedProtocol,
    code: z.string().min(1).max(200).optional(),
    token: z.string().min(1).max(200).optional(),
  })
  .refine(
    (r) => (r.code === undefined) !== (r.token === undefined),
    'exactly one of code and token',
  )

/** session: a credential for the device's own routes, never for Claude's. */
export const SessionResponse = z.strictObject({
  protocol: Protocol,
  session: z.string().min(20).max(100),
  idleMs: z.int().min(1).max(1e9).describe('Time without a request after which it ends'),
})
export type SessionResponse = z.infer<typeof SessionResponse>

export const SessionEnded = z.strictObject({ protocol: Protocol, ended: z.literal(true) })
