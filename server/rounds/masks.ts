/**
 * What devices of a masked round say, and what they are asked: devices join when their updates are
 * ready, share their secrets, send masked updates, agree on who has survived, and reveal what takes the
 * masks away (mask-steps.ts). A request reads the round, what its step asks of all, and what is of this
 * device; never what the others have said.
 */

import { FedError } from '../../adapters/errors.ts'
import { nativeCiphers } from '../../adapters/node/ciphers.ts'
import { sha256Hex } from '../../adapters/node/sha256.ts'
import { checkKeys } from '../../adapters/secagg/roster.ts'
import { fromText } from '../../adapters/secagg/signed-texts.ts'
import type { Told } from '../../adapters/secagg/unmask.ts'
import type {
  MaskAnswers,
  MaskMessage,
  MaskRequest,
  MaskShares,
  MaskStatus,
} from '../../adapters/wire/masks.ts'
import { PROTOCOL_VERSION } from '../../adapters/wire/primitives.ts'
import type { Job, Masking, Round } from '../store/records.ts'
import type { Tables } from '../store/store.ts'
import type { RoundDeps } from './deps.ts'
import {
  asked,
  limitsOf,
  planIn,
  SIGNED_TEXT,
  STEPS,
  saidIn,
  stepMasks,
  unusedIn,
} from './mask-steps.ts'
import { lockedProgress } from './progress.ts'
import { isCollecting } from './round.ts'

type BodyOf<K extends MaskMessage['kind']> = Extract<MaskMessage, { kind: K }>

/** Fails with E_ROUND_CLOSED where the round does not wait for this device's masked update. */
export const checkWaitsForMasked = async (
  tables: Tables,
  round: Round,
  deviceId: string,
): Promise<void> => {
  const { masking, id } = round
  if (masking?.phase !== 'masking' || !(await isToDo(tables, round, masking, deviceId)))
    throw new FedError('E_ROUND_CLOSED', `round ${id} waits for no masked update of this device`)
}

/**
 * Takes what a device says in a step. The same again is taken too. Fails with E_NOT_IN_COHORT, E_TWICE
 * (something else was said before), E_ROUND_CLOSED (not in this step), E_PLAN, E_ROSTER (its keys are not
 * signed for this round), E_SHARES (not one for each neighbour that a device draws), E_SURVIVORS (it has
 * not signed who is left).
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
  const { kind } = message
  const body = keptOf(message)
  const after = await store.transaction(async (tx) => {
    const progress = await lockedProgress(tx, job)
    const round = (await tx.round(roundId))!
    if (!(await tx.member(roundId, deviceId)))
      throw new FedError('E_NOT_IN_COHORT', 'the device was not assigned to this round')
    const known = await tx.maskMessage(roundId, kind, deviceId)
    if (known !== undefined) {
      if (known !== body)
        throw new FedError('E_TWICE', `the device has said something else in "${kind}"`)
      return progress
    }
    const now = clock()
    if (round.id !== progress.round?.id || !isCollecting(round, now)) throw closed(roundId)
    if (message.kind === 'keys') await checkJoins(tx, job, round, deviceId, message)
    else await checkStep(tx, job, round, deviceId, message)
    await tx.saveMaskMessage({ roundId, kind, deviceId, body })
    return stepMasks(deps, tx, job, now)
  })
  if (after.round?.phase === 'aggregating') deps.wake()
}

/** Of shares: whom they are for, and a digest; they themselves are kept by whom they are for. */
type KeptShares = Pick<MaskShares, 'seedDigest'> & {
  readonly to: readonly number[]
  readonly digest: string
}

const keptOf = (message: MaskMessage): string => {
  if (message.kind !== 'shares') return JSON.stringify(message)
  const { seedDigest, shares } = message
  const digest = sha256Hex(new TextEncoder().encode(JSON.stringify(message)))
  return JSON.stringify({ seedDigest, to: shares.map(({ to }) => to), digest } satisfies KeptShares)
}

const closed = (roundId: string) =>
  new FedError('E_ROUND_CLOSED', `round ${roundId} waits for nothing like that from this device`)

const checkJoins = async (
  tables: Tables,
  job: Job,
  round: Round,
  deviceId: string,
  { planDigest, maskKey, sealKey, signature }: BodyOf<'keys'>,
): Promise<void> => {
  if (round.masking) throw closed(round.id)
  if (planDigest !== (await planIn(tables, job, round)).planDigest)
    throw new FedError('E_PLAN', 'the device has computed for another plan than this round has')
  const { publicKey } = (await tables.device(deviceId))!
  const member = { identity: publicKey, maskKey, sealKey, signature }
  checkKeys(nativeCiphers, { roundId: round.id, planDigest }, member)
}

