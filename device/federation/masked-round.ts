/**
 * A device's part in a masked round, once its update is computed: it joins with keys that its own key
 * signs, answers the server's requests (adapters/secagg), and sends its update under masks. Each step is
 * stored before anything of it is sent (store/masked-rounds.ts), so a device that was killed goes on where
 * it was: it says the same again, and masks once. A refused request ends the round for this device, and
 * nothing of its secrets or of its update is left.
 */
import {
  encodeMaskedUpdate,
  type MaskedPlan,
  maskPlanDigest,
  ringOf,
} from '../../adapters/contributions/masked.ts'
import { decodeUpdate } from '../../adapters/contributions/messages.ts'
import { FedError, isFedError } from '../../adapters/errors.ts'
import { nativeCiphers } from '../../adapters/node/ciphers.ts'
import { sha256Hex } from '../../adapters/node/sha256.ts'
import { cryptoRng, type Rng, randomBytes } from '../../adapters/random.ts'
import { afterMask, answer, join, mask, saidBy } from '../../adapters/secagg/device.ts'
import type { DeviceState, DeviceTools, Ready } from '../../adapters/secagg/device-state.ts'
import type { Assignment } from '../../adapters/wire/federation.ts'
import type { RoundMasks } from '../../adapters/wire/masks.ts'
import { PROTOCOL_VERSION } from '../../adapters/wire/primitives.ts'
import type { Sleep } from '../http/sleep.ts'
import { consentRefusal } from '../store/consent.ts'
import { LONGEST_STEPS_MS, type MaskedRound, type MaskedSecrets } from '../store/masked-rounds.ts'
import type { StoreTx } from '../store/tables.ts'
import { sendFailure } from './signed-transport.ts'
import { dropped, fateOf, sendUpload, type UploadDeps, type UploadOptions } from './uploads.ts'
import { cancellable, type Departure, whileAllowed } from './while-allowed.ts'

type MaskedDeps = UploadDeps & {
  readonly sleep: Sleep
  readonly leastSurvivors?: number | undefined
  readonly rounding?: Rng | undefined
}
type MaskedAssignment = Assignment & { readonly masking: RoundMasks }

const LEAST_SURVIVORS = 20

/** Why this device takes no part in a masked round; null if it does, or the round is none. */
export const maskedRefusal = (
  { masking }: Assignment,
  { leastSurvivors = LEAST_SURVIVORS }: Pick<MaskedDeps, 'leastSurvivors'>,
): FedError | null =>
  masking && masking.devices < leastSurvivors
    ? new FedError(
        'E_SURVIVORS',
        `the masked round has at most ${masking.devices} devices, this one goes into sums of at ` +
          `least ${leastSurvivors}`,
      )
    : null

/** What a device begins a masked round with, to be stored. bytes: of its update, as it is made. */
export const joinMasked = (
  deps: Pick<MaskedDeps, 'federation' | 'leastSurvivors' | 'rounding'>,
  assignment: MaskedAssignment,
  bytes: Uint8Array,
): MaskedSecrets => {
  const { roundId, masking } = assignment
  const plan: MaskedPlan = { ...assignment, planDigest: maskPlanDigest(assignment) }
  const rng = deps.rounding ?? cryptoRng()
  const ring = ringOf(decodeUpdate(bytes), plan, { ciphers: nativeCiphers, rng })
  const minimum = Math.max(masking.minimum, deps.leastSurvivors ?? LEAST_SURVIVORS)
  const terms = { ...masking, minimum, roundId, planDigest: plan.planDigest }
  return { state: join(terms, toolsOf(deps)), ring }
}

const toolsOf = ({ federation }: Pick<MaskedDeps, 'federation'>): DeviceTools => ({
  ciphers: nativeCiphers,
  random: randomBytes,
  identity: federation.identity,
})

/**
 * Goes on with the masked rounds that this device has joined. onlyDue: skips those in backoff. A failure
 * does not affect the others. Fails with E_CANCELLED.
 */
export const resumeMasked = async (
  deps: MaskedDeps,
  options: UploadOptions,
  onlyDue: boolean,
): Promise<void> => {
  const { store, clock, lately } = deps
  const rounds = store.maskedRounds()
  if (rounds.length > 0) await store.durably((tx) => tx.dropMaskedOver(clock()))
  for (const { roundId, ...round } of rounds) {
    if (!store.isMasking(roundId) || (onlyDue && lately.waitMs(roundId) > 0)) continue
    if (consentRefusal(store.consent(), round, clock())) continue
    options.onProgress?.({ step: 'upload', note: `${roundId}: goes on with the masked round` })
    try {
      await sendMasked(deps, roundId, options)
    } catch (error) {
      if (!isFedError(error) || options.signal?.aborted) throw error
      const note = `${roundId}: the masked round waits: ${error.code}: ${error.message}`
      options.onProgress?.({ step: 'upload', note })
      // The server is unreachable for the others too.
      if (sendFailure(error)?.isUnsent) return
    }
  }
}

/**
 * From the last step that was stored to the end. True: the update is in a sum, as far as this device can
 * tell. False: the round went on without it, was refused, which is recorded, or was dropped meanwhile.
 * Otherwise the round stays, and the call fails with the codes of a consent that has ended and of sending.
 */
