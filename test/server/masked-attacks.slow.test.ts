/**
 * A malicious server over real ports. It lets devices check in at an honest one, serves their masked
 * round itself, and tries to get more than a sum. The devices are the production code; every device that
 * it lies to refuses with the code of the lie.
 */
import { expect, test } from 'vitest'
import { nativeCiphers } from '../../adapters/node/ciphers.ts'
import { sha256Hex } from '../../adapters/node/sha256.ts'
import { randomBytes } from '../../adapters/random.ts'
import { join, saidBy } from '../../adapters/secagg/device.ts'
import { rosterOf } from '../../adapters/secagg/roster.ts'
import { UploadResponse } from '../../adapters/wire/federation.ts'
import {
  MaskMessage,
  type MaskRequest,
  type MaskShares,
  MaskStatus,
  type RosterMember,
} from '../../adapters/wire/masks.ts'
import { PROTOCOL_VERSION } from '../../adapters/wire/primitives.ts'
import { deviceIdOf, newKeyPair } from '../../adapters/wire/signature.ts'
import { testServer, tinyJob } from '../support/federation-fixture.ts'
import { type FleetDevice, fleetDevice, listening } from '../support/masked-fleet.ts'

const COUNT = 5
const protocol = PROTOCOL_VERSION

type Asked<Kind extends MaskRequest['kind']> = Extract<MaskRequest, { kind: Kind }>

/** What the server knows when it asks a device, by its place in the true roster. */
type Scene = {
  readonly place: number
  readonly roster: readonly RosterMember[]
  newcomer(): RosterMember
}

/** A lie in place of what would be true. */
type Attack = (request: MaskRequest, scene: Scene) => MaskRequest

const on =
  <Kind extends MaskRequest['kind']>(
    kind: Kind,
    lie: (request: Asked<Kind>, scene: Scene) => MaskRequest,
  ): Attack =>
  (request, scene) =>
    request.kind === kind ? lie(request as Asked<Kind>, scene) : request

const otherPlan: Attack = (request) => ({ ...request, planDigest: 'cd'.repeat(32) })

