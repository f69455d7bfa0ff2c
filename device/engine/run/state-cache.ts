/** Numbers by text: in memory up to a size (least recently used go first), perhaps also on disk. */
import { LRUCache } from 'lru-cache'
import type { StateFolder, StateKey } from './state-folder.ts'

export type StateCache = ReturnType<typeof stateCache>

export const stateCache = (maxBytes: number, folder?: StateFolder) => {
  const memory = new LRUCache<string, Float32Array>({
    maxSize: Math.max(1, Math.floor(maxBytes)),
    sizeCalculation: ({ byteLength }) => Math.max(1, byteLength),
  })
  const nameOf = ({ generation, text }: StateKey) => `${generation} ${text}`
  return {
    /** length: the expected count of numbers; an entry of another length is ignored. */
    get(key: StateKey, length: number): Float32Array | undefined {
      const held = memory.get(nameOf(key))
      if (held) return held
      const read = folder?.read(key, length)
      if (read) memory.set(nameOf(key), read)
      return read
    },
    /** isPersistent: on disk too. Waits only while much is still being written. */
    async set(key: StateKey, states: Float32Array, isPersistent = false): Promise<void> {
      memory.set(nameOf(key), states)
      if (isPersistent) await folder?.write(key, states)
    },
    /** Other generations are left behind: the folder drops them. */
    begin: async (generations: readonly string[]): Promise<void> => folder?.begin(generations),
    /** Resolves once everything is written. */
    flush: async (): Promise<void> => folder?.flush(),
  }
}
