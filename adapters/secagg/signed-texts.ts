/** What is signed, derived and authenticated in a masked round; each text names what it is for. */
import type { MaskKeys, RosterMember } from '../wire/masks.ts'
import type { Ciphers } from './ciphers.ts'

/** planDigest: of what a round asks for, as its devices were told. */
export type RoundName = { readonly roundId: string; readonly planDigest: string }

const utf8 = new TextEncoder()
const PAIR = utf8.encode('loreweave pair mask')
const OWN = utf8.encode('loreweave own mask')
/** A sealing key is used once. */
export const NONCE = new Uint8Array(12)

export const toText = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')
export const fromText = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64url'))

export const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

const textOf = (what: string, { roundId, planDigest }: RoundName, lines: readonly string[]) =>
  utf8.encode([`loreweave ${what}`, roundId, planDigest, ...lines].join('\n'))

/** What a device signs of its keys. */
export const keysText = (
  round: RoundName,
  { maskKey, sealKey }: Pick<MaskKeys, 'maskKey' | 'sealKey'>,
): Uint8Array => textOf('mask keys', round, [maskKey, sealKey])

export const rosterDigestOf = ({ sha256 }: Ciphers, members: readonly RosterMember[]): string =>
  hexOf(sha256(utf8.encode(JSON.stringify(members))))

/** What a device signs of a list of survivors: with it, who took part and who shared its secrets. */
export const survivorsText = (
  round: RoundName,
  rosterDigest: string,
  senders: readonly number[],
  survivors: readonly number[],
): Uint8Array =>
  textOf('mask survivors', round, [rosterDigest, senders.join(','), survivors.join(',')])

/** What both ends authenticate of sealed shares. */
export const sealedText = (round: RoundName, from: number, to: number): Uint8Array =>
  textOf('mask shares', round, [String(from), String(to)])

/** The key that seals what one device sends another: used once. */
export const sealingKey = (
  { derive }: Ciphers,
  round: RoundName,
  agreed: Uint8Array,
  from: number,
  to: number,
): Uint8Array => derive(agreed, saltOf(round), utf8.encode(`loreweave sealing ${from} ${to}`), 32)

/** The key of the mask between two devices: equal at both. */
export const pairKey = ({ derive }: Ciphers, round: RoundName, agreed: Uint8Array): Uint8Array =>
  derive(agreed, saltOf(round), PAIR, 32)

/** The key of a device's own mask. */
export const ownKey = ({ derive }: Ciphers, round: RoundName, seed: Uint8Array): Uint8Array =>
  derive(seed, saltOf(round), OWN, 32)

const saltOf = ({ roundId, planDigest }: RoundName): Uint8Array =>
  utf8.encode(`${roundId} ${planDigest}`)