/** name, code of all devices, the lie. */
const ATTACKS: readonly (readonly [string, string, Attack])[] = [
  ['a round without the announced job digest: its roster', 'E_PLAN', otherPlan],
  ...(['shares', 'survivors', 'unmask'] as const).map(
    (kind) =>
      [
        `a round without the announced job digest: ${kind}`,
        'E_PLAN',
        on(kind, (r) => otherPlan(r, null!)),
      ] as const,
  ),
  [
    'keys that no device has signed',
    'E_ROSTER',
    on('roster', ({ members, ...rest }, { place }) => {
      const [at, from] = [(place + 1) % COUNT, (place + 2) % COUNT]
      const { maskKey } = members[from]!
      return { ...rest, members: members.map((one, i) => (i === at ? { ...one, maskKey } : one)) }
    }),
  ],
  [
    'a device that stands twice in the roster',
    'E_ROSTER',
    on('roster', ({ members, ...rest }, { place }) => {
      const at = place === 0 ? 1 : 0
      return { ...rest, members: members.flatMap((one, i) => (i === at ? [one, one] : [one])) }
    }),
  ],
  [
    'more devices than were announced',
    'E_ROSTER',
    on('roster', ({ members, ...rest }, { newcomer }) => ({
      ...rest,
      members: rosterOf([...members, newcomer()]),
    })),
  ],
  [
    'a roster of too few',
    'E_SURVIVORS',
    on('roster', ({ members, ...rest }, { place }) => ({ ...rest, members: [members[place]!] })),
  ],
  [
    'a second roster',
    'E_TWICE',
    on('shares', ({ planDigest }, { roster, place, newcomer }) => ({
      kind: 'roster',
      planDigest,
      members: rosterOf([...roster.filter((_, i) => i !== (place + 1) % COUNT), newcomer()]),
    })),
  ],
  [
    'a sender whose shares were changed',
    'E_SHARES',
    on('shares', ({ shares: [one, two, ...rest], ...request }) => ({
      ...request,
      shares: [{ ...one!, sealed: two!.sealed }, two!, ...rest],
    })),
  ],
  [
    'other shares than before',
    'E_TWICE',
    on('survivors', ({ planDigest, survivors }) => ({
      ...{ kind: 'shares', planDigest, senders: survivors.slice(1), shares: [] },
    })),
  ],
  [
    'a list of too few survivors',
    'E_SURVIVORS',
    on('survivors', (request, { place }) => ({ ...request, survivors: [place] })),
  ],
  [
    'survivors that never shared',
    'E_SURVIVORS',
    on('survivors', ({ survivors, ...rest }) => ({ ...rest, survivors: [...survivors, COUNT] })),
  ],
  [
    'a second list of survivors',
    'E_TWICE',
    on('unmask', ({ planDigest, seeds }, { place }) => ({
      ...{ kind: 'survivors', planDigest },
      survivors: seeds.filter((one) => one !== (place + 1) % COUNT),
    })),
  ],
  [
    'both shares of one peer',
    'E_SHARES',
    on('unmask', (request, { place }) => ({ ...request, keys: [(place + 1) % COUNT] })),
  ],
  [
    'a list that was changed after it was signed',
    'E_SURVIVORS',
    on('unmask', ({ seeds, ...rest }, { place }) => {
      const victim = (place + 1) % COUNT
      return { ...rest, seeds: seeds.filter((one) => one !== victim), keys: [victim] }
    }),
  ],
  [
    'a list that too few have signed',
    'E_SURVIVORS',
    on('unmask', ({ signatures, ...rest }) => ({ ...rest, signatures: signatures.slice(0, 2) })),
  ],
  [
    'one signature for all',
    'E_SURVIVORS',
    on('unmask', ({ signatures, ...rest }) => ({
      ...rest,
      signatures: signatures.map(({ of }) => ({ of, signature: signatures[0]!.signature })),
    })),
  ],
  [
    'rosters that contradict each other',
    'E_SURVIVORS',
    // A device of the server's own in the place of another, another for each: all are signed.
    (request, { place, newcomer }) => {
      if (request.kind === 'shares') return { ...request, shares: [] }
      if (request.kind !== 'roster') return request
      const { members } = request
      const others = members.filter((_, i) => i !== place)
      return { ...request, members: rosterOf([members[place]!, ...others.slice(1), newcomer()]) }
    },
  ],
  [
    'lists of senders that contradict each other',
    'E_SURVIVORS',
    on('shares', ({ senders, shares, ...rest }, { place }) => {
      const left = (place + 1) % COUNT
      return {
        ...rest,
        senders: senders.filter((one) => one !== left),
        shares: shares.filter(({ from }) => from !== left),
      }
    }),
  ],
  [
    'lists of survivors that contradict each other',
    'E_SURVIVORS',
    on('survivors', ({ survivors, ...rest }, { place }) => ({
      ...rest,
      survivors: survivors.filter((one) => one !== (place + 1) % COUNT),
    })),
  ],
]

