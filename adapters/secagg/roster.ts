/** The roster: a device checks who takes part, draws its neighbours and shares its secrets with them. */
import { FedError } from '../errors.ts'
import type { MaskRequest, RosterMember } from '../wire/masks.ts'
import type { Ciphers } from './ciphers.ts'
import type { DeviceState, DeviceTools, HeldShares, Joined, Terms } from './device-state.ts'
import { parametersOf } from './parameters.ts'
import { bytesOf, numberOf, randomElement, SHARE_BYTES, type Share, split } from './shamir.ts'
import {
  fromText,
  hexOf,
  keysText,
  NONCE,
  type RoundName,
  rosterDigestOf,
  sealedText,
  sealingKey,
  toText,
} from './signed-texts.ts'

/** Fails with E_ROSTER where the device has not signed its keys for this round. */
export const checkKeys = (
  { verify }: Ciphers,
  round: RoundName,
  { identity, signature, ...keys }: RosterMember,
): void => {
  if (!verify(fromText(signature), keysText(round, keys), fromText(identity)))
    throw new FedError('E_ROSTER', 'the keys of a device are not signed by it for this round')
}

/** In the order of their identities, by which all count places. */
export const rosterOf = (members: readonly RosterMember[]): RosterMember[] =>
  [...members].sort((a, b) => (a.identity < b.identity ? -1 : 1))

export const takeRoster = (
  state: DeviceState,
  { members }: Extract<MaskRequest, { kind: 'roster' }>,
  tools: DeviceTools,
): DeviceState => {
  const rosterDigest = rosterDigestOf(tools.ciphers, members)
  if (state.step !== 'joined') {
    // Once it is done it no longer knows, and says nothing new either.
    if (state.step !== 'done' && state.rosterDigest !== rosterDigest) throw anotherRoster()
    return state
  }
  const place = checkRoster(state, members, tools)
  const holders = [place, ...drawNeighbours(state.terms, members.length, place, tools.random)]
  return { ...share(state, { rosterDigest, members, place, holders }, tools), step: 'shared' }
}

const anotherRoster = () => new FedError('E_TWICE', 'the server shows a second, other roster')

/** -> the device's place. */
const checkRoster = (
  { terms, keys }: Joined,
  members: readonly RosterMember[],
  { ciphers, identity }: DeviceTools,
): number => {
  if (members.length < terms.minimum)
    throw new FedError(
      'E_SURVIVORS',
      `the roster has ${members.length} devices, expected at least ${terms.minimum}`,
    )
  if (members.length > terms.devices)
    throw new FedError(
      'E_ROSTER',
      `the roster has ${members.length} devices, of at most ${terms.devices}`,
    )
  for (const [i, member] of members.entries()) {
    // Sorted and each once, so that nobody stands there twice.
    if (i > 0 && !(members[i - 1]!.identity < member.identity))
      throw new FedError('E_ROSTER', 'the roster is not in order, or names a device twice')
    checkKeys(ciphers, terms, member)
  }
  const place = members.findIndex((member) => member.identity === identity.publicKey)
  const own = members[place]
  if (!own || own.maskKey !== keys.maskKey || own.sealKey !== keys.sealKey)
    throw new FedError('E_ROSTER', 'the roster has other keys for this device, or none')
  return place
}

/** Uniform among all others, by the device's own chance: nobody chooses them for it. */
const drawNeighbours = (
  terms: Terms,
  devices: number,
  place: number,
  random: (bytes: number) => Uint8Array,
): number[] => {
  const others = Array.from({ length: devices }, (_, i) => i).filter((i) => i !== place)
  const { degree } = parametersOf(devices, terms)
  // Fisher-Yates, as far as it is needed.
  for (let i = 0; i < degree; i++) {
    const j = i + uniformBelow(others.length - i, random)
    const held = others[i]!
    others[i] = others[j]!
    others[j] = held
  }
  return others.slice(0, degree).sort((a, b) => a - b)
}

/** 48 random bits: the bias is n/2⁴⁸. */
const uniformBelow = (n: number, random: (bytes: number) => Uint8Array): number =>
  Number(numberOf(random(6)) % BigInt(n))

type Graph = {
  readonly rosterDigest: string
  readonly members: readonly RosterMember[]
  readonly place: number
  readonly holders: readonly number[]
}

const share = (state: Joined, graph: Graph, { ciphers, random }: DeviceTools) => {
  const { terms, maskSecret, sealSecret } = state
  const { members, place, holders } = graph
  const { threshold } = parametersOf(members.length, terms)
  const places = holders.map((holder) => holder + 1)
  const seed = random(32)
  const element = () => randomElement(random)
  const ofSeed = split(numberOf(seed), places, threshold, element)
  const ofKey = split(numberOf(fromText(maskSecret)), places, threshold, element)
  const sealed = holders.slice(1).map((to, i) => {
    const agreed = ciphers.agree(fromText(sealSecret), fromText(members[to]!.sealKey))
    const key = sealingKey(ciphers, terms, agreed, place, to)
    const plain = Buffer.concat([bytesOfShare(ofSeed[i + 1]!), bytesOfShare(ofKey[i + 1]!)])
    return { to, sealed: toText(ciphers.seal(key, NONCE, plain, sealedText(terms, place, to))) }
  })
  const own: HeldShares = {
    of: place,
    seed: toText(bytesOfShare(ofSeed[0]!)),
    key: toText(bytesOfShare(ofKey[0]!)),
  }
  const seedDigest = hexOf(ciphers.sha256(seed))
  return { ...state, ...graph, seed: toText(seed), own, shares: { seedDigest, shares: sealed } }
}

const bytesOfShare = ({ y }: Share): Uint8Array => bytesOf(y, SHARE_BYTES)
