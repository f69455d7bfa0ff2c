/**
 * The server's end of a masked round: from the sum of masked vectors to the sum of the vectors. It gets
 * back the seeds of the survivors' own masks, and the keys of those that shared their secrets but sent
 * no vector, from the shares that devices reveal.
 */
import { FedError } from '../errors.ts'
import type { MaskAnswers, RosterMember } from '../wire/masks.ts'
import type { Ciphers } from './ciphers.ts'
import { removePairMask } from './pair-masks.ts'
import { parametersOf, type Rates } from './parameters.ts'
import { takeMask } from './ring.ts'
import { bytesOf, combine, elementOf, type Share } from './shamir.ts'
import { fromText, hexOf, ownKey, type RoundName, toText } from './signed-texts.ts'

/** All that the server was told of a round. Maps are by place in the roster. */
export type Told = RoundName &
  Rates & {
    readonly members: readonly RosterMember[]
    /** to: whom it gave shares of its secrets. */
    readonly shares: ReadonlyMap<number, Shared>
    readonly survivors: readonly number[]
    readonly answers: ReadonlyMap<number, MaskAnswers['shares']>
  }

type Shared = { readonly seedDigest: string; readonly to: readonly number[] }

/** The masks of every `of`-th device, from the one at `index` on. */
export type Part = { readonly index: number; readonly of: number }
export const WHOLE: Part = { index: 0, of: 1 }

/**
 * In place: `sum` of the survivors' masked vectors becomes that of their vectors. One mask is in memory
 * at a time. Parts may be taken out of different sums, which are added afterwards. Fails with E_SHARES
 * where a secret does not come back, and names the device by its place.
 */
export const unmask = (
  ciphers: Ciphers,
  told: Told,
  sum: Uint32Array,
  { index, of }: Part = WHOLE,
): void => {
  const { members, shares, survivors } = told
  const isSurvivor = new Set(survivors)
  const edges = edgesOf(told)
  const isInPart = (_: number, i: number) => i % of === index
  for (const place of survivors.filter(isInPart)) {
    const { seedDigest } = shares.get(place)!
    const isSeed = (seed: Uint8Array) => hexOf(ciphers.sha256(seed)) === seedDigest
    const seed = secretOf(told, place, 'seed', isSeed)
    takeMask(ciphers, ownKey(ciphers, told, seed), sum)
  }
  const dropped = [...shares.keys()].filter((one) => !isSurvivor.has(one))
  for (const place of dropped.filter(isInPart)) {
    const beside = [...(edges.get(place) ?? [])].filter((one) => isSurvivor.has(one))
    if (beside.length === 0) continue
    const { maskKey } = members[place]!
    const isKey = (key: Uint8Array) => toText(ciphers.publicKey(key)) === maskKey
    const secretKey = secretOf(told, place, 'key', isKey)
    for (const own of beside) {
      const publicKey = fromText(members[own]!.maskKey)
      removePairMask(ciphers, told, sum, { own, other: place, secretKey, publicKey })
    }
  }
}

/** Who has masks with whom: both have shared their secrets, and one has drawn the other. */
const edgesOf = ({ shares }: Told): Map<number, Set<number>> => {
  const edges = new Map([...shares.keys()].map((place) => [place, new Set<number>()]))
  for (const [from, { to: sent }] of shares)
    for (const to of sent) {
      if (!edges.has(to)) continue
      edges.get(from)!.add(to)
      edges.get(to)!.add(from)
    }
  return edges
}

/**
 * A device may have revealed a wrong share. So as many shares as are needed are taken from each
 * starting point in turn, until what comes back is the secret.
 */
const secretOf = (
  told: Told,
  of: number,
  secret: 'seed' | 'key',
  isRight: (bytes: Uint8Array) => boolean,
): Uint8Array => {
  const { threshold } = parametersOf(told.members.length, told)
  const revealed = sharesOf(told, of, secret)
  if (revealed.length >= threshold)
    for (let start = 0; start < revealed.length; start++) {
      const some = [...revealed.slice(start), ...revealed.slice(0, start)].slice(0, threshold)
      const number = combine(some)
      const bytes = number < 2n ** 256n ? bytesOf(number, 32) : null
      if (bytes && isRight(bytes)) return bytes
      if (revealed.length === threshold) break
    }
  throw new FedError(
    'E_SHARES',
    `the ${secret} of device ${of} does not come back from ${revealed.length} shares, ` +
      `${threshold} right ones are needed`,
  )
}

/** Of those who were given one. */
const sharesOf = ({ shares, answers }: Told, of: number, secret: 'seed' | 'key'): Share[] => {
  const holders = new Set([of, ...(shares.get(of)?.to ?? [])])
  return [...answers].flatMap(([holder, revealed]) => {
    if (!holders.has(holder)) return []
    const found = revealed.find((one) => one.of === of && one.secret === secret)
    const y = found && elementOf(fromText(found.share))
    return y === undefined ? [] : [{ x: holder + 1, y }]
  })
}
