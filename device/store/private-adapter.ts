/** What is served, and the private adapter, both in the store. */
import { z } from 'zod'
import { decodeContainer, encodeContainer } from '../../adapters/container/container.ts'
import { FedError } from '../../adapters/errors.ts'
import type { AdapterSpec } from '../../adapters/lora/spec.ts'
import { AdapterSpecSchema, Sha256 } from '../../adapters/wire/primitives.ts'
import type { Related } from './related.ts'
import type { ServingState } from './states.ts'
import type { StoreReads, StoreTx } from './tables.ts'

/** What a private adapter can be trained on. */
export const PRIVATE_OBJECTIVES = ['reward', 'dpo', 'kto', 'completion'] as const
export type PrivateObjective = (typeof PRIVATE_OBJECTIVES)[number]

/** flat: the full layout of lora/layout.ts. */
type Adapter = { readonly spec: AdapterSpec; readonly flat: Float32Array }

/**
 * When the oldest choice and the oldest decision that it was trained on were made; null: none. An
 * imported adapter was trained on nothing of this home.
 */
const Oldest = z.object({ choices: z.number().nullable(), decisions: z.number().nullable() })
export type Oldest = z.infer<typeof Oldest>

/**
 * objective: what it was trained on, for the next training. oldest: if absent, it may have been
 * trained on anything.
 */
const PrivateHeader = z.object({
  spec: AdapterSpecSchema,
  release: Sha256.nullable(),
  objective: z.enum(PRIVATE_OBJECTIVES).default('reward'),
  oldest: Oldest.default({ choices: 0, decisions: 0 }),
})

export const servingState = (store: StoreReads): ServingState =>
  store.get('serving') ?? { release: null, private: false, revision: 0 }

/** Serves a release (null: the base) without a private adapter. */
export const serveRelease = (store: StoreTx, release: string | null): void => {
  const { revision } = servingState(store)
  store.set('serving', { release, private: false, revision })
}

/**
 * Serves a release (null: the base) with this private adapter, or only keeps the adapter. One that
 * the user imported serves.
 */
export const savePrivate = (
  store: StoreTx,
  release: string | null,
  { spec, flat }: Adapter,
  objective: PrivateObjective = 'reward',
  oldest: Oldest = { choices: null, decisions: null },
  serves = true,
): void => {
  const revision = servingState(store).revision + 1
  store.saveBlob('private', encodeContainer({ spec, release, objective, oldest }, flat))
  store.set('serving', { release, private: true, revision, serves })
}

/** Fails with E_HOME when there is none. */
export const readPrivate = (
  store: StoreReads,
): Adapter & { readonly objective: PrivateObjective } => {
  const bytes = store.blob('private')
  if (!bytes)
    throw new FedError('E_HOME', 'the private adapter is missing. Run: loreweave train --adapter')
  const { header, payload } = decodeContainer(bytes)
  const { spec, objective } = PrivateHeader.parse(header)
  return { spec, flat: payload, objective }
}

/** See Erasing. */
type Gone = {
  readonly gone: readonly Related[]
  readonly before: number
  readonly learnedSince: number
}

/**
 * Drops the private adapter once anything is erased that it may have been trained on: it cannot
 * unlearn.
 */
export const forgetPrivate = (store: StoreTx, { gone, before, learnedSince }: Gone): void => {
  const bytes = store.blob('private')
  if (!bytes) return
  const { oldest } = PrivateHeader.parse(decodeContainer(bytes).header)
  const isOf = (kind: 'c' | 'd', at: number | null): boolean =>
    at !== null && at < before && gone.some((row) => row.kind === kind)
  const isForgotten = before === Number.NEGATIVE_INFINITY && learnedSince < Infinity
  if (!isForgotten && !isOf('c', oldest.choices) && !isOf('d', oldest.decisions)) return
  store.removeBlob('private')
  serveRelease(store, servingState(store).release)
  // The agent trains another at its next start, or when it next looks.
  const agent = store.get('agent')
  if (agent) store.set('agent', { ...agent, trained: 0 })
}
