/**
 * Devices agree on who has survived before any of them reveals a share. Each signs one list, and
 * reveals for it alone, once so many have signed the same that there cannot be another. Of a survivor
 * it reveals the share of the seed, of one that dropped out that of the key; of nobody both.
 */
import { FedError } from '../errors.ts'
import type { MaskAnswers, MaskRequest } from '../wire/masks.ts'
import type { DeviceState, DeviceTools, HeldShares, Signed } from './device-state.ts'
import { parametersOf } from './parameters.ts'
import { checkEnough } from './shares.ts'
import { fromText, hexOf, survivorsText, toText } from './signed-texts.ts'

type UnmaskRequest = Extract<MaskRequest, { kind: 'unmask' }>

export const takeSurvivors = (
  state: DeviceState,
  { survivors }: Extract<MaskRequest, { kind: 'survivors' }>,
  { ciphers, identity }: DeviceTools,
): DeviceState => {
  if (state.step === 'done') return state
  if (state.step === 'joined' || state.step === 'shared')
    throw new FedError('E_SURVIVORS', 'survivors before there was anything to survive')
  if (state.step === 'signed') {
    if (!isSame(state.survivors, survivors))
      throw new FedError('E_TWICE', 'the server shows a second, other list of survivors')
    return state
  }
  const senders = new Set(state.senders)
  if (survivors.some((s, i) => !senders.has(s) || (i > 0 && survivors[i - 1]! >= s)))
    throw new FedError('E_SURVIVORS', 'the list of survivors names others than those that shared')
  checkEnough(state, survivors, state.terms.minimum)
  const text = survivorsText(state.terms, state.rosterDigest, state.senders, survivors)
  const signature = toText(ciphers.sign(text, fromText(identity.secretKey)))
  return { ...state, step: 'signed', survivors, signature }
}

export const takeUnmask = (
  state: DeviceState,
  request: UnmaskRequest,
  { ciphers }: DeviceTools,
): DeviceState => {
  const requestDigest = hexOf(
    ciphers.sha256(new TextEncoder().encode(JSON.stringify([request.seeds, request.keys]))),
  )
  if (state.step === 'done') {
    if (state.requestDigest !== requestDigest)
      throw new FedError('E_TWICE', 'the server asks for other shares than before')
    return state
  }
  if (state.step !== 'signed')
    throw new FedError('E_SURVIVORS', 'shares are asked for before survivors were agreed on')
  checkRequest(state, request)
  checkSignatures(state, request, ciphers)
  const answers = [
    ...answersOf(state, request.seeds, 'seed'),
    ...answersOf(state, request.keys, 'key'),
  ]
  return { step: 'done', terms: state.terms, requestDigest, answers }
}

const checkRequest = ({ survivors, senders }: Signed, { seeds, keys }: UnmaskRequest): void => {
  const asked = [...seeds, ...keys]
  if (new Set(asked).size < asked.length)
    throw new FedError('E_SHARES', 'both secrets of one device are asked for')
  const isSurvivor = new Set(survivors)
  const isSender = new Set(senders)
  if (seeds.some((s) => !isSurvivor.has(s)) || keys.some((s) => isSurvivor.has(s)))
    throw new FedError('E_SURVIVORS', 'the list of survivors was changed after it was signed')
  if (asked.some((s) => !isSender.has(s)))
    throw new FedError('E_SURVIVORS', 'shares of devices that have shared nothing are asked for')
}

const checkSignatures = (
  state: Signed,
  { signatures }: UnmaskRequest,
  { verify }: DeviceTools['ciphers'],
): void => {
  const { terms, members, rosterDigest, senders, survivors } = state
  const text = survivorsText(terms, rosterDigest, senders, survivors)
  const isSurvivor = new Set(survivors)
  const signers = new Set<number>()
  for (const { of, signature } of signatures) {
    if (!isSurvivor.has(of) || !verify(fromText(signature), text, fromText(members[of]!.identity)))
      throw new FedError('E_SURVIVORS', `device ${of} has not signed this list of survivors`)
    signers.add(of)
  }
  const { quorum } = parametersOf(members.length, terms)
  const needed = quorum
  if (signers.size < needed)
    throw new FedError(
      'E_SURVIVORS',
      `${signers.size} devices have signed the list of survivors, of at least ${needed}`,
    )
}

/** Of whom it holds nothing, it has nothing to reveal. */
const answersOf = (
  { held }: { readonly held: readonly HeldShares[] },
  places: readonly number[],
  secret: 'seed' | 'key',
): MaskAnswers['shares'] => {
  const asked = new Set(places)
  return held
    .filter(({ of }) => asked.has(of))
    .map((shares) => ({ of: shares.of, secret, share: shares[secret] }))
}

const isSame = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((place, i) => place === b[i])