/** Goes on whenever all devices have done what it asked. told: what it has got from them. */
const maliciousServer = (attack: Attack, devices: () => readonly FleetDevice[]) => {
  const told = { updates: 0, answers: 0 }
  const keys = new Map<string, RosterMember>()
  const shares = new Map<number, MaskShares>()
  const vectors = new Set<string>()
  const signatures = new Map<number, string>()
  let plan = { roundId: '', planDigest: '' }
  const roster = () => rosterOf([...keys.values()])
  const all = Array.from({ length: COUNT }, (_, i) => i)
  const placeOf = (id: string): number =>
    roster().findIndex(({ identity }) => deviceIdOf(identity) === id)
  const truth = (place: number, id: string): MaskRequest | null => {
    const { planDigest } = plan
    if (keys.size < COUNT) return null
    if (!shares.has(place)) return { kind: 'roster', planDigest, members: roster() }
    if (shares.size < COUNT) return null
    if (!vectors.has(id)) {
      const sent = [...shares].flatMap(([from, sent]) =>
        sent.shares.filter(({ to }) => to === place).map(({ sealed }) => ({ from, sealed })),
      )
      return { kind: 'shares', planDigest, senders: all, shares: sent }
    }
    if (vectors.size < COUNT) return null
    if (!signatures.has(place)) return { kind: 'survivors', planDigest, survivors: all }
    if (signatures.size < COUNT) return null
    const signed = [...signatures].map(([of, signature]) => ({ of, signature }))
    return { kind: 'unmask', planDigest, seeds: all, keys: [], signatures: signed }
  }
  const newcomer = (): RosterMember => {
    const tools = { ciphers: nativeCiphers, random: randomBytes, identity: newKeyPair() }
    const terms = { ...plan, adversaries: 0.1, dropouts: 0.3, minimum: 2, devices: COUNT }
    const said = saidBy(join(terms, tools))
    if (said?.to !== 'keys') throw new Error('expected keys')
    const { planDigest: _, ...signed } = said.body
    return { identity: tools.identity.publicKey, ...signed }
  }
  const take = (id: string, message: MaskMessage): void => {
    switch (message.kind) {
      case 'keys': {
        const { planDigest, maskKey, sealKey, signature } = message
        plan = { ...plan, planDigest }
        const { publicKey } = devices().find(({ key }) => deviceIdOf(key.publicKey) === id)!.key
        keys.set(id, { identity: publicKey, maskKey, sealKey, signature })
        return
      }
      case 'shares':
        shares.set(placeOf(id), message)
        return
      case 'survivors':
        signatures.set(placeOf(id), message.signature)
        return
      case 'unmask':
        told.answers += 1
    }
  }
  const answer = async (request: Request, roundId: string): Promise<Response> => {
    plan = { ...plan, roundId }
    const id = /keyid="([^"]+)"/.exec(request.headers.get('signature-input')!)![1]!
    if (request.method === 'PUT') {
      const digest = sha256Hex(new Uint8Array(await request.arrayBuffer()))
      vectors.add(id)
      told.updates += 1
      return Response.json(
        UploadResponse.parse({ protocol, accepted: true, duplicate: false, digest }),
        { status: 202 },
      )
    }
    if (request.method === 'POST') {
      take(id, MaskMessage.parse(await request.json()))
      return Response.json({ protocol, done: true })
    }
    const place = placeOf(id)
    const asked = truth(place, id)
    const status = {
      ...{ protocol, isOver: false, retryAfterMs: 10 },
      request: asked && attack(asked, { place, roster: roster(), newcomer }),
    }
    return Response.json(MaskStatus.parse(status))
  }
  return { told, answer }
}

const scene = async (attack: Attack) => {
  const honest = testServer()
  const devices: FleetDevice[] = []
  const malicious = maliciousServer(attack, () => devices)
  const { url, server } = await listening((request) => {
    const path = /^\/v1\/rounds\/([^/]+)\/(masks|update)$/.exec(new URL(request.url).pathname)
    return path ? malicious.answer(request, path[1]!) : honest.app.request(request)
  })
  const cohort = {
    size: COUNT,
    goal: COUNT,
    minimum: 2,
    choices: '0' as const,
    deadlineMs: 600_000,
  }
  await honest.operator.createJob(tinyJob({ cohort, masks: {} }))
  for (let i = 0; i < COUNT; i++) {
    const token = await honest.operator.token()
    devices.push(
      await fleetDevice({ serverUrl: url, token, name: `device-${i}`, clock: honest.now }),
    )
  }
  await Promise.all(devices.map((device) => device.run()))
  server.closeAllConnections()
  server.close()
  await honest.close()
  return { devices, told: malicious.told }
}

test('a server that tells the truth gets a masked update and its answer from every device', async () => {
  const { devices, told } = await scene((request) => request)
  expect(told).toEqual({ updates: COUNT, answers: COUNT })
  for (const { notes } of devices) expect(notes.join()).not.toContain('refused')
})

const isBeforeUpdates: ReadonlySet<string> = new Set(['roster', 'shares'])

test.each(ATTACKS)('every device refuses %s with %s', async (name, code, attack) => {
  let first: MaskRequest['kind'] | undefined
  const { devices, told } = await scene((request, given) => {
    const lie = attack(request, given)
    if (lie !== request) first ??= request.kind
    return lie
  })
  expect(
    devices.map(({ notes }) => notes.filter((note) => note.includes("refused the server's"))),
  ).toEqual(devices.map(() => [expect.stringContaining(`refused the server's request: ${code}: `)]))
  expect(told.answers).toBe(0)
  // Rosters or senders that contradict each other are seen when the survivors are signed.
  expect(told.updates).toBe(isBeforeUpdates.has(first!) && !/contradict/.test(name) ? 0 : COUNT)
})
