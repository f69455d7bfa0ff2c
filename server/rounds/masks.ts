/**
 * A masked round, while it collects: devices join when their updates are ready, share their secrets, send
 * masked updates, agree on who has survived, and reveal what takes the masks away. Each step ends when
 * all have done it, or at its deadline with as many as it needs; with fewer the round is given up.
 */

import { unusedContributions } from '../../adapters/contributions/table.ts'
import { FedError } from '../../adapters/errors.ts'
import { nativeCiphers } from '../../adapters/node/ciphers.ts'
import { parametersOf } from '../../adapters/secagg/parameters.ts'
import { checkKeys, rosterOf } from '../../adapters/secagg/roster.ts'
import type { MaskMessage, MaskStatus } from '../../adapters/wire/masks.ts'
import { PROTOCOL_VERSION } from '../../adapters/wire/primitives.ts'
import type { Job, JobProgress, Masking, Round } from '../store/records.ts'
import type { Tables, Transaction } from '../store/store.ts'
import { planDigestOf } from './assignment.ts'
import type { RoundDeps } from './deps.ts'
import { apply, lockedProgress } from './progress.ts'
import { abandon, closeRound, isCollecting } from './round.ts'

type Kind = MaskMessage['kind']
type BodyOf<K extends Kind> = Extract<MaskMessage, { kind: K }>

/** By place in the roster, what devices have said. */
const saidIn = async <K extends Kind>(
  tables: Tables,
  { id }: Round,
  { members }: Pick<Masking, 'members'>,
  kind: K,
): Promise<Map<number, BodyOf<K>>> => {
  const places = new Map(members.map((device, place) => [device, place]))
  const said = (await tables.maskMessages(id, kind)).flatMap(({ deviceId, body }) => {
    const place = places.get(deviceId)
    return place === undefined ? [] : [[place, JSON.parse(body) as BodyOf<K>] as const]
  })
  return new Map(said.sort(([a], [b]) => a - b))
}

const allOf = ({ members }: Masking): number[] => members.map((_, place) => place)

type Step = {
  /** What devices say in it; null: they send their masked updates. */
  readonly kind: Kind | null
  /** Who is to do it, and the fewest that must. */
  readonly who: (masking: Masking) => readonly number[]
  readonly least: (masking: Masking, job: Job) => number
  readonly next: (masking: Masking, done: readonly number[]) => Masking | null
  readonly what: string
}

const rosterParameters = ({ members }: Masking, { spec }: Job) =>
  parametersOf(Math.max(2, members.length), spec.masks!)

const STEPS: Record<Exclude<Masking['phase'], 'joining'>, Step> = {
  sharing: {
    kind: 'shares',
    who: allOf,
    least: (_, { spec }) => spec.cohort.minimum,
    next: (masking, senders) => ({ ...masking, phase: 'masking', senders }),
    what: 'shared their secrets',
  },
  masking: {
    kind: null,
    who: ({ senders }) => senders,
    least: (masking, job) =>
      Math.max(job.spec.cohort.minimum, rosterParameters(masking, job).quorum),
    next: (masking, survivors) => ({ ...masking, phase: 'agreeing', survivors }),
    what: 'sent a masked update',
  },
  agreeing: {
    kind: 'survivors',
    who: ({ survivors }) => survivors,
    least: (masking, job) => rosterParameters(masking, job).quorum,
    next: (masking) => ({ ...masking, phase: 'unmasking' }),
    what: 'agreed on who is left',
  },
  unmasking: {
    kind: 'unmask',
    who: ({ survivors }) => survivors,
    least: (masking, job) => rosterParameters(masking, job).threshold,
    next: () => null,
    what: 'revealed their shares',
  },
}

/** Who has done what the phase asks for. */
const doneIn = async (tables: Tables, round: Round, masking: Masking, step: Step) => {
  const who = step.who(masking)
  const isDone = async (place: number) =>
    (await tables.member(round.id, masking.members[place]!))?.digest != null
  if (step.kind !== null) {
    const said = await saidIn(tables, round, masking, step.kind)
    return who.filter((place) => said.has(place))
  }
  const done: number[] = []
  for (const place of who) if (await isDone(place)) done.push(place)
  return done
}

