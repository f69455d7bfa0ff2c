/**
 * What a device must know how to do before it may have a job, where devices of earlier versions do
 * not. A server ignores words that it does not know; a device that says none has none.
 */
import { z } from 'zod'
import type { JobSpec } from './jobs.ts'

export const Ability = z.string().regex(/^[a-z-]{1,32}$/)

/**
 * both-factors: trains A and B in one round. ranks: trains the leading directions alone. residual: reads
 * releases with an add-on, and trains beside it. masks: takes part in masked rounds.
 * directions: sends the moments of its head in the released directions.
 * encoded: reads and writes numbers in fewer bits.
 * privacy: clips each contribution as a whole, and follows the privacy ledger.
 */
const ASKED = {
  'both-factors': ({ strategy }) => ['fedavg', 'flex', 'fedex'].includes(strategy),
  ranks: ({ strategy }) => strategy === 'flex',
  residual: ({ adapter }) => !canRead(adapter, []),
  masks: ({ masks }) => masks !== undefined,
  directions: ({ contributions, prior }) =>
    contributions.includes('prior') && prior.moments === 'directions',
  encoded: ({ compression }) => compression !== undefined,
  privacy: ({ privacy }) => privacy !== undefined,
} satisfies Readonly<
  Record<
    string,
    (
      spec: Pick<
        JobSpec,
        'strategy' | 'adapter' | 'masks' | 'contributions' | 'prior' | 'privacy' | 'compression'
      >,
    ) => boolean
  >
>

type AbilityName = keyof typeof ASKED

/** Those of a device of this version. */
export const ABILITIES = Object.keys(ASKED) as AbilityName[]

/** Whether a device knows how to read releases of this adapter. */
export const canRead = (
  { residual }: JobSpec['adapter'],
  abilities: readonly string[] | undefined,
): boolean => residual === undefined || (abilities?.includes('residual') ?? false)

export const isAbleTo = (spec: JobSpec, abilities: readonly string[] | undefined): boolean =>
  ABILITIES.every((name) => !ASKED[name](spec) || abilities?.includes(name))