export const sendMasked = async (
  deps: MaskedDeps,
  roundId: string,
  options: UploadOptions,
): Promise<boolean> => {
  const { store, clock } = deps
  const round = store.maskedRounds().find((one) => one.roundId === roundId)
  if (!round) return false
  const refusal = () =>
    consentRefusal(store.consent(), round, clock()) ?? (store.isMasking(roundId) ? null : dropped())
  const work = (departure: Departure) => takePart(deps, round, options, departure)
  try {
    await cancellable(whileAllowed(store.live, refusal, options.signal, work), options.signal)
  } catch (error) {
    if (!isFedError(error) || options.signal?.aborted) throw error
    if (store.isMasking(roundId)) await endRefused(deps, round, error, options)
    else if (error.code !== 'E_CANCELLED') throw error
    return false
  }
  const isSent = store.uploadState(roundId) === 'accepted'
  await store.durably((tx) => tx.dropUpload(roundId, 'E_ROUND_CLOSED'))
  return isSent
}

/** Throws what may pass. */
const endRefused = async (
  { store, clock }: MaskedDeps,
  { roundId, jobId }: MaskedRound,
  error: FedError,
  { onProgress }: UploadOptions,
): Promise<void> => {
  const { code, message } = error
  const isOver = sendFailure(error) ? fateOf(error) === 'final' : REFUSALS.has(code)
  if (!isOver) throw error
  await store.durably((tx) => {
    tx.dropUpload(roundId, code)
    tx.giveUp({ roundId, jobId, at: clock() }, code)
  })
  if (code === 'E_SERVER_KEY') throw error
  onProgress?.({
    step: 'upload',
    note: `${roundId}: refused the server's request: ${code}: ${message}`,
  })
}

/** Of what a device does not go along with. */
const REFUSALS: ReadonlySet<string> = new Set([
  'E_PLAN',
  'E_ROSTER',
  'E_SURVIVORS',
  'E_SHARES',
  'E_TWICE',
  'E_SERVER_KEY',
])

/** Returns when this device has nothing more to do. */
const takePart = async (
  deps: MaskedDeps,
  round: MaskedRound,
  options: UploadOptions,
  departure: Departure,
): Promise<void> => {
  const { federation, sleep, store } = deps
  const { roundId } = round
  const tools = toolsOf(deps)
  const first = secretsOf(store, roundId).state
  // The server asks for all else again.
  if (first.step === 'joined') {
    await say(deps, roundId, first, departure)
    options.onProgress?.({ step: 'upload', note: `${roundId}: joined the masked round` })
  }
  for (;;) {
    const { request, isOver, retryAfterMs } = await federation.maskStatus(roundId, departure)
    if (isOver) return
    if (!request) {
      await sleep(retryAfterMs, departure.signal)
      continue
    }
    const { state: before, ring } = secretsOf(store, roundId)
    const state = answer(before, request, tools)
    if (state.step === 'ready') {
      departure.check()
      if (ring) await keepMasked(deps, round, state, mask(state, ring, tools))
      if (!(await sendUpload(deps, roundId, options))) return
      continue
    }
    if (state !== before) await keep(store, roundId, { state, ring })
    await say(deps, roundId, state, departure)
    if (state.step === 'done') return
  }
}

const secretsOf = (store: MaskedDeps['store'], roundId: string): MaskedSecrets => {
  const secrets = store.maskedSecrets(roundId)
  if (!secrets) throw dropped()
  return secrets
}

/** Fails with E_CANCELLED where the round was dropped meanwhile. */
const keep = (
  store: MaskedDeps['store'],
  roundId: string,
  secrets: MaskedSecrets,
  also: (tx: StoreTx) => void = () => {},
): Promise<void> =>
  store.durably((tx) => {
    if (!tx.setMasked(roundId, secrets)) throw dropped()
    also(tx)
  })

/** The masked update, exactly as it is sent, instead of what it was made of. */
const keepMasked = (
  { store }: MaskedDeps,
  round: MaskedRound,
  state: { readonly step: 'ready' } & Ready,
  masked: Uint32Array,
): Promise<void> => {
  const { roundId, deadlineAt } = round
  const bytes = encodeMaskedUpdate({ roundId, planDigest: state.terms.planDigest }, masked)
  const secrets = { state: { step: state.step, ...afterMask(state) }, ring: null }
  return keep(store, roundId, secrets, (tx) =>
    tx.savePending({
      ...{ ...round, bytes, digest: sha256Hex(bytes) },
      deadlineAt: deadlineAt + LONGEST_STEPS_MS,
    }),
  )
}

const say = async (
  { federation }: MaskedDeps,
  roundId: string,
  state: DeviceState,
  departure: Departure,
): Promise<void> => {
  const said = saidBy(state)
  if (!said) return
  const protocol = PROTOCOL_VERSION
  const message =
    said.to === 'keys'
      ? { kind: said.to, protocol, ...said.body }
      : said.to === 'shares'
        ? { kind: said.to, protocol, ...said.body }
        : said.to === 'survivors'
          ? { kind: said.to, protocol, ...said.body }
          : { kind: said.to, protocol, ...said.body }
  await federation.sayMasked(roundId, message, departure)
}