/** The round after what has been said by now; the same where nothing comes of it. */
const nextRound = async (
  tables: Tables,
  { job, round }: JobProgress,
  now: number,
): Promise<Round | null> => {
  const { masks, cohort } = job.spec
  if (!masks || !round || round.phase !== 'collecting') return round
  const { masking } = round
  const endsAt = now + masks.phaseMs
  if (masking === undefined || masking.phase === 'joining') {
    const joined = await tables.maskMessages(round.id, 'keys')
    const isDue = now >= round.deadlineAt && joined.length >= cohort.minimum
    if (joined.length < cohort.goal && !isDue) return round
    const roster = await sortedMembers(tables, joined)
    // Some may have been erased since they joined.
    if (roster.members.length < (isDue ? cohort.minimum : cohort.goal)) return round
    const next = { phase: 'sharing', endsAt, ...roster, senders: [], survivors: [] } as const
    // Nobody else is assigned; the time of the round is that of its steps.
    return { ...round, masking: next, deadlineAt: now + 4 * masks.phaseMs + 1 }
  }
  const step = STEPS[masking.phase]
  const done = await doneIn(tables, round, masking, step)
  if (done.length < step.who(masking).length && now < masking.endsAt) return round
  const least = step.least(masking, job)
  if (done.length < least)
    return abandon(round, `${done.length} devices ${step.what}, of at least ${least}`, now)
  const next = step.next(masking, done)
  return next ? { ...round, masking: { ...next, endsAt } } : closeRound(round, now)
}

const sortedMembers = async (
  tables: Tables,
  joined: readonly { deviceId: string }[],
): Promise<Pick<Masking, 'members' | 'identities'>> => {
  const devices = await Promise.all(joined.map(({ deviceId }) => tables.device(deviceId)))
  const sorted = devices
    .flatMap((device) => (device ? [device] : []))
    .sort((a, b) => (a.publicKey < b.publicKey ? -1 : 1))
  return {
    members: sorted.map(({ id }) => id),
    identities: sorted.map(({ publicKey }) => publicKey),
  }
}

/** In a transaction that holds the lineage: goes on as far as what was said allows. */
export const stepMasks = async (
  deps: Pick<RoundDeps, 'rng' | 'log'>,
  tx: Transaction,
  job: Job,
  now: number,
): Promise<JobProgress> => {
  const progress = await lockedProgress(tx, job)
  const round = await nextRound(tx, progress, now)
  if (!round || round === progress.round) return progress
  return apply(deps, tx, progress, { kind: 'masked', round }, now)
}

/** Fails with E_ROUND_CLOSED where the round does not wait for this device's masked update. */
export const checkWaitsForMasked = ({ masking, id }: Round, deviceId: string): void => {
  const place = masking?.members.indexOf(deviceId) ?? -1
  if (masking?.phase !== 'masking' || !masking.senders.includes(place))
    throw new FedError('E_ROUND_CLOSED', `round ${id} waits for no masked update of this device`)
}

/**
 * Takes what a device says in a step. The same again is taken too. Fails with E_NOT_IN_COHORT, E_TWICE
 * (something else was said before), E_ROUND_CLOSED (not in this step), E_PLAN, E_ROSTER (its keys are not
 * signed for this round).
 */
export const takeMaskMessage = async (
  deps: RoundDeps & { readonly wake: () => void },
  deviceId: string,
  roundId: string,
  message: MaskMessage,
): Promise<void> => {
  const { store, clock } = deps
  const found = await store.round(roundId)
  const job = found && (await store.job(found.jobId))
  if (!job?.spec.masks) throw new FedError('E_NO_ROUND', `no masked round ${roundId.slice(0, 64)}`)
  const after = await store.transaction(async (tx) => {
    const progress = await lockedProgress(tx, job)
    const round = (await tx.round(roundId))!
    if (!(await tx.member(roundId, deviceId)))
      throw new FedError('E_NOT_IN_COHORT', 'the device was not assigned to this round')
    const body = JSON.stringify(message)
    const known = (await tx.maskMessages(roundId, message.kind)).find(
      (one) => one.deviceId === deviceId,
    )
    if (known) {
      if (known.body !== body)
        throw new FedError('E_TWICE', `the device has said something else in "${message.kind}"`)
      return progress
    }
    const now = clock()
    if (round.id !== progress.round?.id || !isCollecting(round, now)) throw closed(roundId)
    await checkMessage(tx, { job, round }, deviceId, message)
    await tx.saveMaskMessage({ roundId, kind: message.kind, deviceId, body })
    return stepMasks(deps, tx, job, now)
  })
  if (after.round?.phase === 'aggregating') deps.wake()
}

/** What nobody could use is not asked for. */
const unusedIn = async (tables: Tables, job: Job, round: Round) => {
  const parent = await tables.release(round.parent)
  return parent ? unusedContributions(job.spec.contributions, parent.summary.parts) : []
}

const digestIn = async (tables: Tables, job: Job, round: Round): Promise<string> =>
  planDigestOf(job, round, await unusedIn(tables, job, round))

const closed = (roundId: string) =>
  new FedError('E_ROUND_CLOSED', `round ${roundId} waits for nothing like that from this device`)