/** Keeps its shares by whom they are for. */
const checkStep = async (
  tables: Tables,
  job: Job,
  round: Round,
  deviceId: string,
  message: Exclude<MaskMessage, { kind: 'keys' }>,
): Promise<void> => {
  const { masking, id } = round
  if (!masking || STEPS[masking.phase].says !== message.kind) throw closed(id)
  if (!(await isToDo(tables, round, masking, deviceId))) throw closed(id)
  const { place, identity } = (await tables.maskPlace(id, deviceId))!
  if (message.kind === 'shares') {
    checkShares(message, place, masking, job)
    await tables.saveSealedShares(
      id,
      message.shares.map((one) => ({ ...one, from: place })),
    )
  }
  if (message.kind === 'survivors') {
    const text = new TextEncoder().encode((await tables.maskRequest(id, SIGNED_TEXT))!)
    if (!nativeCiphers.verify(fromText(message.signature), text, fromText(identity)))
      throw new FedError('E_SURVIVORS', 'the device has not signed the list of who is left')
  }
}

const checkShares = (
  { shares }: BodyOf<'shares'>,
  place: number,
  masking: Masking,
  job: Job,
): void => {
  const { degree } = limitsOf(masking, job)
  const to = new Set(shares.map((one) => one.to))
  const isRight = to.size === degree && shares.length === degree && !to.has(place)
  if (!isRight || shares.some((one) => one.to >= masking.devices))
    throw new FedError('E_SHARES', `expected shares for ${degree} other devices of the roster`)
}

/** Whether this device has done what comes before. */
const isToDo = async (
  tables: Tables,
  round: Round,
  { phase }: Masking,
  deviceId: string,
): Promise<boolean> => {
  if (!(await tables.maskPlace(round.id, deviceId))) return false
  const { after } = STEPS[phase]
  return hasDone(tables, round, after, deviceId)
}

const hasDone = async (
  tables: Tables,
  { id }: Round,
  what: MaskMessage['kind'] | 'update',
  deviceId: string,
): Promise<boolean> =>
  what === 'update'
    ? (await tables.member(id, deviceId))?.digest != null
    : (await tables.maskMessage(id, what, deviceId)) !== undefined

/** What the server asks of a device now. */
export const maskStatusOf = async (
  { store }: Pick<RoundDeps, 'store'>,
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
  // Beyond its deadline too: what has been said by then is looked at by the next tick.
  if (!(await store.member(roundId, deviceId)) || round.phase !== 'collecting') return over
  const { masking } = round
  if (!masking) return wait
  if (!(await isToDo(store, round, masking, deviceId))) return over
  const { says, asks } = STEPS[masking.phase]
  if (await hasDone(store, round, says ?? 'update', deviceId)) return wait
  return { ...wait, request: await requestFor(store, round, asks, deviceId) }
}

const requestFor = async (
  tables: Tables,
  round: Round,
  kind: MaskRequest['kind'],
  deviceId: string,
): Promise<MaskRequest> => {
  const request = await asked(tables, round, kind)
  if (request.kind !== 'shares') return request
  const { place } = (await tables.maskPlace(round.id, deviceId))!
  const sealed = await tables.sealedSharesFor(round.id, place)
  return { ...request, shares: sealed.map(({ from, sealed }) => ({ from, sealed })) }
}

/** All that takes the masks away; null: the round has none. */
export const toldIn = async (
  tables: Tables,
  job: Job,
  round: Round,
): Promise<(Told & { contributions: Job['spec']['contributions'] }) | null> => {
  if (!round.masking || !job.spec.masks) return null
  const shares = await saidIn<KeptShares>(tables, round, 'shares')
  const answers = await saidIn<MaskAnswers>(tables, round, 'unmask')
  const { adversaries, dropouts } = job.spec.masks
  const unused = await unusedIn(tables, job, round)
  const { planDigest, members } = await asked(tables, round, 'roster')
  return {
    contributions: job.spec.contributions.filter((name) => !unused.includes(name)),
    ...{ roundId: round.id, planDigest, adversaries, dropouts, members, shares },
    survivors: (await asked(tables, round, 'survivors')).survivors,
    answers: new Map([...answers].map(([place, { shares: revealed }]) => [place, revealed])),
  }
}
