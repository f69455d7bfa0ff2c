/** A model with what its passes share: ONNX sessions and cached states. */
import type { Model } from '../model/llama.ts'
import type { Sessions } from './sessions.ts'
import { type StateCache, stateCache } from './state-cache.ts'
import type { StateFolder } from './state-folder.ts'

export type ModelRunner = {
  readonly model: Model
  readonly sessions: Sessions
  readonly cache: StateCache
  /** Cached states are written to the folder behind the cache too. */
  readonly isPersistent?: boolean
  /** See PooledOptions.packed. */
  readonly packed?: boolean | undefined
}

export const modelRunner = (
  model: Model,
  sessions: Sessions,
  cacheBytes: number,
  folder?: StateFolder,
): ModelRunner => ({ model, sessions, cache: stateCache(cacheBytes, folder) })

/** The same runner, its cached states written to the folder behind the cache too. */
export const persistent = (runner: ModelRunner): ModelRunner => ({ ...runner, isPersistent: true })
