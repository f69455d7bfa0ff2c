/**
 * Which release a device is told to follow: the newest one, or, while a lineage is staged, the newest
 * one for a share of its devices and the promoted one for all others.
 */
import { FedError } from '../../adapters/errors.ts'
import { sha256Hex } from '../../adapters/node/sha256.ts'
import type { Judgement, Lineage, Rollout } from '../store/records.ts'

/** Devices that must have judged a staged release before it can be found worse. */
export const LEAST_JUDGES = 20

/** The same devices each time, so that one never has to go back to a lower version. */
export const followedRelease = (lineage: Lineage, deviceId: string): string => {
  const { rollout } = lineage
  if (!rollout || isStaged(lineage.id, deviceId, rollout.share)) return lineage.head
  return rollout.promoted
}

/** By the first 48 bits of a hash: uniform over devices, and another order in every lineage. */
export const isStaged = (lineId: string, deviceId: string, share: number): boolean => {
  const digest = sha256Hex(new TextEncoder().encode(`stage ${lineId} ${deviceId}`))
  return Number.parseInt(digest.slice(0, 12), 16) < share * 2 ** 48
}

/**
 * From now on new releases go to this share of the devices first. Fails with E_CONFLICT where devices
 * would have to leave a release again.
 */
export const stage = (lineage: Lineage, share: number): Lineage => {
  const { rollout, head } = lineage
  if (rollout && share < rollout.share && rollout.promoted !== head)
    throw new FedError(
      'E_CONFLICT',
      `${percent(rollout.share)} of the devices follow a staged release already: promote it or roll back first`,
    )
  return { ...lineage, rollout: { share, promoted: rollout?.promoted ?? head } }
}

/** All devices follow the head; the share stays for the releases after it. */
export const promote = (lineage: Lineage): Lineage =>
  lineage.rollout
    ? { ...lineage, rollout: { ...lineage.rollout, promoted: lineage.head } }
    : lineage

export const judged = (before: Judgement | undefined, difference: number): Judgement => ({
  devices: (before?.devices ?? 0) + 1,
  sum: (before?.sum ?? 0) + difference,
  sumSquares: (before?.sumSquares ?? 0) + difference * difference,
})

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
export const isWorse = (judgement: Judgement | undefined): boolean => {
  if (!judgement || judgement.devices < LEAST_JUDGES) return false
  const difference = meanDifference(judgement)
  return difference !== null && difference.high < 0
}

/** A share for people, to a tenth of a percent. */
export const percent = (share: Rollout['share']): string => `${Math.round(share * 1000) / 10} %`
