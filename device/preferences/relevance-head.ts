/** This device's relevance head: fitted on the seeds under its own model, corrected by feedback. */
import { FedError } from '../../adapters/errors.ts'
import type { Engine, PooledOptions } from '../engine/engine.ts'
import type { LocalModel } from '../engine/model/open.ts'
import { Dimension } from '../records/preference.ts'
import type { Example } from '../store/examples.ts'
import type { RelevanceHead } from '../store/states.ts'
import type { DeviceStore } from '../store/store.ts'
import { POLES, type Pole } from './dimensions.ts'
import {
  fitOwn,
  type OwnPart,
  poolInParts,
  poolRequests,
  relevantPoles,
  requestReading,
  seedExamples,
  trainingTexts,
  trainRelevance,
} from './relevance.ts'
import { RELEVANCE_SEEDS } from './relevance-seeds.ts'

/** A stored example. wish: its pole; null: all poles. weight: see OwnExample. */
export type Learned = Omit<Example, 'wish'> & { readonly wish: Pole | null }

export type Relevance = {
  /** Fits the head if it is missing (one pass over the seeds, ten seconds on two cores). */
  ready(): Promise<void>
  /**
   * The poles that matter for a request. signal: for callers with a deadline. If the head is
   * missing, their call fails at once with E_UNAVAILABLE; after an abort no further pass of the
   * model starts.
   */
  poles(request: string, options?: Pick<PooledOptions, 'signal'>): Promise<ReadonlySet<Pole>>
}

/** Per call of the engine. */
const TEXTS_PER_CALL = 16

/** The stored examples, oldest first. */
export const learnedRelevance = (store: Pick<DeviceStore, 'examples'>): readonly Learned[] =>
  store.examples().filter((e): e is Learned => e.wish === null || isPole(e.wish))

const isPole = (name: string): name is Pole => POLES.includes(name as Pole)

export const openRelevance = (
  store: DeviceStore,
  model: LocalModel,
  engine: Pick<Engine, 'pooled'>,
): Relevance => {
  const reading = requestReading(model)
  const key = `v3/${model.base.weights}/${JSON.stringify(reading)}/${RELEVANCE_SEEDS.length}`
  const pool = (texts: readonly string[], options?: Pick<PooledOptions, 'keep' | 'signal'>) =>
    poolRequests(engine, model.tokenizer, reading, texts, options)
  const kept = (): RelevanceHead | undefined => {
    const known = store.get('relevanceHead')
    return known?.key === key ? known.head : undefined
  }
  let loading: Promise<RelevanceHead> | null = null
  let loaded: RelevanceHead | undefined
  let fitted: { readonly version: string; readonly own: OwnPart } | null = null
  const head = (): Promise<RelevanceHead> => {
    loading ??= load().catch((error) => {
      loading = null
      throw error
    })
    return loading
  }
  const load = async (): Promise<RelevanceHead> => {
    loaded ??= kept()
    if (loaded) return loaded
    const { examples, states } = seedExamples(
      await poolInParts(pool, trainingTexts(), TEXTS_PER_CALL),
    )
    loaded = trainRelevance(examples, states)
    const head = loaded
    store.later((tx) => tx.set('relevanceHead', { key, head }))
    return loaded
  }
  const ownPart = async (trained: RelevanceHead): Promise<OwnPart> => {
    const version = store.examplesVersion()
    if (fitted?.version !== version) {
      const own = learnedRelevance(store)
      const requests = own.map((e) => e.request)
      const states = await poolInParts(pool, requests, TEXTS_PER_CALL)
      const examples = own.map((e, i) => ({ ...e, pole: e.wish, pooled: states[i]! }))
      fitted = { version, own: fitOwn(trained, examples) }
    }
    return fitted.own
  }
  return {
    ready: async () => void (await head()),
    poles: async (request, options) => {
      loaded ??= kept()
      if (options?.signal && !loaded) {
        head().catch(() => {})
        throw new FedError('E_UNAVAILABLE', 'the local model is being prepared')
      }
      const trained = await head()
      const own = await ownPart(trained)
      // The states of a request are not needed again, so they are not cached.
      const [pooled] = await pool([request], { ...options, keep: false })
      return relevantPoles(trained, { request, pooled: pooled! }, own)
    },
  }
}

/** In how many different requests the block's line on each dimension was undone. */
export const undoneRequests = (learned: readonly Learned[]): ReadonlyMap<Dimension, number> => {
  const requests = new Map<Dimension, Set<string>>()
  for (const { wish, isUndo, request } of learned) {
    const dimension = Dimension.safeParse(wish?.slice(0, -1))
    if (!isUndo || !dimension.success) continue
    requests.set(dimension.data, (requests.get(dimension.data) ?? new Set()).add(request))
  }
  return new Map([...requests].map(([dimension, set]) => [dimension, set.size]))
}
