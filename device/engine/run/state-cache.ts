/** Numbers by text, kept in memory up to some bytes (the least recently used go first) and perhaps
 *  in a folder behind it. */
import { LRUCache } from 'lru-cache'
import type { StateFolder, StateKey } from './state-folder.ts'

export type StateCache = {
  /** length: the expected count of numbers; an entry of another length is ignored. */
  get(key: StateKey, length: number): Float32Array | undefined
  /** isPersistent: written to the folder too. Waits only while much is still being written. */
  set(key: StateKey, states: Float32Array, isPersistent?: boolean): Promise<void>
  /** Other generations are left behind: the folder drops them. */
  begin(generations: readonly string[]): Promise<void>
  /** Resolves once everything is written. */
  flush(): Promise<void>
}

export const stateCache = (maxBytes: number, folder?: StateFolder): StateCache => {
  const memory = new LRUCache<string, Float32Array>({
    maxSize: Math.max(1, Math.floor(maxBytes)),
    sizeCalculation: ({ byteLength }) => Math.max(1, byteLength),
  })
  const nameOf = ({ generation, text }: StateKey) => `${generation} ${text}`
  return {
    get(key, length) {
      const held = memory.get(nameOf(key))
      if (held) return held
      const read = folder?.read(key, length)
      if (read) memory.set(nameOf(key), read)
      return read
    },
    async set(key, states, isPersistent = false) {
      memory.set(nameOf(key), states)
      if (isPersistent) await folder?.write(key, states)
    },
    begin: async (generations) => folder?.begin(generations),
    flush: async () => folder?.flush(),
  }
}
