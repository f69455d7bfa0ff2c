/**
 * The steps of a masked round while it collects. Each ends when all have done it, or at its deadline with
 * as many as it needs; with fewer the round is given up. What a step asks of all devices alike is written
 * down when it begins, so that a request reads that, and what is its own.
 */
import { unusedContributions } from '../../adapters/contributions/table.ts'
import { nativeCiphers } from '../../adapters/node/ciphers.ts'
import { parametersOf } from '../../adapters/secagg/parameters.ts'
import { rosterOf } from '../../adapters/secagg/roster.ts'
import { rosterDigestOf, survivorsText } from '../../adapters/secagg/signed-texts.ts'
import type {
  MaskKeys,
  MaskMessage,
  MaskRequest,
  MaskSurvivors,
} from '../../adapters/wire/masks.ts'
import type { Job, JobProgress, Masking, MaskPlace, Round } from '../store/records.ts'
import type { Tables, Transaction } from '../store/store.ts'
import { planDigestOf } from './assignment.ts'
import type { RoundDeps } from './deps.ts'
import { apply, lockedProgress } from './progress.ts'
import { abandon, closeRound } from './round.ts'

type Request<Kind extends MaskRequest['kind']> = Extract<MaskRequest, { kind: Kind }>

type Step = {
  /** What devices say in it; null: they send their masked updates. */
  readonly says: MaskMessage['kind'] | null
  readonly asks: MaskRequest['kind']
  /** What only those have done that are to do this. */
  readonly after: MaskMessage['kind'] | 'update'
  readonly least: (masking: Masking, job: Job) => number
  readonly what: string
}

/** As they follow each other. */
export const STEPS: Readonly<Record<Masking['phase'], Step>> = {
  sharing: {
    says: 'shares',
    asks: 'roster',
    after: 'keys',
    least: (_, { spec }) => spec.cohort.minimum,
    what: 'shared their secrets',
  },
  masking: {
    says: null,
    asks: 'shares',
    after: 'shares',
    least: (masking, job) => Math.max(job.spec.cohort.minimum, limitsOf(masking, job).quorum),
    what: 'sent a masked update',
  },
  agreeing: {
    says: 'survivors',
    asks: 'survivors',
    after: 'update',
    least: (masking, job) => limitsOf(masking, job).quorum,
    what: 'agreed on who is left',
  },
  unmasking: {
    says: 'unmask',
    asks: 'unmask',
    // Who has not signed knows of no list.
    after: 'survivors',
    least: (masking, job) => limitsOf(masking, job).threshold,
    what: 'revealed their shares',
  },
}

/** Of the roster. */
export const limitsOf = ({ devices }: Masking, { spec }: Job) =>
  parametersOf(Math.max(2, devices), spec.masks!)

/** Under which kind the text is kept that devices sign when they agree. */
export const SIGNED_TEXT = 'signed'

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

/** The round after what has been said by now; the same where nothing comes of it. */
const nextRound = async (
  tables: Tables,
  { job, round }: JobProgress,
  now: number,
): Promise<Round | null> => {
  const { masks } = job.spec
  if (!masks || round?.phase !== 'collecting') return round
  const { masking } = round
  if (!masking) return beginSharing(tables, job, round, now)
  if (masking.devices === undefined)
    return abandon(round, 'its masks were begun by another version of the server', now)
  const step = STEPS[masking.phase]
  const done =
    step.says === null ? round.received : await tables.countMaskMessages(round.id, step.says)
  if (done < masking.expected && now < masking.endsAt) return round
  const least = step.least(masking, job)
  if (done < least) return abandon(round, `${done} devices ${step.what}, of at least ${least}`, now)
  if (masking.phase === 'unmasking') return closeRound(round, now)
  const next = await BEGIN[masking.phase](tables, { job, round, masking })
  return { ...round, masking: { ...masking, ...next, endsAt: now + masks.phaseMs } }
}

/** The roster stands. */
const beginSharing = async (
  tables: Tables,
  job: Job,
  round: Round,
  now: number,
): Promise<Round> => {
  const { cohort, masks } = job.spec
  const joined = await tables.countMaskMessages(round.id, 'keys')
  const isDue = now >= round.deadlineAt
  const needed = isDue ? cohort.minimum : cohort.goal
  if (joined < needed) return round
  const { members, places } = await rosterIn(tables, round)
  // Some may have been erased since they joined.
  if (members.length < needed) return round
  await tables.saveMaskPlaces(round.id, places)
  await ask(tables, round, { kind: 'roster', ...(await planIn(tables, job, round)), members })
  const devices = members.length
  const phaseMs = masks!.phaseMs
  const masking = { phase: 'sharing', endsAt: now + phaseMs, devices, expected: devices } as const
  // Nobody else is assigned; the time of the round is that of its steps.
  return { ...round, masking, deadlineAt: now + 4 * phaseMs + 1 }
}

