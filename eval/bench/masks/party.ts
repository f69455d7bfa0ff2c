/** Devices of a masked round in memory, with what each costs in bytes and in processor time. */
import { randomFillSync } from 'node:crypto'
import { nativeCiphers } from '../../../adapters/node/ciphers.ts'
import { randomBytes } from '../../../adapters/random.ts'
import type { Ciphers } from '../../../adapters/secagg/ciphers.ts'
import { answer, join, mask, saidBy } from '../../../adapters/secagg/device.ts'
import type { DeviceState, Terms } from '../../../adapters/secagg/device-state.ts'
import { addTo } from '../../../adapters/secagg/ring.ts'
import { rosterOf } from '../../../adapters/secagg/roster.ts'
import { type Told, unmask, WHOLE } from '../../../adapters/secagg/unmask.ts'
import type { MaskAnswers, MaskRequest, RosterMember } from '../../../adapters/wire/masks.ts'
import { PROTOCOL_VERSION } from '../../../adapters/wire/primitives.ts'
import { newKeyPair } from '../../../adapters/wire/signature.ts'

/** dropped: gone between sharing and the masked update. sampled: devices that are measured, the first ones. */
export type PartyPlan = {
  readonly devices: number
  readonly values: number
  readonly dropped: number
  readonly sampled: number
}

export type PartyCost = {
  /** Means over the sampled devices; control: all but the masked update, sent and received. */
  readonly deviceSeconds: number
  readonly controlBytes: number
  /** The server's: adding all masked updates, and taking the masks away. */
  readonly addSeconds: number
  readonly unmaskSeconds: number
  /** Whether the sum is that of the plain vectors; null where not all of them were masked. */
  readonly isExact: boolean | null
}

/** Seconds of processor time, all threads. */
const processorSeconds = (): number => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

type Member = {
  state: DeviceState
  readonly tools: {
    ciphers: Ciphers
    random: typeof randomBytes
    identity: ReturnType<typeof newKeyPair>
  }
  seconds: number
  bytes: number
}

/** Unsampled devices take the roster's signatures as checked: that is their own time, which nobody measures. */
const unchecked: Ciphers = { ...nativeCiphers, verify: () => true }

export const runParty = (plan: PartyPlan, log: (line: string) => void): PartyCost => {
  const { devices: count, values, dropped, sampled } = plan
  const terms: Terms = {
    ...{ roundId: 'round_bench', planDigest: 'ab'.repeat(32), adversaries: 0.1, dropouts: 0.3 },
    ...{ minimum: 2, devices: count },
  }
  const { planDigest } = terms
  const members: Member[] = Array.from({ length: count }, (_, i) => {
    const ciphers = i < sampled ? nativeCiphers : unchecked
    const tools = { ciphers, random: randomBytes, identity: newKeyPair() }
    const from = processorSeconds()
    const state = join(terms, tools)
    return { state, tools, seconds: processorSeconds() - from, bytes: saidBytes(state) }
  })
  const byKey = new Map(members.map((member) => [member.tools.identity.publicKey, member]))
  const roster = rosterOf(members.map(rosterMember))
  const placed = roster.map(({ identity }) => byKey.get(identity)!)
  const first = new Set(members.slice(0, sampled))
  const isSampled = (place: number) => first.has(placed[place]!)
  const ask = (place: number, request: MaskRequest): void => {
    const member = placed[place]!
    const from = processorSeconds()
    member.state = answer(member.state, request, member.tools)
    member.seconds += processorSeconds() - from
    if (isSampled(place)) member.bytes += sizeOf(request) + saidBytes(member.state)
  }
  log(`${count} devices share their secrets`)
  const all = placed.map((_, place) => place)
  const sent = new Map<number, Told['shares'] extends ReadonlyMap<number, infer S> ? S : never>()
  const sealedFor = all.map((): { from: number; sealed: string }[] => [])
  for (const place of all) {
    ask(place, { kind: 'roster', planDigest, members: roster })
    const said = saidBy(placed[place]!.state)
    if (said?.to !== 'shares') throw new Error('expected shares')
    const { seedDigest, shares } = said.body
    sent.set(place, { seedDigest, to: shares.map(({ to }) => to) })
    for (const { to, sealed } of shares) sealedFor[to]!.push({ from: place, sealed })
  }
  for (const place of all)
    ask(place, { kind: 'shares', planDigest, senders: all, shares: sealedFor[place]! })
  // Where only some are sampled they are all there, and do all their work.
  const gone = new Set(
    all.filter((place) => sampled === count || !isSampled(place)).slice(0, dropped),
  )
  const survivors = all.filter((place) => !gone.has(place))
  const maskers = survivors.filter((place) => (sampled < count ? isSampled(place) : true))
  log(`${maskers.length} devices mask ${values} values`)
  const [sum, plain] = [new Uint32Array(values), new Uint32Array(values)]
  let addSeconds = 0
  for (const place of maskers) {
    const member = placed[place]!
    if (member.state.step !== 'ready') throw new Error(`expected ready, got ${member.state.step}`)
    const vector = randomFillSync(new Uint32Array(values))
    const from = processorSeconds()
    const masked = mask(member.state, vector, member.tools)
    const made = processorSeconds()
    addTo(sum, masked)
    member.seconds += made - from
    addSeconds += processorSeconds() - made
    addTo(plain, vector)
  }
  log('they agree, and reveal')
  const signatures = survivors.map((of) => {
    ask(of, { kind: 'survivors', planDigest, survivors })
    const said = saidBy(placed[of]!.state)
    if (said?.to !== 'survivors') throw new Error('expected a signature')
    return { of, signature: said.body.signature }
  })
  const quorum = signatures.slice(0, Math.ceil((1.1 * count) / 2) + 1)
  const keys = [...gone]
  const answers = new Map<number, MaskAnswers['shares']>()
  for (const place of survivors) {
    ask(place, { kind: 'unmask', planDigest, seeds: survivors, keys, signatures: quorum })
    const said = saidBy(placed[place]!.state)
    if (said?.to !== 'unmask') throw new Error('expected answers')
    answers.set(place, said.body.shares)
  }
  log('the server takes the masks away')
  const told: Told = { ...terms, members: roster, shares: sent, survivors, answers }
  const from = processorSeconds()
  unmask(nativeCiphers, told, sum, WHOLE)
  const unmaskSeconds = processorSeconds() - from
  const measured = all.filter((place) => isSampled(place) && !gone.has(place))
  const mean = (of: (member: Member) => number): number =>
    measured.reduce((total, place) => total + of(placed[place]!), 0) / measured.length
  return {
    deviceSeconds: mean(({ seconds }) => seconds),
    controlBytes: mean(({ bytes }) => bytes),
    addSeconds: (addSeconds * survivors.length) / maskers.length,
    unmaskSeconds,
    isExact: maskers.length === survivors.length ? sum.every((x, i) => x === plain[i]) : null,
  }
}

const rosterMember = ({ state, tools }: Member): RosterMember => {
  const said = saidBy(state)
  if (said?.to !== 'keys') throw new Error('expected keys')
  const { planDigest: _, ...keys } = said.body
  return { identity: tools.identity.publicKey, ...keys }
}

const sizeOf = (message: unknown): number => Buffer.byteLength(JSON.stringify(message))

/** Nothing is said where the masked update follows. */
const saidBytes = (state: DeviceState): number => {
  const said = saidBy(state)
  return said ? sizeOf({ kind: said.to, protocol: PROTOCOL_VERSION, ...said.body }) : 0
}
