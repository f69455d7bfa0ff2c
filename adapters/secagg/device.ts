/**
 * A device in a masked round (Bonawitz et al. 2017, with the graph of Bell et al. 2020), as states and
 * requests of the server: `join` begins, `answer` takes each request, `mask` hides the update. What a
 * state says is sent as it is, again and again until it arrives: keep the state first.
 *
 * A state is JSON. It holds secrets until it is done. Where a request is refused the round is over for
 * this device: the state is to be deleted, and nothing of the update has left.
 */
import { FedError } from '../errors.ts'
import type {
  MaskAnswers,
  MaskKeys,
  MaskRequest,
  MaskShares,
  MaskSurvivors,
} from '../wire/masks.ts'
import { takeSurvivors, takeUnmask } from './agree.ts'
import type { DeviceState, DeviceTools, Ready, Terms } from './device-state.ts'
import { addPairMask } from './pair-masks.ts'
import { addMask } from './ring.ts'
import { takeRoster } from './roster.ts'
import { takeShares } from './shares.ts'
import { fromText, keysText, ownKey, toText } from './signed-texts.ts'

/** What a state says to the server, less the protocol's number. null: its masked update. */
export type Said =
  | { readonly to: 'keys'; readonly body: Omit<MaskKeys, 'protocol'> }
  | { readonly to: 'shares'; readonly body: Omit<MaskShares, 'protocol'> }
  | { readonly to: 'survivors'; readonly body: Omit<MaskSurvivors, 'protocol'> }
  | { readonly to: 'unmask'; readonly body: Omit<MaskAnswers, 'protocol'> }

export const join = (terms: Terms, { ciphers, random, identity }: DeviceTools): DeviceState => {
  const [maskSecret, sealSecret] = [random(32), random(32)]
  const maskKey = toText(ciphers.publicKey(maskSecret))
  const sealKey = toText(ciphers.publicKey(sealSecret))
  const text = keysText(terms, { maskKey, sealKey })
  const signature = toText(ciphers.sign(text, fromText(identity.secretKey)))
  return {
    step: 'joined',
    terms,
    maskSecret: toText(maskSecret),
    sealSecret: toText(sealSecret),
    keys: { planDigest: terms.planDigest, maskKey, sealKey, signature },
  }
}

/**
 * The next state. The same request again changes nothing; another one of its kind is refused with
 * E_TWICE. Fails also with E_PLAN (the round is not what was announced), E_ROSTER (keys that their
 * device has not signed), E_SURVIVORS (a list that is too small, or was changed), E_SHARES (both
 * secrets of one device, or shares that are none).
 */
export const answer = (
  state: DeviceState,
  request: MaskRequest,
  tools: DeviceTools,
): DeviceState => {
  if (request.planDigest !== state.terms.planDigest)
    throw new FedError('E_PLAN', 'the masked round is not the one that this device was told of')
  switch (request.kind) {
    case 'roster':
      return takeRoster(state, request, tools)
    case 'shares':
      return takeShares(state, request, tools)
    case 'survivors':
      return takeSurvivors(state, request, tools)
    case 'unmask':
      return takeUnmask(state, request, tools)
  }
}

export const saidBy = (state: DeviceState): Said | null => {
  switch (state.step) {
    case 'joined':
      return { to: 'keys', body: state.keys }
    case 'shared':
      return { to: 'shares', body: state.shares }
    case 'ready':
      return null
    case 'signed':
      return { to: 'survivors', body: { signature: state.signature } }
    case 'done':
      return { to: 'unmask', body: { shares: state.answers } }
  }
}

/** The state of a device that has masked its update: its own secrets are gone, those of others stay. */
export const afterMask = (state: Ready): Ready => ({
  ...state,
  ...{ maskSecret: '', sealSecret: '', seed: '' },
})

/**
 * The vector under the device's own mask and those with its neighbours. The same vector gives the same
 * bytes; a second, other vector of one state would give both away, so keep what this returns and mask
 * once. The vector is not changed.
 */
export const mask = (
  state: Ready,
  vector: Uint32Array,
  { ciphers }: Pick<DeviceTools, 'ciphers'>,
): Uint32Array => {
  const { terms, place, members, senders, holders, held, seed, maskSecret } = state
  const masked = Uint32Array.from(vector)
  addMask(ciphers, ownKey(ciphers, terms, fromText(seed)), masked)
  const neighbours = new Set([...holders, ...held.map(({ of }) => of)])
  for (const other of neighbours) {
    if (other === place || !senders.includes(other)) continue
    const publicKey = fromText(members[other]!.maskKey)
    const ends = { own: place, other, secretKey: fromText(maskSecret), publicKey }
    addPairMask(ciphers, terms, masked, ends)
  }
  return masked
}
