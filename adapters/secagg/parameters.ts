/**
 * How many neighbours a device has in a masked round, and how many shares give a secret back (Bell et
 * al. 2020, section 3). Up to 50 devices everybody is everybody's neighbour, and more than half of all
 * must answer. Beyond, each device draws its neighbours from the full roster.
 *
 * The table is computed by test/adapters/secagg/parameters.test.ts from the hypergeometric
 * distribution, for each number of devices and these rates:
 * - at most 2⁻⁴⁰: some device has `threshold` or more adversaries among its neighbours;
 * - at most 2⁻⁴⁰: the masks of honest survivors fall apart into two unconnected parts;
 * - at most 2⁻²⁰: some device has fewer than `threshold` neighbours left;
 * - at most 2⁻⁴⁰: adversaries who choose who drops out find fewer than a fifth of the devices, each
 *   with `threshold` neighbours among them and the adversaries alone, whose sum they could split off.
 */
import { FedError } from '../errors.ts'

/** Shares of the devices that are against the others, and that drop out. */
export type Rates = { readonly adversaries: number; readonly dropouts: number }

export type Parameters = {
  /** Others that a device draws. */
  readonly degree: number
  /** Shares that give a secret back: of the neighbours' and the device's own. */
  readonly threshold: number
  /** Signatures of one list of survivors, so that there cannot be another. */
  readonly quorum: number
}

/** The largest complete graph. */
export const COMPLETE = 50

/** Largest number of devices of each column. */
export const COLUMNS = [70, 100, 200, 500, 1000, 2000, 5000, 10_000] as const

const MOST_DEVICES = COLUMNS[COLUMNS.length - 1]!

type Row = Rates & { readonly columns: readonly (readonly [degree: number, threshold: number])[] }

// biome-ignore format: a table
export const TABLE: readonly Row[] = [
  { adversaries: 0.05, dropouts: 0.1,
    columns: [[15, 8], [17, 8], [23, 11], [31, 16], [35, 18], [37, 19], [39, 20], [41, 21]] },
  { adversaries: 0.05, dropouts: 0.3,
    columns: [[31, 12], [38, 14], [47, 17], [57, 20], [65, 23], [70, 25], [76, 27], [79, 28]] },
  { adversaries: 0.1, dropouts: 0.1,
    columns: [[16, 9], [21, 11], [32, 18], [40, 23], [45, 26], [47, 27], [51, 29], [53, 30]] },
  { adversaries: 0.1, dropouts: 0.3,
    columns: [[35, 15], [43, 18], [56, 22], [76, 31], [88, 36], [96, 39], [103, 42], [106, 43]] },
  { adversaries: 0.2, dropouts: 0.1,
    columns: [[22, 15], [31, 21], [46, 30], [59, 38], [67, 43], [70, 45], [75, 48], [77, 49]] },
  { adversaries: 0.2, dropouts: 0.3,
    columns: [[42, 21], [55, 27], [80, 38], [117, 56], [140, 67], [155, 74], [170, 81], [179, 85]] },
]

export const DEFAULT_RATES: Rates = { adversaries: 0.1, dropouts: 0.3 }

/** Fails with E_PLAN where the table has no such rates, or not for so many devices. */
export const parametersOf = (devices: number, { adversaries, dropouts }: Rates): Parameters => {
  const row = TABLE.find((one) => one.adversaries === adversaries && one.dropouts === dropouts)
  const column = row?.columns[COLUMNS.findIndex((most) => devices <= most)]
  if (!column || devices < 2)
    throw new FedError(
      'E_PLAN',
      `masks: expected 2 to ${MOST_DEVICES} devices and rates of the table, got ${devices}, ` +
        `${adversaries} adversaries, ${dropouts} dropouts`,
    )
  // Two lists that both have a quorum would need one honest device to sign both.
  const quorum = Math.floor((devices + Math.floor(adversaries * devices)) / 2) + 1
  if (devices <= COMPLETE)
    return { degree: devices - 1, threshold: Math.floor(devices / 2) + 1, quorum }
  const [degree, threshold] = column
  return { degree, threshold, quorum }
}
