/** What can happen to a job and its newest round. */
import type { Round } from '../store/records.ts'
import type { Member, OpenEvent } from './round.ts'

export type JobEvent =
  | OpenEvent
  /** deviceId: where the member is not known yet. devices: that it stands for; left out: it is one. */
  | {
      readonly kind: 'assign'
      readonly member: Member
      readonly deviceId?: string
      readonly devices?: number
    }
  | { readonly kind: 'leave'; readonly member: Member }
  /** Devices that fell silent lose their places. */
  | { readonly kind: 'giveOn'; readonly places: number }
  | {
      readonly kind: 'receive'
      readonly member: Member
      readonly digest: string
      readonly devices?: number
    }
  /** A device takes its part back, with the update that it sent, if any. */
  | { readonly kind: 'withdraw'; readonly member: Member }
  | { readonly kind: 'tick' }
  /** What devices of a masked round have said makes this of it. */
  | { readonly kind: 'masked'; readonly round: Round }
  /** change: norm of the mean update; null: the adapter had no part in the round. */
  | {
      readonly kind: 'aggregated'
      readonly roundId: string
      readonly release: string
      readonly change?: number | null
    }
  /** At an edge: the server whose round it was a part of has its sums. */
  | { readonly kind: 'forwarded'; readonly roundId: string }
  /** Some updates are bad. updates: how many devices sent them. */
  | {
      readonly kind: 'badUpdates'
      readonly roundId: string
      readonly digests: readonly string[]
      readonly updates: number
      readonly reason: string
    }
  /** The same updates would fail again. */
  | { readonly kind: 'aggregationFailed'; readonly roundId: string; readonly reason: string }
  /** The server is at fault: the same updates may succeed later. */
  | { readonly kind: 'aggregationBroke'; readonly roundId: string; readonly reason: string }
  | { readonly kind: 'pause'; readonly reason?: string }
  | { readonly kind: 'resume' }
  | { readonly kind: 'retry' }
  | { readonly kind: 'cancel'; readonly reason?: string }
  | { readonly kind: 'prioritize'; readonly priority: number }

export type EventOf<K extends JobEvent['kind']> = Extract<JobEvent, { kind: K }>
