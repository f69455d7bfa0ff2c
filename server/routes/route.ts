/** How a route of the server is written: its text, its schemas and its handler in one row. */
import { type Handled, handledRoutes } from '../../adapters/api-reference/handled.ts'
import type { Route } from '../../adapters/api-reference/route.ts'
import type { SignableRequest } from '../../adapters/wire/signature.ts'
import type { SignatureParams } from '../../adapters/wire/signature-input.ts'
import type { Role } from '../access/roles.ts'
import type { ServerWord } from '../access/server-word.ts'
import type { Operator } from '../governance/operators.ts'
import type { Attendance } from '../rounds/attendance.ts'
import type { Coordinator } from '../rounds/coordinator.ts'
import type { ServerDeps } from '../rounds/deps.ts'
import type { Slots } from '../rounds/pace.ts'
import type { Device } from '../store/records.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { SharedParts } from '../transfer/shared-parts.ts'
import type { Transfer } from '../transfer/transfer.ts'

/**
 * anyone: no credential, no data in the answer. newcomer: the key that is being enrolled. monitor: an
 * operator, or anyone where the server was told so.
 */
export type Who = 'anyone' | 'newcomer' | 'device' | 'operator' | 'monitor'
export type Tag = 'Devices' | 'Operator' | 'Server'

/** A request with its claimed signature. */
export type Signed = { readonly signable: SignableRequest; readonly params: SignatureParams }

/** What handlers find in the context. */
export type RouteDeps = ServerDeps & {
  readonly coordinator: Coordinator
  readonly transfer: Transfer
  readonly parts: SharedParts
  /** Key of the upload tokens. */
  readonly uploadKey: () => Promise<string>
  readonly word: ServerWord
  readonly attendance: Attendance
  readonly slots: Slots
  readonly metrics: Metrics
  /** Aborted once the server drains. */
  readonly ending: AbortSignal
}

/** signed: of routes for devices, and for those that enrol. device: of routes for devices. */
export type ServerEnv = {
  Variables: { deps: RouteDeps; signed: Signed; device: Device; operator: Operator }
}

/** role: of an operator that may call it; left out: viewer to read, operator for all else. */
export type ServerRoute = Handled<
  ServerEnv,
  Route & { readonly who: Who; readonly tag: Tag; readonly role?: Role }
>

export const served = handledRoutes<ServerEnv, Omit<ServerRoute, 'handler'>>()({})
