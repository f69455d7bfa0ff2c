/** The relevance head of this device: fitted once on the committed seeds under its own model, and moved by what its user undoes. */
import { z } from 'zod'
import { Dimension } from '../../adapters/wire/personalization.ts'
import type { LocalModel } from '../engine/model/open.ts'
import type { Engine } from '../engine/run/types.ts'
import { WISHES, type Wish } from '../personalize/dimensions.ts'
import {
  fitOwn,
  type OwnPart,
  poolRequests,
  type RelevanceHead,
  relevantWishes,
  seedExamples,
  trainingTexts,
  trainRelevance,
} from '../personalize/relevance.ts'
import { RELEVANCE_SEEDS } from '../personalize/relevance-seeds.ts'
import type { DeviceStore } from './store.ts'

/** What the user's doings say of a wish for a request (null: of any wish). weight: see OwnExample. */
const Learned = z.object({
  request: z.string(),
  wish: z.custom<Wish>((v) => WISHES.includes(v as Wish)).nullable(),
  isRelevant: z.boolean(),
  weight: z.number(),
  isUndo: z.boolean(),
})
export type Learned = z.infer<typeof Learned>

export type Relevance = {
  /** Fits the head if it is not there yet: one pass over the seeds, half a minute on two cores. */
  ready(): Promise<void>
  /** What matters for a request, as the user's own words have it by now. */
  wishes(request: string): Promise<ReadonlySet<Wish>>
}

const Kept = z.object({
  key: z.string(),
  head: z.custom<RelevanceHead>((v) => typeof v === 'object' && v !== null),
})
/** Most recent examples that are kept. */
const MOST = 300

/** The head and the examples live under one name: a new model or new seeds replace the head and leave the examples. */
const State = z.object({ own: z.array(Learned).catch([]), kept: Kept.nullable().catch(null) })
const readState = (store: DeviceStore): z.infer<typeof State> => {
  const state = State.safeParse(store.get('relevance'))
  return state.success ? state.data : { own: [], kept: null }
}

/** What has been learned, oldest first. */
export const learnedRelevance = (store: DeviceStore): readonly Learned[] => readState(store).own

export const learnRelevance = (store: DeviceStore, learned: readonly Learned[]): void => {
  if (learned.length === 0) return
  const state = readState(store)
  store.set('relevance', { ...state, own: [...state.own, ...learned].slice(-MOST) })
}

export const openRelevance = (
  store: DeviceStore,
  model: LocalModel,
  engine: Pick<Engine, 'pooled'>,
): Relevance => {
  const exitLayer = model.suggestedExit
  const key = `v2/${model.base.weights}/${exitLayer}/${RELEVANCE_SEEDS.length}`
  const pool = (texts: readonly string[]) => poolRequests(engine, model.tokenizer, exitLayer, texts)
  let loading: Promise<RelevanceHead> | null = null
  let fitted: { readonly version: string; readonly own: OwnPart } | null = null
  const head = (): Promise<RelevanceHead> => {
    loading ??= load().catch((error) => {
      loading = null
      throw error
    })
    return loading
  }
  const load = async (): Promise<RelevanceHead> => {
    const { kept } = readState(store)
    if (kept?.key === key) return kept.head
    const { examples, states } = seedExamples(await pool(trainingTexts()))
    const trained = trainRelevance(examples, states)
    store.set('relevance', { ...readState(store), kept: { key, head: trained } })
    return trained
  }
  const ownPart = async (trained: RelevanceHead): Promise<OwnPart> => {
    const { own } = readState(store)
    const version = JSON.stringify(own)
    if (fitted?.version !== version) {
      const states = await pool(own.map((e) => e.request))
      fitted = {
        version,
        own: fitOwn(
          trained,
          own.map((e, i) => ({ ...e, pooled: states[i]! })),
        ),
      }
    }
    return fitted.own
  }
  return {
    ready: async () => void (await head()),
    wishes: async (request) => {
      const trained = await head()
      const own = await ownPart(trained)
      const [pooled] = await pool([request])
      return relevantWishes(trained, { request, pooled: pooled! }, own)
    },
  }
}

/** How often the block, or its line on each dimension, was undone, in how many different requests. */
export const undoneRequests = (learned: readonly Learned[]): ReadonlyMap<Dimension, number> => {
  const requests = new Map<Dimension, Set<string>>()
  for (const { wish, isUndo, request } of learned) {
    const dimension = Dimension.safeParse(wish?.slice(0, -1))
    if (!isUndo || !dimension.success) continue
    requests.set(dimension.data, (requests.get(dimension.data) ?? new Set()).add(request))
  }
  return new Map([...requests].map(([dimension, set]) => [dimension, set.size]))
}
