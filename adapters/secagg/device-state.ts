/**
 * What a device keeps of a masked round, step by step; JSON. It holds secrets until it is done.
 */
import type { MaskAnswers, MaskKeys, MaskShares, RosterMember } from '../wire/masks.ts'
import type { KeyPair } from '../wire/signature.ts'
import type { Ciphers } from './ciphers.ts'
import type { Rates } from './parameters.ts'
import type { RoundName } from './signed-texts.ts'

/** What a device was told of the round, and what it asks for itself. */
export type Terms = RoundName &
  Rates & {
    /** Fewest survivors whose sum it goes into. */
    readonly minimum: number
    /** Most devices in the round: sums of more would not fit the ring. */
    readonly devices: number
  }

export type DeviceTools = {
  readonly ciphers: Ciphers
  /** Cryptographic. */
  readonly random: (bytes: number) => Uint8Array
  /** The enrolled Ed25519 key. */
  readonly identity: KeyPair
}

export type Joined = {
  readonly terms: Terms
  readonly maskSecret: string
  readonly sealSecret: string
  readonly keys: Omit<MaskKeys, 'protocol'>
}
export type Shared = Joined & {
  readonly rosterDigest: string
  readonly members: readonly RosterMember[]
  readonly place: number
  /** Places of those that hold its shares, its own the first. */
  readonly holders: readonly number[]
  readonly seed: string
  /** Its own shares. */
  readonly own: HeldShares
  readonly shares: Omit<MaskShares, 'protocol'>
}
/** Shares of the two secrets of one device. */
export type HeldShares = { readonly of: number; readonly seed: string; readonly key: string }
export type Ready = Shared & {
  readonly senders: readonly number[]
  readonly held: readonly HeldShares[]
  /** SHA-256 of the senders and their sealed shares. */
  readonly sharesDigest: string
}
export type Signed = Ready & {
  readonly survivors: readonly number[]
  readonly signature: string
}
/** Its secrets are gone. */
type Done = {
  readonly terms: Terms
  readonly requestDigest: string
  readonly answers: MaskAnswers['shares']
}

export type DeviceState =
  | ({ readonly step: 'joined' } & Joined)
  | ({ readonly step: 'shared' } & Shared)
  | ({ readonly step: 'ready' } & Ready)
  | ({ readonly step: 'signed' } & Signed)
  | ({ readonly step: 'done' } & Done)
