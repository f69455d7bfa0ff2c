/**
 * Judges the release that this device follows beside the one that it followed before: a head is fitted
 * under each, and both predict the same choices, from which no release has learned. Three rounded
 * numbers leave, under a consent of their own; the server keeps sums over devices (server/governance).
 */
import { type FedError, isFedError } from '../../adapters/errors.ts'
import type { Judgement } from '../../adapters/wire/federation.ts'
import { featurizeChoices, usefulChoices } from '../reward/choice-features.ts'
import { featureScale, heldBackCount } from '../reward/head-fit.ts'
import { judgeHeldBack } from '../reward/held-back-accuracy.ts'
import type { ServingDeps } from '../reward/ranking-state.ts'
import { keptRelease, releaseBlob } from '../reward/serving.ts'
import type { StoredChoice } from '../store/choices.ts'
import { CONTACT, consentRefusal } from '../store/consent.ts'
import type { Judging } from '../store/states.ts'
import type { Federation } from './client.ts'
import type { ParticipateOptions } from './participate.ts'
import { sendFailure } from './signed-transport.ts'
import { type Departure, whileAllowed } from './while-allowed.ts'

export type JudgeDeps = Pick<
  ServingDeps,
  'store' | 'model' | 'engine' | 'space' | 'settings' | 'memo' | 'clock'
> & { readonly federation: () => Pick<Federation, 'judge'> }

/** Fewest choices that a judgement is over, so that it says nothing about one of them. */
const LEAST_CHOICES = 8
/** One choice moves the mean by this many nats at most. */
const LARGEST_DIFFERENCE = 1
const LARGEST_LOSS = 8
/** Steps of a number that leaves, as a share of one. */
const STEPS = 64

/** The E_CONSENT error where no judgement may leave; null where one may. */
export const judgementRefusal = ({
  store,
  clock,
}: Pick<JudgeDeps, 'store' | 'clock'>): FedError | null =>
  consentRefusal(store.consent(), { ...CONTACT, contributions: ['judgement'] }, clock())

/**
 * Sends what there is to say, once a release. Waits, over as many calls as it takes, for enough choices
 * and for the server. Fails only with E_CANCELLED.
 */
export const judgeFollowed = async (
  deps: JudgeDeps,
  { signal, onProgress }: ParticipateOptions,
): Promise<void> => {
  const judging = deps.store.get('judging')
  if (!judging || judgementRefusal(deps)) return
  try {
    const judgement = await judgementOf(deps, judging, signal)
    if (!judgement) return
    const send = (departure: Departure) =>
      deps.federation().judge(judging.release, judgement, departure)
    await whileAllowed(deps.store.live, () => judgementRefusal(deps), signal, send)
    onProgress?.({ step: 'release', note: `${judging.release.slice(0, 12)}: judged` })
  } catch (error) {
    if (!isFedError(error) || signal?.aborted) throw error
    const note = `not judged: ${error.code}: ${error.message}`
    onProgress?.({ step: 'release', note })
    const { status = null, isRefusal } = sendFailure(error) ?? {}
    // It knows no such release, or no judgements.
    if (!(isRefusal && status === 404)) return
  }
  await endJudging(deps, judging)
}

const endJudging = ({ store }: Pick<JudgeDeps, 'store'>, { before }: Judging): Promise<void> =>
  store.durably((tx) => {
    tx.set('judging', null)
    tx.removeBlob(releaseBlob(before))
  })

/** null where too few choices have come from which no release has learned. */
const judgementOf = async (
  deps: Omit<JudgeDeps, 'federation' | 'clock'>,
  { release, before }: Judging,
  signal?: AbortSignal,
): Promise<Judgement | null> => {
  const { store, settings } = deps
  const choices = usefulChoices(store.choices(settings.maxChoices))
  const unseen = countUnseen(choices, lastContributedAt(deps))
  if (unseen < LEAST_CHOICES) return null
  const count = Math.min(unseen, Math.max(LEAST_CHOICES, heldBackCount(choices.length)))
  const last = await judgedUnder(deps, before, choices, count, signal)
  const now = await judgedUnder(deps, release, choices, count, signal)
  const differences = now.map(({ logLikelihood }, i) =>
    clip(logLikelihood - last[i]!.logLikelihood, LARGEST_DIFFERENCE),
  )
  const sum = (of: readonly number[]) => of.reduce((total, x) => total + x, 0)
  const pairs = sum(now.map((one) => one.pairs))
  const loss = -sum(now.map((one) => one.logLikelihood)) / count
  return {
    difference: rounded(sum(differences) / count),
    loss: rounded(clip(loss, LARGEST_LOSS)),
    accuracy: rounded(sum(now.map(({ right }) => right)) / Math.max(1, pairs)),
  }
}

/** choices: most recent first. */
const countUnseen = (choices: readonly StoredChoice[], since: number): number => {
  const first = choices.findIndex(({ at = 0 }) => at <= since)
  return first < 0 ? choices.length : first
}

/** When an update last left: until then, releases may have learned from the choices. */
const lastContributedAt = ({ store }: Pick<JudgeDeps, 'store'>): number =>
  Math.max(Number.NEGATIVE_INFINITY, ...store.uploads().flatMap((u) => (u.isSent ? [u.at] : [])))

/** The `count` newest choices, by a head that is fitted to the others. */
const judgedUnder = async (
  deps: Omit<JudgeDeps, 'federation' | 'clock'>,
  hash: string,
  choices: readonly StoredChoice[],
  count: number,
  signal: AbortSignal | undefined,
) => {
  const release = keptRelease(deps, hash)
  const { features: space, exitLayer, adapter } = release.header
  const features = await featurizeChoices(
    {
      engine: deps.engine,
      tokenizer: deps.model.tokenizer,
      space,
      exitLayer,
      maxTokens: deps.settings.maxTokens,
      memo: deps.memo,
      keepFrom: adapter.firstLayer,
      packed: true,
      signal,
    },
    choices,
    release.active,
  )
  const scale = release.scale ?? featureScale(features, space)
  return judgeHeldBack({ features, scale }, release.prior(deps.settings.initialVariance), count)
}

const clip = (x: number, most: number): number => Math.max(-most, Math.min(most, x))
const rounded = (x: number): number => Math.round(x * STEPS) / STEPS