type Standing = { readonly job: Job; readonly round: Round; readonly masking: Masking }
type Begun = Pick<Masking, 'phase' | 'expected'>

/** What comes after a phase. */
const BEGIN: Record<
  Exclude<Masking['phase'], 'unmasking'>,
  (tables: Tables, standing: Standing) => Promise<Begun>
> = {
  async sharing(tables, { job, round }) {
    const senders = await placesThatSaid(tables, round, 'shares')
    const plan = await planIn(tables, job, round)
    await ask(tables, round, { kind: 'shares', ...plan, senders, shares: [] })
    return { phase: 'masking', expected: senders.length }
  },
  async masking(tables, { job, round }) {
    const survivors: number[] = []
    for (const { deviceId, place } of await tables.maskPlaces(round.id))
      if ((await tables.member(round.id, deviceId))?.digest != null) survivors.push(place)
    const { planDigest } = await planIn(tables, job, round)
    await ask(tables, round, { kind: 'survivors', planDigest, survivors })
    const { members } = await asked(tables, round, 'roster')
    const { senders } = await asked(tables, round, 'shares')
    const digest = rosterDigestOf(nativeCiphers, members)
    const text = survivorsText({ roundId: round.id, planDigest }, digest, senders, survivors)
    await tables.saveMaskRequest(round.id, SIGNED_TEXT, Buffer.from(text).toString())
    return { phase: 'agreeing', expected: survivors.length }
  },
  async agreeing(tables, { job, round, masking }) {
    const { survivors: seeds } = await asked(tables, round, 'survivors')
    const { senders } = await asked(tables, round, 'shares')
    const left = new Set(seeds)
    const keys = senders.filter((one) => !left.has(one))
    const said = await saidIn<MaskSurvivors>(tables, round, 'survivors')
    const signed = [...said].map(([of, { signature }]) => ({ of, signature }))
    // More would tell devices nothing.
    const signatures = signed.slice(0, limitsOf(masking, job).quorum)
    const plan = await planIn(tables, job, round)
    await ask(tables, round, { kind: 'unmask', ...plan, seeds, keys, signatures })
    return { phase: 'unmasking', expected: said.size }
  },
}

const ask = (tables: Tables, { id }: Round, request: MaskRequest): Promise<void> =>
  tables.saveMaskRequest(id, request.kind, JSON.stringify(request))

/** What the step asks of all devices alike. */
export const asked = async <Kind extends MaskRequest['kind']>(
  tables: Tables,
  { id }: Round,
  kind: Kind,
): Promise<Request<Kind>> => JSON.parse((await tables.maskRequest(id, kind))!) as Request<Kind>

/** By place in the roster, what devices have said, as it is kept. */
export const saidIn = async <Said>(
  tables: Tables,
  { id }: Round,
  kind: MaskMessage['kind'],
): Promise<Map<number, Said>> => {
  const places = new Map((await tables.maskPlaces(id)).map((one) => [one.deviceId, one.place]))
  const said = (await tables.maskMessages(id, kind)).flatMap(({ deviceId, body }) => {
    const place = places.get(deviceId)
    return place === undefined ? [] : [[place, JSON.parse(body) as Said] as const]
  })
  return new Map(said.sort(([a], [b]) => a - b))
}

const placesThatSaid = async (tables: Tables, round: Round, kind: MaskMessage['kind']) => [
  ...(await saidIn(tables, round, kind)).keys(),
]

/** Who has joined, and is enrolled still. */
const rosterIn = async (tables: Tables, round: Round) => {
  const joined = []
  for (const { deviceId, body } of await tables.maskMessages(round.id, 'keys')) {
    const device = await tables.device(deviceId)
    if (!device) continue
    const { maskKey, sealKey, signature } = JSON.parse(body) as MaskKeys
    joined.push({ deviceId, identity: device.publicKey, maskKey, sealKey, signature })
  }
  const ids = new Map(joined.map(({ identity, deviceId }) => [identity, deviceId]))
  const members = rosterOf(joined.map(({ deviceId: _, ...member }) => member))
  const places: MaskPlace[] = members.map(({ identity }, place) => ({
    deviceId: ids.get(identity)!,
    place,
    identity,
  }))
  return { members, places }
}

/** What nobody could use is not asked for. */
export const unusedIn = async (tables: Tables, job: Job, round: Round) => {
  const parent = await tables.release(round.parent)
  return parent ? unusedContributions(job.spec.contributions, parent.summary.parts) : []
}

export const planIn = async (tables: Tables, job: Job, round: Round) => ({
  planDigest: planDigestOf(job, round, await unusedIn(tables, job, round)),
})
