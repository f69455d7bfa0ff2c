/** A whole masked round in memory: devices and a server that does as it should, or as a test has it do. */
import { nativeCiphers } from '../../../adapters/node/ciphers.ts'
import { randomBytes } from '../../../adapters/random.ts'
import { answer, join, mask, saidBy } from '../../../adapters/secagg/device.ts'
import type { DeviceState, DeviceTools, Terms } from '../../../adapters/secagg/device-state.ts'
import { DEFAULT_RATES } from '../../../adapters/secagg/parameters.ts'
import { addTo } from '../../../adapters/secagg/ring.ts'
import { checkKeys, rosterOf } from '../../../adapters/secagg/roster.ts'
import { type Told, unmask } from '../../../adapters/secagg/unmask.ts'
import type {
  MaskAnswers,
  MaskRequest,
  MaskShares,
  RosterMember,
} from '../../../adapters/wire/masks.ts'
import { newKeyPair } from '../../../adapters/wire/signature.ts'

export const TERMS: Terms = {
  roundId: 'round_1',
  planDigest: 'ab'.repeat(32),
  ...DEFAULT_RATES,
  minimum: 2,
  devices: 1000,
}

export type Device = {
  state: DeviceState
  readonly tools: DeviceTools
  readonly vector: Uint32Array
}

/** By place in the roster. */
export type Party = {
  readonly terms: Terms
  readonly devices: readonly Device[]
  readonly roster: readonly RosterMember[]
}

/** What is sent is what JSON keeps. */
const kept = <T>(value: T): T => JSON.parse(JSON.stringify(value))

export const gather = (count: number, size: number, terms: Terms = TERMS): Party => {
  const devices = Array.from({ length: count }, () => {
    const tools = { ciphers: nativeCiphers, random: randomBytes, identity: newKeyPair() }
    const vector = new Uint32Array(randomBytes(4 * size).buffer)
    return { tools, vector, state: join(terms, tools) }
  })
  const byIdentity = new Map(devices.map((device) => [device.tools.identity.publicKey, device]))
  const roster = rosterOf(
    devices.map(({ state, tools }) => {
      const said = saidBy(state)
      if (said?.to !== 'keys') throw new Error('expected keys')
      const { planDigest: _, ...keys } = said.body
      return { identity: tools.identity.publicKey, ...keys }
    }),
  )
  for (const member of roster) checkKeys(nativeCiphers, terms, member)
  return { terms, roster, devices: roster.map(({ identity }) => byIdentity.get(identity)!) }
}

/** As the device keeps its state. */
export const ask = (device: Device, request: MaskRequest): void => {
  device.state = kept(answer(kept(device.state), kept(request), device.tools))
}

export const rosterRequest = ({ terms, roster }: Party): MaskRequest => ({
  kind: 'roster',
  planDigest: terms.planDigest,
  members: [...roster],
})

type Sent = Map<number, Omit<MaskShares, 'protocol'>>

export const sharesRequest = ({ terms }: Party, sent: Sent, to: number): MaskRequest => ({
  kind: 'shares',
  planDigest: terms.planDigest,
  senders: [...sent.keys()],
  shares: [...sent].flatMap(([from, { shares }]) =>
    shares.filter((one) => one.to === to).map(({ sealed }) => ({ from, sealed })),
  ),
})

/** Devices that are gone: by step, places. */
export type Gone = Partial<Record<'shares' | 'vector' | 'survivors' | 'unmask', readonly number[]>>

const all = (party: Party, ...gone: (readonly number[] | undefined)[]): number[] =>
  party.devices.map((_, place) => place).filter((place) => !gone.some((g) => g?.includes(place)))

/** Up to the shares that all have sent. */
export const shareSecrets = (party: Party, gone: Gone = {}): Sent => {
  const sent: Sent = new Map()
  for (const place of all(party, gone.shares)) {
    const device = party.devices[place]!
    ask(device, rosterRequest(party))
    const said = saidBy(device.state)
    if (said?.to !== 'shares') throw new Error('expected shares')
    sent.set(place, said.body)
  }
  for (const place of sent.keys()) ask(party.devices[place]!, sharesRequest(party, sent, place))
  return sent
}

export const maskedOf = ({ state, tools, vector }: Device): Uint32Array => {
  if (state.step !== 'ready') throw new Error(`expected a device that is ready, got ${state.step}`)
  return mask(state, vector, tools)
}

/** Signatures of those that signed, by place. */
export const signAll = (
  party: Party,
  survivors: readonly number[],
  signers: readonly number[],
): { of: number; signature: string }[] =>
  signers.map((of) => {
    const device = party.devices[of]!
    const { planDigest } = party.terms
    ask(device, { kind: 'survivors', planDigest, survivors: [...survivors] })
    const said = saidBy(device.state)
    if (said?.to !== 'survivors') throw new Error('expected a signature')
    return { of, signature: said.body.signature }
  })

/** The sum that the server ends with, and the sum of the survivors' vectors. */
export const runRound = (party: Party, gone: Gone = {}) => {
  const { planDigest } = party.terms
  const sent = shareSecrets(party, gone)
  const survivors = all(party, gone.shares, gone.vector)
  const size = party.devices[0]!.vector.length
  const [sum, plain] = [new Uint32Array(size), new Uint32Array(size)]
  for (const place of survivors) {
    addTo(sum, maskedOf(party.devices[place]!))
    addTo(plain, party.devices[place]!.vector)
  }
  const signers = survivors.filter((place) => !gone.survivors?.includes(place))
  const signatures = signAll(party, survivors, signers)
  const keys = [...sent.keys()].filter((place) => !survivors.includes(place))
  const request: MaskRequest = { kind: 'unmask', planDigest, seeds: survivors, keys, signatures }
  const answers = new Map<number, MaskAnswers['shares']>()
  for (const place of signers.filter((one) => !gone.unmask?.includes(one))) {
    const device = party.devices[place]!
    ask(device, request)
    const said = saidBy(device.state)
    if (said?.to !== 'unmask') throw new Error('expected answers')
    answers.set(place, said.body.shares)
  }
  const shares = new Map(
    [...sent].map(([place, { seedDigest, shares }]) => [
      place,
      { seedDigest, to: shares.map(({ to }) => to) },
    ]),
  )
  const told: Told = { ...party.terms, members: party.roster, shares, survivors, answers }
  return { sum, plain, told, unmask: () => unmask(nativeCiphers, told, sum) }
}
