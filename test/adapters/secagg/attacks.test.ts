import { describe, expect, test } from 'vitest'
import { nativeCiphers } from '../../../adapters/node/ciphers.ts'
import { randomBytes } from '../../../adapters/random.ts'
import { join, saidBy } from '../../../adapters/secagg/device.ts'
import { rosterOf } from '../../../adapters/secagg/roster.ts'
import type { MaskRequest, RosterMember } from '../../../adapters/wire/masks.ts'
import { newKeyPair } from '../../../adapters/wire/signature.ts'
import {
  ask,
  type Device,
  gather,
  type Party,
  rosterRequest,
  shareSecrets,
  sharesRequest,
  signAll,
  TERMS,
} from './masked-round.ts'

const COUNT = 10
const { planDigest } = TERMS
const ALL = Array.from({ length: COUNT }, (_, i) => i)

const refused = (device: Device, request: MaskRequest, code: string) => {
  const before = JSON.stringify(device.state)
  expect(() => ask(device, request)).toThrow(expect.objectContaining({ code }))
  expect(JSON.stringify(device.state)).toBe(before)
}

/** Keys that some device really signed, for the given round. */
const newcomer = (terms = TERMS): RosterMember => {
  const identity = newKeyPair()
  const said = saidBy(join(terms, { ciphers: nativeCiphers, random: randomBytes, identity }))
  if (said?.to !== 'keys') throw new Error('expected keys')
  const { planDigest: _, ...keys } = said.body
  return { identity: identity.publicKey, ...keys }
}

const members = (
  party: Party,
  change: (roster: RosterMember[]) => RosterMember[],
): MaskRequest => ({
  kind: 'roster',
  planDigest,
  members: change([...party.roster]),
})

