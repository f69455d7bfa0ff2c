/** The relevance head of this device: trained once on the committed seeds under its own model, and kept. */
import { z } from 'zod'
import type { Dimension } from '../../adapters/wire/personalization.ts'
import type { LocalModel } from '../engine/model/open.ts'
import type { Engine } from '../engine/run/types.ts'
import {
  poolRequests,
  type RelevanceHead,
  relevantDimensions,
  seedExamples,
  trainRelevance,
} from '../personalize/relevance.ts'
import { RELEVANCE_SEEDS } from '../personalize/relevance-seeds.ts'
import type { DeviceStore } from './store.ts'

export type Relevance = {
  /** Trains the head if it is not there yet: one pass over the seeds, seconds. */
  ready(): Promise<void>
  dimensions(request: string): Promise<ReadonlySet<Dimension>>
}

const Kept = z.object({
  key: z.string(),
  head: z.custom<RelevanceHead>((v) => typeof v === 'object'),
})

export const openRelevance = (
  store: DeviceStore,
  model: LocalModel,
  engine: Pick<Engine, 'pooled'>,
): Relevance => {
  const exitLayer = model.suggestedExit
  const key = `${model.base.weights}/${exitLayer}/${RELEVANCE_SEEDS.length}`
  let loading: Promise<RelevanceHead> | null = null
  const head = (): Promise<RelevanceHead> => {
    loading ??= load().catch((error) => {
      loading = null
      throw error
    })
    return loading
  }
  const load = async (): Promise<RelevanceHead> => {
    const kept = Kept.safeParse(store.get('relevance'))
    if (kept.success && kept.data.key === key) return kept.data.head
    const requests = RELEVANCE_SEEDS.map((s) => s.request)
    const states = await poolRequests(engine, model.tokenizer, exitLayer, requests)
    const trained = trainRelevance(seedExamples(states))
    store.set('relevance', { key, head: trained })
    return trained
  }
  return {
    ready: async () => void (await head()),
    dimensions: async (request) => {
      const trained = await head()
      const [pooled] = await poolRequests(engine, model.tokenizer, exitLayer, [request])
      return relevantDimensions(trained, pooled!)
    },
  }
}
