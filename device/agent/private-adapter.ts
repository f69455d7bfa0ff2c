/** What is served, and the adapter that is this device's own: both are in its store. */
import { z } from 'zod'
import { decodeContainer, encodeContainer } from '../../adapters/codec/container.ts'
import { FedError } from '../../adapters/errors.ts'
import { AdapterSpecSchema, Sha256 } from '../../adapters/wire/primitives.ts'
import type { LoraFeed } from '../engine/run/types.ts'
import { PRIVATE_OBJECTIVES, type PrivateObjective } from './private-training.ts'
import type { StoreReads, StoreTx } from './store.ts'

/** private: whether the own adapter lies over the release; revision: another one is another adapter. */
const ServingState = z.object({
  release: Sha256.nullable(),
  private: z.boolean(),
  revision: z.int().min(0).default(0),
})
export type ServingState = z.infer<typeof ServingState>

/** objective: what it was trained on, for the next time. */
const PrivateHeader = z.object({
  spec: AdapterSpecSchema,
  release: Sha256.nullable(),
  objective: z.enum(PRIVATE_OBJECTIVES).default('reward'),
})

export const servingState = (store: StoreReads): ServingState =>
  ServingState.parse(store.get('serving') ?? { release: null, private: false })

/** Serves a release (null: the base) without an own adapter. */
export const serveRelease = (store: StoreTx, release: string | null): void => {
  const { revision } = servingState(store)
  store.set('serving', { release, private: false, revision } satisfies ServingState)
}

/** Serves a release (null: the base) under this adapter. */
export const savePrivate = (
  store: StoreTx,
  release: string | null,
  { spec, flat }: LoraFeed,
  objective: PrivateObjective = 'reward',
): void => {
  const revision = servingState(store).revision + 1
  store.saveBlob('private', encodeContainer({ spec, release, objective }, flat))
  store.set('serving', { release, private: true, revision } satisfies ServingState)
}

/** Fails with E_HOME when there is none. */
export const readPrivate = (
  store: StoreReads,
): LoraFeed & { readonly objective: PrivateObjective } => {
  const bytes = store.blob('private')
  if (!bytes)
    throw new FedError('E_HOME', 'the private adapter is missing. Run: loreweave train --adapter')
  const { header, payload } = decodeContainer(bytes)
  const { spec, objective } = PrivateHeader.parse(header)
  return { spec, flat: payload, objective }
}