describe('a malicious server cannot have a device', () => {
  test('take part in a round that is not the one it was told of', () => {
    const { devices, roster } = gather(COUNT, 4)
    refused(
      devices[0]!,
      { kind: 'roster', planDigest: 'cd'.repeat(32), members: [...roster] },
      'E_PLAN',
    )
    // Somebody else was told of another round: the keys that they signed are for that one.
    const other = newcomer({ ...TERMS, planDigest: 'cd'.repeat(32) })
    const party = gather(COUNT, 4)
    refused(
      party.devices[0]!,
      members(party, (all) => rosterOf([...all, other])),
      'E_ROSTER',
    )
  })

  test.each<[string, (roster: RosterMember[]) => RosterMember[]]>([
    [
      'other keys under a signature',
      ([first, second, ...rest]) => [first!, { ...second!, maskKey: first!.maskKey }, ...rest],
    ],
    [
      'keys of another round',
      (all) => rosterOf([...all.slice(1), newcomer({ ...TERMS, roundId: 'round_0' })]),
    ],
    [
      'the signature of somebody else',
      ([first, second, ...rest]) =>
        [first!, { ...second!, identity: newKeyPair().publicKey }, ...rest].sort((a, b) =>
          a.identity < b.identity ? -1 : 1,
        ),
    ],
    ['a device twice', ([first, ...rest]) => [first!, first!, ...rest]],
    ['another order', (all) => [...all].reverse()],
    ['a roster without it', (all) => all.slice(1)],
    ['more devices than were announced', (all) => rosterOf([...all, newcomer()])],
  ])('accept %s', (_, change) => {
    const party = gather(COUNT, 4, { ...TERMS, devices: COUNT })
    refused(party.devices[0]!, members(party, change), 'E_ROSTER')
  })

  test('accept other keys of its own', () => {
    const party = gather(COUNT, 4)
    const [device] = party.devices
    const said = saidBy(join(TERMS, device!.tools))
    if (said?.to !== 'keys') throw new Error('expected keys')
    const { planDigest: _, ...keys } = said.body
    const own = { identity: device!.tools.identity.publicKey, ...keys }
    refused(
      device!,
      members(party, ([, ...rest]) => [own, ...rest]),
      'E_ROSTER',
    )
  })

  test('go into a sum of too few', () => {
    const party = gather(COUNT, 4, { ...TERMS, minimum: COUNT })
    refused(
      party.devices[0]!,
      members(party, (all) => all.slice(0, COUNT - 1)),
      'E_SURVIVORS',
    )
    const sent = shareSecrets(party)
    refused(
      party.devices[1]!,
      { kind: 'survivors', planDigest, survivors: ALL.slice(0, COUNT - 1) },
      'E_SURVIVORS',
    )
    expect(sent.size).toBe(COUNT)
  })

  test('believe that most of those who hold its shares are gone', () => {
    const party = gather(COUNT, 4)
    shareSecrets(party)
    refused(
      party.devices[0]!,
      { kind: 'survivors', planDigest, survivors: [0, 1, 2] },
      'E_SURVIVORS',
    )
  })

  test('see a second, other roster, other shares, or another list', () => {
    const party = gather(COUNT, 4)
    const [device] = party.devices
    ask(device!, rosterRequest(party))
    ask(device!, rosterRequest(party))
    refused(
      device!,
      members(party, (all) => rosterOf([...all, newcomer()])),
      'E_TWICE',
    )
    const again = gather(COUNT, 4)
    const sent = shareSecrets(again)
    const [first] = again.devices
    const request = sharesRequest(again, sent, 0)
    ask(first!, request)
    if (request.kind !== 'shares') throw new Error('expected shares')
    refused(first!, { ...request, senders: ALL.slice(0, COUNT - 1) }, 'E_TWICE')
    signAll(again, ALL, [0])
    signAll(again, ALL, [0])
    refused(
      first!,
      { kind: 'survivors', planDigest, survivors: ALL.slice(0, COUNT - 1) },
      'E_TWICE',
    )
  })

  test('take shares that were changed, doubled, or are from nobody', () => {
    const party = gather(COUNT, 4)
    for (const device of party.devices) ask(device, rosterRequest(party))
    const sent = new Map(
      party.devices.map(({ state }, place) => {
        const said = saidBy(state)
        if (said?.to !== 'shares') throw new Error('expected shares')
        return [place, said.body]
      }),
    )
    const request = sharesRequest(party, sent, 0)
    if (request.kind !== 'shares') throw new Error('expected shares')
    const { shares } = request
    const [first] = party.devices
    const [one, two] = shares
    refused(
      first!,
      { ...request, shares: [{ ...one!, from: two!.from }, ...shares.slice(2)] },
      'E_SHARES',
    )
    refused(first!, { ...request, shares: [one!, ...shares] }, 'E_SHARES')
    refused(
      first!,
      { ...request, shares: [...shares, { from: 99, sealed: one!.sealed }] },
      'E_SHARES',
    )
    refused(first!, { ...request, senders: [0, 1, 2, 3, 4, 5, 77] }, 'E_SURVIVORS')
    refused(first!, { ...request, senders: ALL.slice(1) }, 'E_SURVIVORS')
    refused(first!, { ...request, senders: [0, 1] }, 'E_SURVIVORS')
  })

  test('reveal both secrets of a device, shares for another list, or shares without agreement', () => {
    const party = gather(COUNT, 4)
    shareSecrets(party)
    const survivors = ALL.slice(0, COUNT - 1)
    const [device] = party.devices
    const ask0 = { kind: 'unmask' as const, planDigest, seeds: survivors, keys: [COUNT - 1] }
    refused(device!, { ...ask0, signatures: [] }, 'E_SURVIVORS')
    const signatures = signAll(party, survivors, survivors)
    refused(device!, { ...ask0, keys: [COUNT - 1, 3], signatures }, 'E_SHARES')
    refused(device!, { ...ask0, seeds: [3, ...survivors], signatures }, 'E_SHARES')
    refused(
      device!,
      { ...ask0, seeds: [...survivors, COUNT - 1], keys: [], signatures },
      'E_SURVIVORS',
    )
    refused(device!, { ...ask0, seeds: survivors.slice(1), keys: [0], signatures }, 'E_SURVIVORS')
    refused(device!, { ...ask0, keys: [400], signatures }, 'E_SURVIVORS')
    // 6 of 10 devices are a quorum.
    refused(device!, { ...ask0, signatures: signatures.slice(0, 5) }, 'E_SURVIVORS')
    const doubled = [...signatures.slice(0, 5), signatures[0]!]
    refused(device!, { ...ask0, signatures: doubled }, 'E_SURVIVORS')
    const forged = signatures.map((one) => ({ ...one, signature: signatures[0]!.signature }))
    refused(device!, { ...ask0, signatures: forged }, 'E_SURVIVORS')
  })

  test('reveal shares twice for different lists', () => {
    const party = gather(COUNT, 4)
    shareSecrets(party)
    const signatures = signAll(party, ALL, ALL)
    const [device] = party.devices
    const request = { kind: 'unmask' as const, planDigest, seeds: ALL, keys: [], signatures }
    ask(device!, request)
    const before = JSON.stringify(saidBy(device!.state))
    ask(device!, request)
    expect(JSON.stringify(saidBy(device!.state))).toBe(before)
    refused(device!, { ...request, seeds: ALL.slice(1), keys: [0] }, 'E_TWICE')
  })

  test('show one list to some and another to others: at most one of them is a quorum', () => {
    const party = gather(COUNT, 4)
    shareSecrets(party)
    const [one, other] = [ALL.slice(0, 9), ALL.slice(1)]
    const forOne = signAll(party, one, [0, 1, 2, 3])
    const forOther = signAll(party, other, [4, 5, 6, 7, 8, 9])
    const request = { kind: 'unmask' as const, planDigest, seeds: one, keys: [9] }
    refused(party.devices[0]!, { ...request, signatures: [...forOne, ...forOther] }, 'E_SURVIVORS')
    refused(party.devices[0]!, { ...request, signatures: forOne }, 'E_SURVIVORS')
  })

  test('find its secrets in what it keeps once it is done', () => {
    const party = gather(COUNT, 4)
    shareSecrets(party)
    const [device] = party.devices
    const secrets = device!.state.step === 'ready' ? device!.state : null
    const signatures = signAll(party, ALL, ALL)
    ask(device!, { kind: 'unmask', planDigest, seeds: ALL, keys: [], signatures })
    const kept = JSON.stringify(device!.state)
    for (const secret of [secrets!.maskSecret, secrets!.sealSecret, secrets!.seed])
      expect(kept).not.toContain(secret)
  })
})
