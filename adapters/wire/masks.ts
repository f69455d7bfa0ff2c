/**
 * Masked rounds: what devices and server tell each other beside the masked update. Devices are named by
 * their places in the roster, from 0. Keys, signatures and shares are base64url without padding.
 */
import { z } from 'zod'
import { MasksPlan } from './jobs.ts'
import { Id, Protocol, Sha256 } from './primitives.ts'

export const MOST_MASKED = 10_000

const Bytes32 = z.string().regex(/^[A-Za-z0-9_-]{43}$/)
const SignatureText = z.string().regex(/^[A-Za-z0-9_-]{86}$/)
/** A share of each of two secrets, 33 bytes, and 16 of authentication. */
const Sealed = z.string().regex(/^[A-Za-z0-9_-]{110}$/)
const ShareText = z.string().regex(/^[A-Za-z0-9_-]{44}$/)
const Place = z
  .int()
  .min(0)
  .max(MOST_MASKED - 1)
const Places = z.array(Place).max(MOST_MASKED)

/** The device has its update, and is ready to mask it. */
export const MaskKeys = z.strictObject({
  protocol: Protocol,
  /** Of what the device has computed: see maskPlanDigest. */
  planDigest: Sha256,
  /** X25519, made for this round: for the masks between two devices. */
  maskKey: Bytes32,
  /** X25519, made for this round: for what is sealed between two devices. */
  sealKey: Bytes32,
  /** Of the device's Ed25519 key over these and the round. */
  signature: SignatureText,
})
export type MaskKeys = z.infer<typeof MaskKeys>

/** identity: the Ed25519 key that the device is enrolled with. */
export const RosterMember = z.strictObject({
  identity: Bytes32,
  ...MaskKeys.pick({ maskKey: true, sealKey: true, signature: true }).shape,
})
export type RosterMember = z.infer<typeof RosterMember>

/** The device's two secrets, shared. */
export const MaskShares = z.strictObject({
  protocol: Protocol,
  /** SHA-256 of the seed of the device's own mask, by which the server knows it again. */
  seedDigest: Sha256,
  /** To the neighbours that the device has drawn. */
  shares: z.array(z.strictObject({ to: Place, sealed: Sealed })).max(MOST_MASKED),
})
export type MaskShares = z.infer<typeof MaskShares>

/** The device's signature over the list that it was shown. */
export const MaskSurvivors = z.strictObject({ protocol: Protocol, signature: SignatureText })
export type MaskSurvivors = z.infer<typeof MaskSurvivors>

/**
 * What takes the masks away. seed: of a survivor's own mask; key: of the masks between one that
 * dropped out and the others.
 */
export const MaskAnswers = z.strictObject({
  protocol: Protocol,
  shares: z
    .array(z.strictObject({ of: Place, secret: z.enum(['seed', 'key']), share: ShareText }))
    .max(MOST_MASKED),
})
export type MaskAnswers = z.infer<typeof MaskAnswers>

/** POST /v1/rounds/:id/masks: one of the four. */
export const MaskMessage = z.discriminatedUnion('kind', [
  MaskKeys.extend({ kind: z.literal('keys') }),
  MaskShares.extend({ kind: z.literal('shares') }),
  MaskSurvivors.extend({ kind: z.literal('survivors') }),
  MaskAnswers.extend({ kind: z.literal('unmask') }),
])
export type MaskMessage = z.infer<typeof MaskMessage>

/** What the server asks of a device next. */
export const MaskRequest = z.discriminatedUnion('kind', [
  /** Who takes part, by identity. */
  z.strictObject({
    kind: z.literal('roster'),
    planDigest: Sha256,
    members: z.array(RosterMember).max(MOST_MASKED),
  }),
  /** senders: who has shared its secrets. */
  z.strictObject({
    kind: z.literal('shares'),
    planDigest: Sha256,
    senders: Places,
    shares: z.array(z.strictObject({ from: Place, sealed: Sealed })).max(MOST_MASKED),
  }),
  /** Whose masked updates have come. */
  z.strictObject({ kind: z.literal('survivors'), planDigest: Sha256, survivors: Places }),
  /** seeds, keys: of whom the device is to reveal which share. signatures: over one list of survivors. */
  z.strictObject({
    kind: z.literal('unmask'),
    planDigest: Sha256,
    seeds: Places,
    keys: Places,
    signatures: z.array(z.strictObject({ of: Place, signature: SignatureText })).max(MOST_MASKED),
  }),
])
export type MaskRequest = z.infer<typeof MaskRequest>

/** GET /v1/rounds/:id/masks. request: null: nothing yet. isOver: the device has nothing more to do. */
export const MaskStatus = z.strictObject({
  protocol: Protocol,
  request: MaskRequest.nullable(),
  isOver: z.boolean(),
  retryAfterMs: z
    .int()
    .min(0)
    .max(24 * 3600 * 1000),
})
export type MaskStatus = z.infer<typeof MaskStatus>

/** What an assignment says of a masked round. devices: the most; minimum: the fewest whose sum is made. */
export const RoundMasks = z.strictObject({
  devices: z.int().min(2).max(MOST_MASKED),
  minimum: z.int().min(2).max(MOST_MASKED),
  ...MasksPlan.pick({ adversaries: true, dropouts: true }).shape,
})
export type RoundMasks = z.infer<typeof RoundMasks>

/** The update of a device in a masked round. Its payload is uint32, one a number of the ring. */
export const MaskedUpdateHeader = z.strictObject({
  kind: z.literal('masked-update'),
  protocol: Protocol,
  roundId: Id,
  planDigest: Sha256,
})
export type MaskedUpdateHeader = z.infer<typeof MaskedUpdateHeader>
