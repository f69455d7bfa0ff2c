/** A device opens the shares that others have sealed for it; then it is ready to mask its update. */
import { FedError } from '../errors.ts'
import type { MaskRequest } from '../wire/masks.ts'
import type { DeviceState, DeviceTools, HeldShares, Shared } from './device-state.ts'
import { parametersOf } from './parameters.ts'
import { SHARE_BYTES } from './shamir.ts'
import { fromText, hexOf, NONCE, sealedText, sealingKey, toText } from './signed-texts.ts'

type SharesRequest = Extract<MaskRequest, { kind: 'shares' }>

export const takeShares = (
  state: DeviceState,
  request: SharesRequest,
  tools: DeviceTools,
): DeviceState => {
  if (state.step === 'joined')
    throw new FedError('E_ROSTER', 'shares came before the roster that they are for')
  if (state.step === 'done') return state
  const sharesDigest = digestOf(request, tools)
  if (state.step !== 'shared') {
    if (state.sharesDigest !== sharesDigest)
      throw new FedError('E_TWICE', 'the server shows other shares than before')
    return state
  }
  const { senders } = request
  checkSenders(state, senders)
  const held = [state.own, ...request.shares.map((one) => openShares(state, senders, one, tools))]
  if (new Set(held.map(({ of }) => of)).size < held.length)
    throw new FedError('E_SHARES', 'two shares of one device')
  return { ...state, step: 'ready', senders, held, sharesDigest }
}

const digestOf = ({ senders, shares }: SharesRequest, { ciphers }: DeviceTools): string =>
  hexOf(ciphers.sha256(new TextEncoder().encode(JSON.stringify([senders, shares]))))

/** In order, each once, in the roster; with this device, and enough of those that hold its shares. */
const checkSenders = (state: Shared, senders: readonly number[]): void => {
  const { terms, members } = state
  if (senders.some((s, i) => s >= members.length || (i > 0 && senders[i - 1]! >= s)))
    throw new FedError('E_SURVIVORS', 'the list of senders names others than the roster')
  checkEnough(state, senders, terms.minimum)
}

/**
 * Fails with E_SURVIVORS where too few devices are left in a list, for the sum or for this device's own
 * masks.
 */
export const checkEnough = (
  { terms, members, holders, place }: Shared,
  left: readonly number[],
  minimum: number,
): void => {
  const { threshold } = parametersOf(members.length, terms)
  const isLeft = new Set(left)
  if (!isLeft.has(place)) throw new FedError('E_SURVIVORS', 'this device is no longer in the round')
  if (left.length < minimum)
    throw new FedError('E_SURVIVORS', `${left.length} devices are left, of at least ${minimum}`)
  const holding = holders.filter((holder) => isLeft.has(holder)).length
  if (holding < threshold)
    throw new FedError(
      'E_SURVIVORS',
      `${holding} of the devices that hold this device's shares are left, of at least ${threshold}`,
    )
}

const openShares = (
  { terms, members, place, sealSecret }: Shared,
  senders: readonly number[],
  { from, sealed }: SharesRequest['shares'][number],
  { ciphers }: DeviceTools,
): HeldShares => {
  const sender = members[from]
  if (!sender || from === place || !senders.includes(from))
    throw new FedError('E_SHARES', `shares of device ${from}, which has sent none`)
  const agreed = ciphers.agree(fromText(sealSecret), fromText(sender.sealKey))
  const key = sealingKey(ciphers, terms, agreed, from, place)
  const plain = ciphers.open(key, NONCE, fromText(sealed), sealedText(terms, from, place))
  if (!plain)
    throw new FedError('E_SHARES', `the shares of device ${from} were changed on their way`)
  return {
    of: from,
    seed: toText(plain.subarray(0, SHARE_BYTES)),
    key: toText(plain.subarray(SHARE_BYTES)),
  }
}
