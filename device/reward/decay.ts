/**
 * Drift of preferences: older choices weigh less, by a half-life that is chosen by prequential
 * validation (Dawid 1984). Each half-life is fitted to the earlier choices and scored on the later
 * ones. There is no decay unless one is clearly better.
 */
import type { Prior } from '../../adapters/aggregate/prior.ts'
import { softplus } from '../../adapters/math/logistic.ts'
import { dot } from '../../adapters/math/vector.ts'
import { DAY_MS } from '../../adapters/time.ts'
import { fitHead, type HeadFit, type PairRow } from './head.ts'

/** rows: the rows of one choice. at: when it was made, undefined if unknown. */
export type DatedChoice = { readonly rows: readonly PairRow[]; readonly at: number | undefined }

/** Candidate half-lives in days. */
const HALF_LIVES_DAYS = [180, 60, 20, 7] as const

/** Fewer choices show no drift. */
const MIN_CHOICES = 40
/** The later half is predicted in blocks, each a tenth of all choices. */
const BLOCKS = 5
/** Required gain over no decay, in standard errors. */
const MIN_STANDARD_ERRORS = 2

/**
 * Weight of a choice at a time, 0 … 1. It is 1 if the choice's time is unknown or in the future.
 */
export const decayOf = (
  at: number | undefined,
  now: number,
  halfLifeDays: number | null,
): number =>
  at === undefined || halfLifeDays === null
    ? 1
    : 0.5 ** (Math.max(0, now - at) / DAY_MS / halfLifeDays)

/**
 * choices: oldest first. last: a fit for a warm start. Returns null for no decay, also if choices
 * have no times or span too few days. gain: improvement of the later half's log-likelihood over no
 * decay, in nats.
 */
export const chooseHalfLife = (
  choices: readonly DatedChoice[],
  prior: Prior,
  last?: Pick<HeadFit, 'dual'>,
): { halfLifeDays: number | null; gain: number } => {
  const times = choices.flatMap((c) => c.at ?? [])
  const spanDays = (Math.max(...times) - Math.min(...times)) / DAY_MS
  // A half-life of more than twice the span hardly changes any weight.
  const tried = HALF_LIVES_DAYS.filter((days) => days <= 2 * spanDays)
  if (choices.length < MIN_CHOICES || tried.length === 0) return { halfLifeDays: null, gain: 0 }
  const all = fitHead(
    choices.flatMap((c) => c.rows),
    prior,
    last,
  )
  const plain = predicted(choices, prior, null, all)
  let best: { halfLifeDays: number | null; gain: number } = { halfLifeDays: null, gain: 0 }
  for (const halfLifeDays of tried) {
    const differences = predicted(choices, prior, halfLifeDays, all).map((l, i) => l - plain[i]!)
    const gain = differences.reduce((a, b) => a + b, 0)
    const standardError = Math.sqrt(differences.reduce((sum, d) => sum + d * d, 0))
    if (gain > MIN_STANDARD_ERRORS * standardError && gain > best.gain)
      best = { halfLifeDays, gain }
  }
  return best
}

/** Log-likelihood of each later choice under a head fitted to those before its block. */
const predicted = (
  choices: readonly DatedChoice[],
  prior: Prior,
  halfLifeDays: number | null,
  last: HeadFit,
): number[] => {
  const out: number[] = []
  const start = Math.ceil(choices.length / 2)
  for (let block = 0; block < BLOCKS; block++) {
    const [from, to] = [block, block + 1].map(
      (b) => start + Math.floor((b * (choices.length - start)) / BLOCKS),
    ) as [number, number]
    const before = choices.slice(0, from)
    const now = before.findLast((c) => c.at !== undefined)?.at ?? 0
    const rows = before.flatMap(({ rows, at }) => {
      const decay = decayOf(at, now, halfLifeDays)
      return rows.map((row) => ({ ...row, weight: row.weight * decay }))
    })
    const { w } = fitHead(rows, prior, last)
    for (const { rows } of choices.slice(from, to))
      out.push(
        rows.reduce(
          (sum, { difference, weight }) => sum - weight * softplus(-dot(difference, w)),
          0,
        ),
      )
  }
  return out
}
