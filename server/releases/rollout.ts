/**
 * Which release a device is told to follow: the newest one, or, while a lineage is staged, the newest
 * one, or the newest that passed its gate, for a share of its devices and the promoted one for all others.
 */
import { FedError } from '../../adapters/errors.ts'
import { sha256Hex } from '../../adapters/node/sha256.ts'
import type { ReleaseSummary } from '../../adapters/wire/containers.ts'
import type { Judgement as Said } from '../../adapters/wire/federation.ts'
import type { Judgement, Lineage, Release, Rollout, Staging } from '../store/records.ts'

/** Devices that must have judged a staged release before it can be found worse. */
export const LEAST_JUDGES = 20

/** The same devices each time, so that one never has to go back to a lower version. */
export const followedRelease = (lineage: Lineage, deviceId: string): string => {
  const { rollout } = lineage
  if (!rollout || isStaged(lineage.id, deviceId, rollout.share)) return stagedRelease(lineage)
  return rollout.promoted
}

/** What the share of the devices follows. */
export const stagedRelease = ({ head, rollout }: Lineage): string =>
  rollout?.gate ? (rollout.passed ?? rollout.promoted) : head

/** By the first 48 bits of a hash: uniform over devices, and another order in every lineage. */
export const isStaged = (lineId: string, deviceId: string, share: number): boolean => {
  const digest = sha256Hex(new TextEncoder().encode(`stage ${lineId} ${deviceId}`))
  return Number.parseInt(digest.slice(0, 12), 16) < share * 2 ** 48
}

/**
 * From now on new releases are given out so. Fails with E_CONFLICT where devices would have to leave a
 * release again.
 */
export const stage = (lineage: Lineage, staging: Staging): Lineage => {
  const { rollout, head } = lineage
  const staged = stagedRelease(lineage)
  if (rollout && staging.share < rollout.share && rollout.promoted !== staged)
    throw new FedError(
      'E_CONFLICT',
      `${percent(rollout.share)} of the devices follow a staged release already: promote it or roll back first`,
    )
  const promoted = rollout?.promoted ?? head
  return { ...lineage, rollout: { ...staging, promoted, ...(staging.gate && { passed: staged }) } }
}

/** All devices follow the head; the staging stays for the releases after it. */
export const promote = (lineage: Lineage): Lineage => promoteTo(pass(lineage), lineage.head)

export const promoteTo = (lineage: Lineage, release: string): Lineage =>
  lineage.rollout ? { ...lineage, rollout: { ...lineage.rollout, promoted: release } } : lineage

/** The share may follow the release. */
export const pass = (lineage: Lineage, release = lineage.head): Lineage =>
  lineage.rollout?.gate ? { ...lineage, rollout: { ...lineage.rollout, passed: release } } : lineage

export const judged = (
  before: Judgement | undefined,
  { difference, loss, accuracy }: Said,
): Judgement => ({
  ...before,
  devices: (before?.devices ?? 0) + 1,
  sum: (before?.sum ?? 0) + difference,
  sumSquares: (before?.sumSquares ?? 0) + difference * difference,
  ...(loss !== undefined &&
    accuracy !== undefined && {
      told: (before?.told ?? 0) + 1,
      loss: (before?.loss ?? 0) + loss,
      accuracy: (before?.accuracy ?? 0) + accuracy,
    }),
})

/** Means over devices; undefined before there are two. */
export const judgedView = (judgement: Judgement | undefined): ReleaseSummary['judged'] => {
  const difference = judgement && meanDifference(judgement)
  if (!difference) return undefined
  const { devices, told = 0, loss = 0, accuracy = 0 } = judgement
  const means = told < 2 ? {} : { loss: loss / told, accuracy: accuracy / told }
  return { devices, ...difference, ...means }
}

/** Mean difference and the 95 % interval around it; null before there are two devices. */
export const meanDifference = ({
  devices,
  sum,
  sumSquares,
}: Judgement): { mean: number; low: number; high: number } | null => {
  if (devices < 2) return null
  const mean = sum / devices
  const variance = Math.max(0, sumSquares - devices * mean * mean) / (devices - 1)
  const half = 1.96 * Math.sqrt(variance / devices)
  return { mean, low: mean - half, high: mean + half }
}

/** Enough devices, and all of the interval below zero. */
export const isWorse = (
  judgement: Judgement | undefined,
  judges: number = LEAST_JUDGES,
): boolean => {
  if (!judgement || judgement.devices < judges) return false
  const difference = meanDifference(judgement)
  return difference !== null && isWorseThanBefore(difference)
}

export const isWorseThanBefore = ({ high }: { readonly high: number }): boolean => high < 0

/** Nats a choice by which a release may be worse and still be promoted without the operator. */
const TOLERANCE = 0.05

/**
 * Enough devices, and the whole interval above a small loss. Where no device follows a staged release
 * its verdict alone decides.
 */
export const isNoWorse = (
  { judgement, verdict }: Pick<Release, 'judgement' | 'verdict'>,
  { share, gate, judges = LEAST_JUDGES }: Staging,
): boolean => {
  if (gate && (!verdict || isWorseThanBefore(verdict))) return false
  if (share === 0) return gate !== undefined
  const difference = judgement && judgement.devices >= judges ? meanDifference(judgement) : null
  return difference !== null && difference.low > -TOLERANCE
}

/** A share for people, to a tenth of a percent. */
export const percent = (share: Rollout['share']): string => `${Math.round(share * 1000) / 10} %`