const checkMessage = async (
  tx: Transaction,
  { job, round }: { job: Job; round: Round },
  deviceId: string,
  message: MaskMessage,
): Promise<void> => {
  const { masking } = round
  if (message.kind !== 'keys') {
    if (!masking || masking.phase === 'joining') throw closed(round.id)
    const step = STEPS[masking.phase]
    const place = masking.members.indexOf(deviceId)
    if (step.kind !== message.kind || !step.who(masking).includes(place)) throw closed(round.id)
    return
  }
  if (masking && masking.phase !== 'joining') throw closed(round.id)
  const planDigest = await digestIn(tx, job, round)
  if (message.planDigest !== planDigest)
    throw new FedError('E_PLAN', 'the device has computed for another plan than this round has')
  const { publicKey } = (await tx.device(deviceId))!
  const { maskKey, sealKey, signature } = message
  const round_ = { roundId: round.id, planDigest }
  checkKeys(nativeCiphers, round_, { identity: publicKey, maskKey, sealKey, signature })
}

/** What the server asks of a device now. */
export const maskStatusOf = async (
  { store, clock }: Pick<RoundDeps, 'store' | 'clock'>,
  deviceId: string,
  roundId: string,
): Promise<MaskStatus> => {
  const round = await store.round(roundId)
  const job = round && (await store.job(round.jobId))
  if (!job?.spec.masks || !round)
    throw new FedError('E_NO_ROUND', `no masked round ${roundId.slice(0, 64)}`)
  const protocol = PROTOCOL_VERSION
  const retryAfterMs = Math.round(Math.min(5000, job.spec.masks.phaseMs / 20))
  const wait = { protocol, request: null, isOver: false, retryAfterMs }
  const over = { ...wait, isOver: true }
  const member = await store.member(roundId, deviceId)
  if (!member || !isCollecting(round, clock())) return over
  const { masking } = round
  if (!masking || masking.phase === 'joining') return wait
  const place = masking.members.indexOf(deviceId)
  const step = STEPS[masking.phase]
  if (!step.who(masking).includes(place)) return over
  const said = step.kind && (await saidIn(store, round, masking, step.kind))
  if (said?.has(place) || (step.kind === null && member.digest !== null)) return wait
  const planDigest = await digestIn(store, job, round)
  const request = await requestFor(store, round, masking, place, planDigest)
  return request ? { ...wait, request } : over
}

const requestFor = async (
  store: Tables,
  round: Round,
  masking: Masking,
  place: number,
  planDigest: string,
): Promise<MaskStatus['request']> => {
  const { senders, survivors } = masking
  switch (masking.phase) {
    case 'joining':
      return null
    case 'sharing':
      return { kind: 'roster', planDigest, members: await rosterIn(store, round, masking) }
    case 'masking': {
      const said = await saidIn(store, round, masking, 'shares')
      const shares = [...said].flatMap(([from, body]) =>
        body.shares.flatMap(({ to, sealed }) => (to === place ? [{ from, sealed }] : [])),
      )
      return { kind: 'shares', planDigest, senders: [...senders], shares }
    }
    case 'agreeing':
      return { kind: 'survivors', planDigest, survivors: [...survivors] }
    case 'unmasking': {
      const said = await saidIn(store, round, masking, 'survivors')
      // Who has not signed knows of no list.
      if (!said.has(place)) return null
      const signatures = [...said].map(([of, { signature }]) => ({ of, signature }))
      const keys = senders.filter((one) => !survivors.includes(one))
      return { kind: 'unmask', planDigest, seeds: [...survivors], keys, signatures }
    }
  }
}

const rosterIn = async (store: Tables, round: Round, masking: Masking) => {
  const said = await saidIn(store, round, masking, 'keys')
  const members = [...said].map(([place, { maskKey, sealKey, signature }]) => {
    // Not as the store has it now: a device may have been erased, or has a new key.
    const identity = masking.identities[place]!
    return { identity, maskKey, sealKey, signature }
  })
  return rosterOf(members)
}

/** All that takes the masks away; null: the round has none. */
export const toldIn = async (store: Tables, job: Job, round: Round) => {
  const { masking } = round
  if (!masking || !job.spec.masks) return null
  const [shares, answers] = [
    await saidIn(store, round, masking, 'shares'),
    await saidIn(store, round, masking, 'unmask'),
  ]
  const { adversaries, dropouts } = job.spec.masks
  const unused = await unusedIn(store, job, round)
  return {
    contributions: job.spec.contributions.filter((name) => !unused.includes(name)),
    ...{ roundId: round.id, planDigest: await digestIn(store, job, round), adversaries, dropouts },
    members: await rosterIn(store, round, masking),
    shares: new Map([...shares].filter(([place]) => masking.senders.includes(place))),
    survivors: masking.survivors,
    answers: new Map([...answers].map(([place, { shares: revealed }]) => [place, revealed])),
  }
}
