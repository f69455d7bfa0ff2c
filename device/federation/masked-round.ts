/**
 * A device's part in a masked round, once its update is computed: it joins with keys that its own key
 * signs, answers the server's requests (adapters/secagg), and sends its update under masks. Secrets and
 * the unmasked update are in memory alone; what is kept is the masked update, exactly as it is sent. A
 * device that is killed has dropped out, and the others go on without it. A refused request ends the
 * round for this device, and nothing of its update is left.
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
import { answer, join, mask, saidBy } from '../../adapters/secagg/device.ts'
import type { DeviceState, DeviceTools } from '../../adapters/secagg/device-state.ts'
import type { Assignment } from '../../adapters/wire/federation.ts'
import type { RoundMasks } from '../../adapters/wire/masks.ts'
import { PROTOCOL_VERSION } from '../../adapters/wire/primitives.ts'
import type { Sleep } from '../http/sleep.ts'
import { consentRefusal } from '../store/consent.ts'
import type { RoundResult } from './compute-round.ts'
import { sendUpload, type UploadDeps, type UploadOptions } from './uploads.ts'
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

/**
 * True: the update is in a sum, as far as this device can tell. False: the round went on without it, or
 * was refused, which is recorded. Fails with the codes of a consent that has ended and of sending.
 */
export const sendMasked = async (
  deps: MaskedDeps,
  assignment: MaskedAssignment,
  result: RoundResult,
  options: UploadOptions,
): Promise<boolean> => {
  const { store, clock } = deps
  const { roundId, jobId, purpose } = assignment
  const refusal = () =>
    consentRefusal(store.consent(), { contributions: result.contributions, purpose }, clock())
  const work = (departure: Departure) => takePart(deps, assignment, result, options, departure)
  try {
    return await cancellable(
      whileAllowed(store.live, refusal, options.signal, work),
      options.signal,
    )
  } catch (error) {
    if (!isFedError(error) || !REFUSALS.has(error.code)) throw error
    await store.durably((tx) => tx.giveUp({ roundId, jobId, at: clock() }, error.code))
    const note = `${roundId}: refused the server's request: ${error.code}: ${error.message}`
    options.onProgress?.({ step: 'upload', note })
    return false
  }
}

/** Of what a device does not go along with, and of a server that is further on. */
const REFUSALS: ReadonlySet<string> = new Set([
  'E_PLAN',
  'E_ROSTER',
  'E_SURVIVORS',
  'E_SHARES',
  'E_TWICE',
  'E_ROUND_CLOSED',
  'E_NO_ROUND',
  'E_NOT_IN_COHORT',
])

const takePart = async (
  deps: MaskedDeps,
  assignment: MaskedAssignment,
  result: RoundResult,
  options: UploadOptions,
  departure: Departure,
): Promise<boolean> => {
  const { federation, sleep } = deps
  const { roundId, masking } = assignment
  const plan: MaskedPlan = { ...assignment, planDigest: maskPlanDigest(assignment) }
  const { identity } = federation
  const tools: DeviceTools = { ciphers: nativeCiphers, random: randomBytes, identity }
  const ring = ringOf(decodeUpdate(result.bytes), plan, {
    ciphers: nativeCiphers,
    rng: deps.rounding ?? cryptoRng(),
  })
  const minimum = Math.max(masking.minimum, deps.leastSurvivors ?? LEAST_SURVIVORS)
  const terms = { ...masking, minimum, roundId, planDigest: plan.planDigest }
  let state: DeviceState = join(terms, tools)
  let isSent = false
  await say(deps, roundId, state, departure)
  options.onProgress?.({ step: 'upload', note: `${roundId}: joined the masked round` })
  for (;;) {
    const { request, isOver, retryAfterMs } = await federation.maskStatus(roundId, departure)
    if (isOver) return isSent
    if (!request) {
      await sleep(retryAfterMs, departure.signal)
      continue
    }
    state = answer(state, request, tools)
    if (state.step === 'ready') {
      departure.check()
      const masked = encodeMaskedUpdate(
        { roundId, planDigest: plan.planDigest },
        mask(state, ring, tools),
      )
      ring.fill(0)
      await keep(deps, assignment, result, masked)
      isSent = await sendUpload(deps, roundId, options)
      if (!isSent) return false
    } else await say(deps, roundId, state, departure)
    if (state.step === 'done') return true
  }
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

/** The masked update, exactly as it is sent. */
const keep = (
  { store, clock }: MaskedDeps,
  { roundId, jobId, uploadToken, purpose, deadlineAt }: MaskedAssignment,
  { contributions }: RoundResult,
  bytes: Uint8Array,
): Promise<void> =>
  store.durably((tx) =>
    tx.savePending({
      ...{ roundId, jobId, uploadToken, deadlineAt, contributions, purpose },
      ...{ digest: sha256Hex(bytes), bytes, at: clock() },
    }),
  )
